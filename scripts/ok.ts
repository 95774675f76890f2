/**
 * The one gate: runs the steps named `ok:…` in package.json, all of them even when one fails, and prints a table of
 * how they ended. With `--full`, as `npm test` runs it, what takes longer too. Names of steps as arguments choose.
 */
import process from 'node:process'
import { parseArgs, stripVTControlCharacters, styleText } from 'node:util'
import { run } from './run.ts'
import { root } from './workspace.ts'

interface Step {
  readonly name: string
  readonly command: readonly [command: string, ...args: string[]]
}

interface Outcome {
  readonly name: string
  readonly passed: boolean
  readonly seconds: number
  /** The last line that the step printed. */
  readonly remark: string
}

const node = process.execPath

const gate: readonly Step[] = [
  { name: 'format', command: ['oxfmt', '--check'] },
  { name: 'lint', command: ['oxlint'] },
  { name: 'layers', command: [node, 'scripts/check-layers.ts'] },
  { name: 'types', command: [node, 'scripts/check-types.ts'] },
  { name: 'tests', command: ['vitest', 'run', '--project', 'suite'] },
  { name: 'doctests', command: [node, 'scripts/doctests.ts'] },
  { name: 'docs', command: [node, 'scripts/docs.ts'] },
  { name: 'knip', command: ['knip', '--no-config-hints'] },
  { name: 'publint', command: [node, 'scripts/check-packages.ts'] },
]

const full: readonly Step[] = [
  { name: 'versions', command: [node, 'scripts/test-versions.ts', '22', '26'] },
  { name: 'packages', command: [node, 'scripts/test-packages.ts'] },
]

const { values, positionals } = parseArgs({ options: { full: { type: 'boolean' } }, allowPositionals: true })
const known = values.full === true ? [...gate, ...full] : gate
const unknown = positionals.filter((name) => !known.some((step) => step.name === name))
if (unknown.length > 0) {
  console.error(`No step is called ${unknown.join(', ')}; there are ${known.map((step) => step.name).join(', ')}.`)
  process.exit(2)
}
const steps = positionals.length === 0 ? known : known.filter((step) => positionals.includes(step.name))

const outcomes: Outcome[] = []
for (const step of steps) outcomes.push(await runStep(step))
printTable(outcomes)
process.exitCode = outcomes.every(({ passed }) => passed) ? 0 : 1

async function runStep({ name, command: [command, ...args] }: Step): Promise<Outcome> {
  console.log(styleText('bold', `\n▸ ${name}`))
  const start = performance.now()
  const { code, output } = await run(command, args, { cwd: root })
  const seconds = (performance.now() - start) / 1000
  return { name, passed: code === 0, seconds, remark: remarkOf(output) }
}

/** What stands in the table: the counts of a test runner, or the last line. */
function remarkOf(output: string): string {
  const lines = stripVTControlCharacters(output)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const counts = lines.findLast((line) => /^Tests +\d/.test(line))
  const remark = counts?.replace(/^Tests +/, 'tests: ') ?? lines.at(-1) ?? ''
  return remark.length > 76 ? `${remark.slice(0, 75)}…` : remark
}

function printTable(rows: readonly Outcome[]): void {
  console.log(styleText('bold', '\nSummary'))
  for (const { name, passed, seconds, remark } of rows) {
    const mark = passed ? styleText('green', '✓') : styleText('red', '✗')
    console.log(`${mark} ${name.padEnd(9)} ${seconds.toFixed(1).padStart(6)} s  ${styleText('dim', remark)}`)
  }
  const failed = rows.filter(({ passed }) => !passed).length
  const total = rows.reduce((sum, { seconds }) => sum + seconds, 0)
  console.log(`\n${rows.length - failed} passed, ${failed} failed (${total.toFixed(0)} s)`)
}

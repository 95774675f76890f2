/** Runs Node's own tests under a command, and holds the results against a native run. `main.ts --help` tells how. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { areaOfTest } from './areas.ts'
import { parseCommand } from './command.ts'
import { compare, groupByMessage, isAsExpected } from './compare.ts'
import { replaceSection } from './document.ts'
import type { KnownFailures } from './known-failures.ts'
import { readKnownFailures } from './known-failures.ts'
import type { ReadOptions, RunOptions, TraitsOptions } from './options.ts'
import { readOptions, usage } from './options.ts'
import { describeSurprises, markdownTable, tsvTable } from './report.ts'
import type { Result, Results } from './results.ts'
import { dataLines, formatResult, readResults } from './results.ts'
import { runSuite } from './run-suite.ts'
import { listTests, readSource } from './suite.ts'
import { formatTraits, isPlain, readTraits, traitsOfSource } from './traits.ts'
import { UsageError } from './usage-error.ts'

/** Runs the command line. @returns the exit code: 0 as expected, 1 not so, 2 called in a way that cannot work,
 * 130 interrupted */
async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  if (args.length === 0 || args.includes('--help')) {
    process.stdout.write(usage)
    return args.length === 0 ? 2 : 0
  }
  try {
    const options = readOptions(args)
    if (options.action === 'traits') return printTraits(options)
    const results = options.action === 'run' ? await run(options, signal) : readFrom(options.results, readResults)
    return signal.aborted ? 130 : report(options, results)
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof SyntaxError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 2
  }
}

async function run(options: RunOptions, signal: AbortSignal): Promise<Results> {
  const suite = path.resolve(options.suite)
  const wanted = selectFiles(options, listTests(suite))
  const earlier =
    options.resume && options.out !== undefined && existsSync(options.out)
      ? readResults(options.out)
      : new Map<string, Result>()
  const files = wanted.filter((file) => !earlier.has(file))
  const { command, jobs, timeoutMs, retries, out } = options
  if (out !== undefined && earlier.size === 0) writeFileSync(out, '')
  let done = 0
  const onResult = (result: Result): void => {
    if (out !== undefined) appendFileSync(out, `${formatResult(result)}\n`)
    if (++done % 100 === 0 || done === files.length) process.stderr.write(`${done} of ${files.length}\n`)
  }
  const parsed = parseCommand(command)
  const results = await runSuite({ suite, command: parsed, files, jobs, timeoutMs, retries, signal, onResult })
  const all = new Map([...earlier, ...results])
  if (out !== undefined)
    writeFileSync(
      out,
      [...all.values()]
        .sort(byFile)
        .map((result) => `${formatResult(result)}\n`)
        .join(''),
    )
  return all
}

/** The files that the options ask for. */
function selectFiles({ only, files, all, baseline, plain }: RunOptions, names: readonly string[]): readonly string[] {
  const native = all || baseline === undefined ? undefined : readFrom(baseline, readResults)
  const listed = files === undefined ? undefined : new Set(readFrom(files, readNames))
  const traits = plain === undefined ? undefined : readFrom(plain, readTraits)
  const isWanted = (name: string): boolean =>
    (only.length === 0 || only.some((word) => areaOfTest(name) === word || name.startsWith(`test-${word}`))) &&
    (listed === undefined || listed.has(name)) &&
    (traits === undefined || isPlain(name, traits)) &&
    (native === undefined || native.get(name)?.outcome === 'pass')
  const selected = names.filter(isWanted)
  if (selected.length === 0) throw new UsageError('No test fits the options')
  return selected
}

function printTraits({ suite }: TraitsOptions): number {
  for (const name of listTests(suite))
    process.stdout.write(`${formatTraits(name, traitsOfSource(readSource(suite, name)))}\n`)
  return 0
}

function report(options: ReadOptions | RunOptions, results: Results): number {
  if (options.baseline === undefined) return reportAlone(results)
  const native = readFrom(options.baseline, readResults)
  const known: KnownFailures = options.known === undefined ? new Map() : readFrom(options.known, readKnownFailures)
  const plain = options.plain === undefined ? undefined : readFrom(options.plain, readTraits)
  const comparison = compare({ results, native, known, plain })
  const table = (options.format === 'tsv' ? tsvTable : markdownTable)(comparison, plain !== undefined)
  if (options.into === undefined) process.stdout.write(`${table}\n`)
  else readFrom(options.into, (file) => replaceSection(file, options.section, table))
  if (options.action === 'table') return 0
  const surprises = describeSurprises(comparison)
  if (surprises !== '') process.stderr.write(`\n${surprises}\n`)
  return isAsExpected(comparison) ? 0 : 1
}

/** Without a native run to compare with, failures are told and nothing is unexpected. */
function reportAlone(results: Results): number {
  const counts = Map.groupBy(results.values(), ({ outcome }) => outcome)
  for (const [outcome, list] of counts) process.stdout.write(`${outcome}\t${list.length}\n`)
  for (const [message, files] of groupByMessage(results.values()))
    process.stderr.write(`${files.length} × ${message}\n`)
  return 0
}

function readNames(file: string): string[] {
  return dataLines(readFileSync(file, 'utf8')).map((line) => line.split('\t')[0]?.trim() ?? '')
}

/** Reads a file that the user has named. */
function readFrom<T>(file: string, read: (file: string) => T): T {
  try {
    return read(file)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
    throw new UsageError(`There is no file '${file}'`, { cause })
  }
}

function byFile(a: Result, b: Result): number {
  return a.file < b.file ? -1 : 1
}

const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort())
process.exitCode = await main(process.argv.slice(2), interruption.signal)

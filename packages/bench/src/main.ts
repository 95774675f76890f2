/**
 * `pnpm bench`: measures libvisor, as it is published, against bare Node in the same run, and prints the medians with
 * the ratio that each must keep to. Arguments choose benchmarks by a part of their name; `--check` fails when a target
 * is missed.
 */
import os from 'node:os'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { builtinsLoadedAtStart } from './builtins.native.ts'
import { requireBuild } from './commands.native.ts'
import { isMet, ratioOf } from './comparison.ts'
import type { Comparison } from './comparison.ts'
import { readConfinedBind, readDefaultProfile, readIdentityMapped } from './read-file.bench.ts'
import { requestsPerSecond } from './requests.bench.ts'
import { memory, startUp } from './start-up.bench.ts'
import { formatTable } from './table.ts'

const benchmarks: Readonly<Record<string, (runs: number) => Promise<Comparison>>> = {
  'start-up': startUp,
  memory,
  'read-identity': readIdentityMapped,
  'read-confined': readConfinedBind,
  'read-default': readDefaultProfile,
  requests: requestsPerSecond,
}

const { values, positionals } = parseArgs({
  options: { runs: { type: 'string', default: '20' }, check: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const runs = Number(values.runs)
const chosen = Object.keys(benchmarks).filter(
  (name) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
)
if (!Number.isInteger(runs) || runs < 1 || chosen.length === 0) {
  console.error(`usage: pnpm bench [--runs 20] [--check] [${Object.keys(benchmarks).join(' | ')}]…`)
  process.exit(2)
}
requireBuild()

const [cpu] = os.cpus()
console.log(
  `Node ${process.versions.node}, ${os.availableParallelism()} × ${cpu?.model.trim() ?? 'unknown'}, medians of ${runs}\n`,
)
const comparisons: Comparison[] = []
for (const name of chosen) {
  const comparison = await benchmarks[name]?.(runs)
  if (comparison === undefined) continue
  comparisons.push(comparison)
  console.error(`${comparison.name}: ${ratioOf(comparison).toFixed(2)}`)
}
console.log(`\n${formatTable(comparisons)}`)
if (chosen.includes('start-up')) {
  console.log(`\nBuilt-ins that libvisor loads at start: ${(await builtinsLoadedAtStart()).join(', ') || 'none'}`)
}
if (values.check && !comparisons.every(isMet)) process.exitCode = 1

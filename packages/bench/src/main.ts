/**
 * `pnpm bench`: measures libvisor, as it is published, against bare Node in the same run, and prints the medians with
 * the ratio that each must keep to. Arguments choose benchmarks by a part of their name; `--check` fails when a target
 * is missed. `--watt` names a directory in which Watt is installed, to be measured beside libvisor.
 */
import os from 'node:os'
import process from 'node:process'
import { parseArgs } from 'node:util'
import { builtinsLoadedAtStart } from './builtins.native.ts'
import { requireBuild } from './commands.native.ts'
import { isMet, ratioOf } from './comparison.ts'
import type { Comparison } from './comparison.ts'
import { density } from './density.bench.ts'
import { fileGrowth } from './file-growth.bench.ts'
import { fileMemory, files } from './files.bench.ts'
import { flatness } from './flatness.bench.ts'
import { readConfinedBind, readDefaultProfile, readIdentityMapped } from './read-file.bench.ts'
import { mixedCrowd } from './mixed-crowd.bench.ts'
import { network } from './network.bench.ts'
import { networkSoak } from './network-soak.bench.ts'
import type { Report, ReportOptions } from './report.ts'
import { requestsPerSecond } from './requests.bench.ts'
import { soak } from './soak.bench.ts'
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

/** Benchmarks with figures of their own. They take minutes, and run only when they are named. */
const reports: Readonly<Record<string, (options: ReportOptions) => Promise<Report>>> = {
  density,
  'file-growth': fileGrowth,
  'file-memory': fileMemory,
  'file-operations': files,
  flatness,
  'mixed-crowd': mixedCrowd,
  network,
  'network-soak': networkSoak,
  soak,
}

const { values, positionals } = parseArgs({
  options: {
    runs: { type: 'string' },
    guests: { type: 'string' },
    watt: { type: 'string', default: process.env['LIBVISOR_BENCH_WATT'] },
    check: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})
const names = [...Object.keys(benchmarks), ...Object.keys(reports)]
/** A whole name stands for itself alone. */
const isNamed = (name: string): boolean =>
  positionals.some((part) => (names.includes(part) ? name === part : name.includes(part)))
const chosen = Object.keys(benchmarks).filter((name) => positionals.length === 0 || isNamed(name))
const chosenReports = Object.keys(reports).filter(isNamed)
const counts = [values.runs, values.guests].map((value) => (value === undefined ? undefined : Number(value)))
const [runs, guests] = counts
const areCounts = counts.every((count) => count === undefined || (Number.isInteger(count) && count >= 1))
if (!areCounts || chosen.length + chosenReports.length === 0) {
  console.error(`usage: pnpm bench [--runs 20] [--guests 100] [--watt directory] [--check] [${names.join(' | ')}]…`)
  process.exit(2)
}
requireBuild()

const [cpu] = os.cpus()
console.log(
  `Node ${process.versions.node}, ${os.availableParallelism()} × ${cpu?.model.trim() ?? 'unknown'}, medians\n`,
)
const comparisons: Comparison[] = []
for (const name of chosen) {
  const comparison = await benchmarks[name]?.(runs ?? 20)
  if (comparison === undefined) continue
  comparisons.push(comparison)
  console.error(`${comparison.name}: ${ratioOf(comparison).toFixed(2)}`)
}
if (comparisons.length > 0) console.log(`\n${formatTable(comparisons)}`)
if (chosen.includes('start-up')) {
  console.log(`\nBuilt-ins that libvisor loads at start: ${(await builtinsLoadedAtStart()).join(', ') || 'none'}`)
}
let areMet = comparisons.every(isMet)
for (const name of chosenReports) {
  const report = await reports[name]!({ runs, guests, watt: values.watt })
  console.log(`\n${report.text}`)
  areMet &&= report.isMet
}
if (values.check && !areMet) process.exitCode = 1

import { median } from '../comparison.ts'
import { formatColumns, quantity } from '../table.ts'
import { kindNames } from './crowd.ts'
import type { Kind } from './crowd.ts'

/** What was measured of one kind. */
export interface DensityFigures {
  /** Of a further guest, in each run. */
  readonly memoryMb: readonly number[]
  /** Of a further guest, until its first answer, in each run. */
  readonly startMs: readonly number[]
  /** Requests that one guest answers, in each turn of each run. */
  readonly perSecond: readonly number[]
}

/** The figures of all kinds that were measured in one run. */
export type DensityResults = ReadonlyMap<Kind, DensityFigures>

interface Row {
  readonly name: string
  readonly figure: keyof DensityFigures
  readonly unit: string
  /** How much better a context is than a process: of costs, how many times less; of rates, how many times as much. */
  readonly gain: (context: number, process: number) => number
  readonly leastGain: number
  /** What a context may cost at most. */
  readonly most?: number
}

const timesLess = (context: number, process: number): number => process / context
const timesAsMuch = (context: number, process: number): number => context / process

const rows: readonly Row[] = [
  { name: 'memory of a further guest', figure: 'memoryMb', unit: 'MB', gain: timesLess, leastGain: 7, most: 3 },
  { name: 'start of a further guest', figure: 'startMs', unit: 'ms', gain: timesLess, leastGain: 5 },
  { name: 'requests to one guest', figure: 'perSecond', unit: '/s', gain: timesAsMuch, leastGain: 0.9 },
]

/** Whether contexts keep to all their targets. */
export function isDense(results: DensityResults): boolean {
  return rows.every((row) => isMet(row, results))
}

/** One line for each figure, one column for each kind; at the end what contexts gain, and what they must. */
export function formatDensity(results: DensityResults): string {
  const heading = ['express app', ...[...results.keys()].map((kind) => kindNames[kind]), 'gain', 'target', '']
  const lines = rows.map((row) => [
    row.name,
    ...[...results.values()].map((figures) => cell(figures[row.figure], row.unit)),
    `${gainOf(row, results).toFixed(2)} ×`,
    `≥ ${row.leastGain.toFixed(2)} ×${row.most === undefined ? '' : `, ≤ ${quantity(row.most, row.unit)}`}`,
    isMet(row, results) ? '✓' : '✗',
  ])
  return formatColumns(heading, lines)
}

function cell(values: readonly number[], unit: string): string {
  return values.length === 0 ? '–' : quantity(median(values), unit)
}

function isMet(row: Row, results: DensityResults): boolean {
  const most = row.most ?? Number.POSITIVE_INFINITY
  return gainOf(row, results) >= row.leastGain && median(results.get('context')?.[row.figure] ?? []) <= most
}

/** The median of the gains of each run, or turn: the two of one are measured in the same moments. */
function gainOf({ figure, gain }: Row, results: DensityResults): number {
  const processes = results.get('process')?.[figure] ?? []
  const contexts = results.get('context')?.[figure] ?? []
  return median(contexts.map((context, index) => gain(context, processes[index]!)))
}

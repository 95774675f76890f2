import { areaOfTest, plainAreaOfTest } from './areas.ts'
import type { KnownFailures } from './known-failures.ts'
import type { Result, Results } from './results.ts'
import { isPlain } from './traits.ts'
import type { Traits } from './traits.ts'

/** What is compared. */
export interface CompareOptions {
  /** The run under a command. */
  readonly results: Results
  /** The native run of the same suite. Only files that pass natively count. */
  readonly native: Results
  readonly known: KnownFailures
  /** Counts plain files only, and those that start children apart. */
  readonly plain?: Traits | undefined
}

/** The tests of one area. */
export interface AreaCount {
  readonly area: string
  /** Files that pass natively and were run. */
  readonly native: number
  /** Of these, files that count no further, because they start children. */
  readonly apart: number
  readonly passed: number
  readonly known: number
  readonly unexpected: number
}

/** A run, held against a native one. */
export interface Comparison {
  /** By area, the largest first. */
  readonly areas: readonly AreaCount[]
  readonly total: AreaCount
  /** Files that pass natively, not under the command, and are not known to. */
  readonly newFailures: readonly Result[]
  /** Files that are known to fail, and pass. */
  readonly newPasses: readonly Result[]
  /** Known failures of which nobody knows the file: they do not pass natively, or are not in the suite. */
  readonly strayKnown: readonly string[]
}

/** A result, and what is thought of it. */
interface Judged {
  readonly result: Result
  readonly area: string
  readonly verdict: Verdict
  readonly isApart: boolean
}

type Verdict = 'known' | 'new failure' | 'new pass' | 'passed'

/** Holds a run against a native one: what passes natively must pass, unless it is known to fail. */
export function compare({ results, native, known, plain }: CompareOptions): Comparison {
  const counted = [...results.values()].filter(
    ({ file }) => native.get(file)?.outcome === 'pass' && (plain === undefined || isPlain(file, plain)),
  )
  const judged = counted.map((result): Judged => {
    const { file } = result
    const area = (plain === undefined ? undefined : plainAreaOfTest(file)) ?? areaOfTest(file)
    return { result, area, verdict: judge(result, known), isApart: plain?.get(file)?.has('children') === true }
  })
  const withVerdict = (wanted: Verdict): Result[] =>
    judged.filter(({ verdict }) => verdict === wanted).map(({ result }) => result)
  const byArea = Map.groupBy(judged, ({ area }) => area)
  return {
    areas: [...byArea].map(([area, list]) => count(area, list)).sort((a, b) => b.native - a.native),
    total: count('all', judged),
    newFailures: withVerdict('new failure'),
    newPasses: withVerdict('new pass'),
    strayKnown: [...known.keys()].filter((file) => native.get(file)?.outcome !== 'pass'),
  }
}

function count(area: string, list: readonly Judged[]): AreaCount {
  const counted = list.filter(({ isApart }) => !isApart).map(({ verdict }) => verdict)
  return {
    area,
    native: list.length,
    apart: list.length - counted.length,
    passed: counted.filter((verdict) => verdict === 'passed' || verdict === 'new pass').length,
    known: counted.filter((verdict) => verdict === 'known').length,
    unexpected: counted.filter((verdict) => verdict === 'new failure' || verdict === 'new pass').length,
  }
}

function judge({ file, outcome }: Result, known: KnownFailures): Verdict {
  const failure = known.get(file)
  if (outcome === 'pass') return failure === undefined || failure.kind === 'timing' ? 'passed' : 'new pass'
  return failure === undefined ? 'new failure' : 'known'
}

/** Whether a run was as expected. */
export function isAsExpected({ newFailures, newPasses, strayKnown }: Comparison): boolean {
  return newFailures.length + newPasses.length + strayKnown.length === 0
}

/** Failures that say the same, the most frequent first. */
export function groupByMessage(results: Iterable<Result>): [message: string, files: string[]][] {
  const failed = [...results].filter(({ outcome }) => outcome !== 'pass' && outcome !== 'internal')
  const groups = Map.groupBy(failed, ({ outcome, message }) => (outcome === 'fail' ? normalize(message) : outcome))
  return [...groups]
    .map(([message, list]): [string, string[]] => [message, list.map(({ file }) => file)])
    .sort((a, b) => b[1].length - a[1].length)
}

/** A message without what differs from file to file. */
function normalize(message: string): string {
  return message
    .replaceAll(/(?:file:\/\/)?(?:\/[\w.@+-]+){2,}/g, '…')
    .replaceAll(/0x[\da-f]+|\d+/g, 'N')
    .slice(0, 120)
}

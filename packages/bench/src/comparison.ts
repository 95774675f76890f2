/** The ratio that libvisor must keep to: of times at most, of rates at least. */
export interface Target {
  readonly bound: 'at most' | 'at least'
  readonly ratio: number
}

/** One thing measured with bare Node and with libvisor, as often. */
export interface Comparison {
  readonly name: string
  readonly unit: string
  readonly bare: readonly number[]
  readonly guest: readonly number[]
  /** None where the figure is for information only. */
  readonly target?: Target
}

/** A way to measure once. */
export type Measure = () => number | Promise<number>

/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const [low, high] = [sorted[middle - 1] ?? Number.NaN, sorted[middle] ?? Number.NaN]
  return sorted.length % 2 === 1 ? high : (low + high) / 2
}

/**
 * The guest over bare Node: the median of the runs' own ratios. The two of one run are measured in the same moments, so
 * that what a machine shared with others takes away is taken from both.
 */
export function ratioOf({ bare, guest }: Comparison): number {
  return median(guest.map((value, index) => value / bare[index]!))
}

/** Whether a comparison keeps to its target; without one it does. */
export function isMet(comparison: Comparison): boolean {
  const { target } = comparison
  if (target === undefined) return true
  const ratio = ratioOf(comparison)
  return target.bound === 'at most' ? ratio <= target.ratio : ratio >= target.ratio
}

/**
 * Measures both in turn, and in turn which comes first, so that a machine that becomes slower, or faster, does so for
 * both. What the first run of each has to read from the disk does not count.
 */
export async function measurePairs(
  runs: number,
  bare: Measure,
  guest: Measure,
): Promise<Pick<Comparison, 'bare' | 'guest'>> {
  const results = { bare: [] as number[], guest: [] as number[] }
  await bare()
  await guest()
  for (let index = 0; index < runs; index++) {
    const isEven = index % 2 === 0
    if (isEven) results.bare.push(await bare())
    results.guest.push(await guest())
    if (!isEven) results.bare.push(await bare())
  }
  return results
}

/** A program that is running and can be measured again and again. */
export interface Running extends AsyncDisposable {
  measure(): Promise<number>
}

/** How many times the two programs of one run take turns. */
const turns = 10

/**
 * Starts both programs anew for each run, since how one process lies in memory makes it faster or slower than the next
 * one, and lets them take short turns.
 */
export async function measureTogether(
  runs: number,
  startBare: () => Promise<Running>,
  startGuest: () => Promise<Running>,
): Promise<Pick<Comparison, 'bare' | 'guest'>> {
  const results = { bare: [] as number[], guest: [] as number[] }
  for (let run = 0; run < runs; run++) {
    await using bare = await startBare()
    await using guest = await startGuest()
    const taken = await measurePairs(
      turns,
      () => bare.measure(),
      () => guest.measure(),
    )
    results.bare.push(median(taken.bare))
    results.guest.push(median(taken.guest))
  }
  return results
}

import { host, original } from '@libvisor/abi'
import { enterNobody } from '@libvisor/core'

/** Above this share of the time a thread has something better to do. */
const BUSY_UTILIZATION = 0.5

/**
 * Above this share a collection of the whole heap costs more than it gives: with the shapes that no object has at that moment goes the code that
 * was compiled for them, and a server answers a third of the requests for the second after it.
 */
export const WORKING_UTILIZATION = 0.03

/** When a thread counts as quiet. */
export interface QuietOptions {
  /** For how long it must have had little to do. @units milliseconds */
  readonly forMs: number
  /** The share of that time above which it had too much to do. @defaultValue half of it */
  readonly busyAt?: number
  /** After so many such times in which it had too much to do, it is not looked at any more. @defaultValue as many as it takes */
  readonly mostLooks?: number
}

/**
 * Puts something off until the thread has time for it.
 *
 * @param act - what is put off
 * @param options - when the thread counts as quiet
 * @returns asks for it: the wait begins anew. Whoever asks is not held by it
 */
export function whenQuiet(
  act: () => void,
  { forMs, busyAt = BUSY_UTILIZATION, mostLooks = Infinity }: QuietOptions,
): () => void {
  const { performance } = original('perf_hooks')
  let since = performance.eventLoopUtilization()
  let looks = 0
  let timer: NodeJS.Timeout | undefined

  const lookLater = (): void => {
    since = performance.eventLoopUtilization()
    timer ??= host.setTimeout(look, forMs).unref()
    timer.refresh()
  }

  const look = (): void => {
    if (performance.eventLoopUtilization(since).utilization <= busyAt) act()
    else if (++looks < mostLooks) lookLater()
  }

  return () => {
    looks = 0
    enterNobody(lookLater)
  }
}

import { host, original } from '@libvisor/abi'
import { enterNobody } from '@libvisor/core'

/** Above this share of the time a thread has something better to do. */
const BUSY_UTILIZATION = 0.5

/** When a thread counts as quiet. */
export interface QuietOptions {
  /** For how long it must have had little to do. @units milliseconds */
  readonly forMs: number
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
export function whenQuiet(act: () => void, { forMs, mostLooks = Infinity }: QuietOptions): () => void {
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
    if (performance.eventLoopUtilization(since).utilization <= BUSY_UTILIZATION) act()
    else if (++looks < mostLooks) lookLater()
  }

  return () => {
    looks = 0
    enterNobody(lookLater)
  }
}

/** A guest that loses its thread more often is not started again: it may be what ends them. */
const MOST = 3
/** @units milliseconds */
const WINDOW_MS = 600_000

/**
 * Makes what decides whether a guest may be started once more: whose fault the end of a thread is, is a guess where
 * memory has run out, and a guest that is held innocent wrongly would end one thread after another.
 *
 * @returns takes the monotonic time in milliseconds, and counts the start when it allows it
 */
export function createRestartBudget(): (now: number) => boolean {
  let starts: readonly number[] = []
  return (now) => {
    starts = starts.filter((at) => now - at < WINDOW_MS)
    if (starts.length >= MOST) return false
    starts = [...starts, now]
    return true
  }
}

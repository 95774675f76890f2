import { whenQuiet, WORKING_UTILIZATION } from './when-quiet.ts'

/** So many ended guests are worth a collection, and at least half as many as live on: what it costs, it costs for those. */
const ENOUGH = 16
const ENOUGH_OF_LIVING = 1 / 2
/** In a thread that has time, fewer are worth it, but for at least an eighth of those who live on. */
const ENOUGH_OF_LIVING_WHEN_QUIET = 1 / 8
/** A thread is quiet when no guest has ended for so long, and it had little to do in that time. @units milliseconds */
const QUIET_MS = 1000
/** V8 looks for garbage when buffers have grown by 64 MB since it last did. @units bytes */
const ENOUGH_FOR_V8 = 72 * 1024 * 1024

/**
 * Collects what guests leave behind in this thread. V8 would let some 150 of them gather before it looks: it goes by how fast the heap
 * grows, and an ended guest of two megabytes is a small part of what it lets a heap grow to.
 *
 * @param living - tells how many guests the thread has
 * @returns is called when a guest has ended and has been disposed of
 */
export function createCollector(living: () => number): () => void {
  /** How many have ended since garbage was collected, and since it was collected in a quiet moment. */
  let ended = 0
  let endedSinceQuiet = 0
  const collectWhenQuiet = whenQuiet(
    () => {
      if (endedSinceQuiet === 0 || endedSinceQuiet < living() * ENOUGH_OF_LIVING_WHEN_QUIET) return
      endedSinceQuiet = 0
      askForCollection()
    },
    { forMs: QUIET_MS, busyAt: WORKING_UTILIZATION },
  )

  return () => {
    ended++
    endedSinceQuiet++
    collectWhenQuiet()
    if (ended < Math.max(ENOUGH, living() * ENOUGH_OF_LIVING)) return
    ended = 0
    askForCollection()
  }
}

/**
 * Has V8 look for garbage as it does by itself: in steps, and beside what runs. A large buffer that nobody writes to makes it, and
 * takes no memory. Its own functions for that are not to be had: two processes of tests died in V8 (SIGSEGV, and a failed check of its
 * registry of code) with the one behind `--expose-gc`, and with `vm.measureMemory` a thread and V8's helpers have looked for ever for
 * work that is on none of their lists.
 *
 * @source observed with `--trace-gc` on Node 22.23, 24.21 and 26.10
 */
export function askForCollection(): void {
  try {
    void new ArrayBuffer(ENOUGH_FOR_V8)
  } catch {
    // Where there is not even so much address space, V8 has just looked for garbage.
  }
}

import { host, original } from '@libvisor/abi'
import { captureContext } from '@libvisor/core'

/** So many ended guests are worth a collection, and at least half as many as live on: what it costs, it costs for those. */
const ENOUGH = 16
const ENOUGH_OF_LIVING = 1 / 2
/** In a thread that has time, fewer are worth it, but for at least an eighth of those who live on. */
const ENOUGH_OF_LIVING_WHEN_QUIET = 1 / 8
/** A thread is quiet when no guest has ended for so long, and it had little to do in that time. @units milliseconds */
const QUIET_MS = 1000
const QUIET_UTILIZATION = 0.5
/** More guests than that are not to be held up while all that they hold is looked through: two to four milliseconds for each. */
const FEW_LIVING = 32

/**
 * Collects what guests leave behind in this thread. V8 would let some 150 of them gather before it looks: it goes by how fast the heap
 * grows, and an ended guest of two megabytes is a small part of what it lets a heap grow to.
 *
 * @param living - tells how many guests the thread has
 * @returns is called when a guest has ended and has been disposed of
 */
export function createCollector(living: () => number): () => void {
  // What is scheduled here must not keep the guest whose end was the reason.
  const enterNobody = captureContext()
  const { performance } = original('perf_hooks')
  /** How many have ended since garbage was collected, and since it was collected in a quiet moment. */
  let ended = 0
  let endedSinceQuiet = 0
  let collecting = false
  let quiet: NodeJS.Timeout | undefined
  let busySince = performance.eventLoopUtilization()

  const collect = async (): Promise<void> => {
    if (collecting) return
    collecting = true
    ended = 0
    await measure(living() > FEW_LIVING ? 'default' : 'eager')
    collecting = false
  }

  const awaitQuiet = (): void => {
    busySince = performance.eventLoopUtilization()
    quiet ??= host.setTimeout(lookWhetherQuiet, QUIET_MS).unref()
    quiet.refresh()
  }

  const lookWhetherQuiet = (): void => {
    if (endedSinceQuiet === 0 || endedSinceQuiet < living() * ENOUGH_OF_LIVING_WHEN_QUIET) return
    const { utilization } = performance.eventLoopUtilization(busySince)
    if (collecting || utilization > QUIET_UTILIZATION) awaitQuiet()
    else {
      endedSinceQuiet = 0
      void collect()
    }
  }

  return () =>
    enterNobody(() => {
      ended++
      endedSinceQuiet++
      awaitQuiet()
      if (ended >= Math.max(ENOUGH, living() * ENOUGH_OF_LIVING)) void collect()
    })
}

/**
 * Has V8 collect garbage, by measuring the memory. V8 has a function for just that, behind a flag; while it was used here, two processes of
 * tests died in V8 (SIGSEGV, and a failed check of its registry of code), and none before. The cause is not known.
 *
 * @source observed with `--trace-gc` on Node 22.23, 24.21 and 26.10: `default` begins some ten seconds later and goes in steps
 */
async function measure(execution: 'default' | 'eager'): Promise<void> {
  await original('vm').measureMemory({ mode: 'summary', execution })
}

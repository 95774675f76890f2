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

/** How the heap is gone over: `thorough` until nothing more is found, and then pages are given back. */
type Manner = 'quick' | 'thorough'

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
  const collectAtOnce = collectorAtOnce()
  /** How many have ended since garbage was collected, and since it was collected in a quiet moment. */
  let ended = 0
  let endedSinceQuiet = 0
  let collecting = false
  let quiet: NodeJS.Timeout | undefined
  let busySince = performance.eventLoopUtilization()

  const collect = async (manner: Manner): Promise<void> => {
    if (collecting) return
    collecting = true
    ended = 0
    if (manner === 'thorough') endedSinceQuiet = 0
    await (living() > FEW_LIVING ? collectInSteps() : collectAtOnce(manner))
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
    else void collect('thorough')
  }

  return () =>
    enterNobody(() => {
      ended++
      endedSinceQuiet++
      awaitQuiet()
      if (ended >= Math.max(ENOUGH, living() * ENOUGH_OF_LIVING)) void collect('quick')
    })
}

/**
 * Has V8 collect garbage while the guests run, in short steps: it does so to measure the memory, some ten seconds after it has been asked to.
 *
 * @source observed with `--trace-gc` on Node 22.23, 24.21 and 26.10
 */
async function collectInSteps(): Promise<void> {
  await original('vm').measureMemory({ mode: 'summary', execution: 'default' })
}

/**
 * V8's own collector, which it gives to contexts that are made while a flag is set: to one that nobody else sees. A context of a guest in
 * another thread may be made in the same moment; realms take it out again.
 */
function collectorAtOnce(): (manner: Manner) => Promise<void> {
  const { setFlagsFromString } = original('v8')
  const isExposed = 'gc' in globalThis
  setFlagsFromString('--expose-gc')
  try {
    const gc = original('vm').runInNewContext('gc', undefined, { contextName: 'collector' }) as NodeJS.GCFunction
    const flavors = { quick: 'regular', thorough: 'last-resort' } as const
    return async (manner) => gc({ type: 'major', execution: 'async', flavor: flavors[manner] })
  } finally {
    if (!isExposed) setFlagsFromString('--no-expose-gc')
  }
}

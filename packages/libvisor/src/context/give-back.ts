import { original } from '@libvisor/abi'
import { collectYoung } from '@libvisor/core'
import { askForCollection } from './collector.ts'
import { whenQuiet, WORKING_UTILIZATION } from './when-quiet.ts'

/** How often a thread is looked at, and how long it must have had little to do: V8 goes by what was allocated in the last five seconds. @units milliseconds */
const LOOK_MS = 6000
/** What a heap must have grown by for it to be worth a collection, and at least by this part of it. @units bytes */
const ENOUGH = 8 * 1024 * 1024
const ENOUGH_OF_ALL = 1 / 8
/** So many collections in a row that give nothing back are the last: one may only show V8 that little is allocated any more. */
const FRUITLESS = 2
/** Less than this is nothing. @units bytes */
const NOTHING = 1024 * 1024

/**
 * Has V8 give back, when the thread has time, what its heap was given for a burst of work. By itself it does so with a collection that comes
 * minutes later or, in a thread that stays quiet, never: a young generation that has grown to 32 MB keeps them, whatever is in it.
 *
 * @source observed with `--trace-gc-nvp` on Node 24.21
 */
export function giveBackWhenQuiet(): void {
  const { getHeapStatistics } = original('v8')
  const sizeNow = (): number => getHeapStatistics().total_physical_size
  /** What the heap takes when nothing more is to be had from it. */
  let settled = sizeNow()
  /** What it took when a collection was last asked for, and how many in a row have given nothing back. None, while nothing is to be had. */
  let asked: { readonly size: number; readonly fruitless: number } | undefined

  const lookWhenQuiet = whenQuiet(
    () => {
      const size = sizeNow()
      const hasGrown = size > settled + Math.max(ENOUGH, settled * ENOUGH_OF_ALL)
      const fruitless = asked === undefined || size < asked.size - NOTHING ? 0 : asked.fruitless + 1
      if (asked === undefined ? hasGrown : fruitless < FRUITLESS) {
        asked = { size, fruitless }
        askForCollection()
      } else {
        // The last one asked for is begun, and a thread that does nothing never finishes it. With it V8 lets go of the pages that the others have emptied.
        if (asked !== undefined) collectYoung()
        settled = asked === undefined ? Math.min(settled, size) : size
        asked = undefined
      }
      lookWhenQuiet()
    },
    { forMs: LOOK_MS, busyAt: WORKING_UTILIZATION },
  )
  lookWhenQuiet()
}

import { original } from '@libvisor/abi'
import { askForCollection } from './collector.ts'
import { whenQuiet } from './when-quiet.ts'

/** How often a thread is looked at, and how long it must have had little to do: V8 goes by what was allocated in the last five seconds. @units milliseconds */
const LOOK_MS = 6000
/** What a heap must have grown by for it to be worth a collection, and at least by this part of it. @units bytes */
const ENOUGH = 8 * 1024 * 1024
const ENOUGH_OF_ALL = 1 / 8
/** The first shows V8 that little is allocated any more, the second makes it draw the conclusions. */
const COLLECTIONS = 2

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
  /** How many collections have been asked for since it has grown. */
  let asked = 0
  const hasGrown = (): boolean => sizeNow() > settled + Math.max(ENOUGH, settled * ENOUGH_OF_ALL)

  const lookWhenQuiet = whenQuiet(
    () => {
      if (asked === 0 ? hasGrown() : asked < COLLECTIONS) {
        asked++
        askForCollection()
      } else {
        settled = asked === 0 ? Math.min(settled, sizeNow()) : sizeNow()
        asked = 0
      }
      lookWhenQuiet()
    },
    { forMs: LOOK_MS },
  )
  lookWhenQuiet()
}

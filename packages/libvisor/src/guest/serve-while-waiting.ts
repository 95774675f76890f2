import type { Realm } from '@libvisor/core'
import type { FileSystem } from '@libvisor/fs'

/** How long the thread waits before it looks after its workers again. @units milliseconds */
const SLICE_MS = 0.25

/**
 * Lets a thread that waits for its workers in `Atomics.wait` go on serving their files: a worker that reads a file before it
 * wakes its parent would otherwise wait for the parent for ever.
 *
 * @param realm - the realm of the waiting thread
 * @param files - the files that its workers use
 */
export function serveWhileWaiting(realm: Realm, files: FileSystem): void {
  const { Atomics } = realm.global
  if (realm.patches.has(Atomics, 'wait')) return
  const { wait } = Atomics
  const { now } = performance

  function servingWait(
    array: Int32Array | BigInt64Array,
    index: number,
    value: bigint | number,
    timeout: number = Infinity,
  ): ReturnType<typeof wait> {
    const waitFor = wait as (array: unknown, index: number, value: unknown, timeout: number) => ReturnType<typeof wait>
    // What is not valid, and what is over at once, is the original's to say.
    if (Number.isNaN(+timeout) || timeout > SLICE_MS) {
      const end = Number.isNaN(+timeout) ? Infinity : now.call(performance) + timeout
      let hasWaited = false
      for (let left = Infinity; left > 0; left = end - now.call(performance)) {
        const ending = waitFor(array, index, value, Math.min(SLICE_MS, left))
        // Woken between two slices: the value is another one by then.
        if (ending === 'not-equal' && hasWaited) return 'ok'
        if (ending !== 'timed-out') return ending
        files.pump()
        hasWaited = true
      }
      return 'timed-out'
    }
    return waitFor(array, index, value, timeout)
  }
  Object.defineProperty(servingWait, 'name', { value: 'wait', configurable: true })
  Object.defineProperty(servingWait, 'length', { value: 4, configurable: true })
  realm.patches.patch(Atomics, 'wait', { value: servingWait })
}

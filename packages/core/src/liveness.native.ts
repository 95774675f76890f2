import { host } from '@libvisor/abi'

/** The longest delay a timer of Node's takes. @units milliseconds */
const LONGEST_MS = 2 ** 31 - 1

let references = 0
let timer: ReturnType<typeof setInterval> | undefined

/**
 * Keeps the event loop alive for something that has no handle of the host's: a listening virtual server, an idle
 * virtual connection, a watcher over files in memory. Disposing of it lets the loop end; doing so again does nothing.
 *
 * @returns the reference
 * @example
 * ```ts
 * import { keepAlive } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 * import process from 'node:process'
 *
 * const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
 * const before = timers()
 * {
 *   using first = keepAlive()
 *   using second = keepAlive()
 *   assert.equal(timers(), before + 1)
 * }
 * assert.equal(timers(), before)
 * ```
 */
export function keepAlive(): Disposable {
  let held = true
  if (++references === 1) timer = host.setInterval(() => {}, LONGEST_MS)
  return {
    [Symbol.dispose]() {
      if (!held) return
      held = false
      if (--references === 0) host.clearInterval(timer)
    },
  }
}

import { apply, host } from '@libvisor/abi'
import { currentFrame, enterNobody } from './async-context.native.ts'
import type { Namespace } from './namespace.ts'

/** The longest delay a timer of Node's takes. @units milliseconds */
const LONGEST_MS = 2 ** 31 - 1

let references = 0
let timer: ReturnType<typeof setInterval> | undefined

/**
 * Keeps the event loop alive for something that has no handle of the host's: a listening virtual server, an idle
 * virtual connection, a watcher over files in memory. Disposing of it lets the loop end; doing so again does nothing.
 *
 * @param ns - for whom. @defaultValue the namespace of the running code
 * @param kind - what statistics count it as. @defaultValue `handle`
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
export function keepAlive(
  ns: Namespace | undefined = currentFrame()?.ns,
  kind: 'handle' | 'socket' = 'handle',
): Disposable {
  return new Reference(ns, kind)
}

/** There are as many as open sockets: what they do is the class's. */
class Reference implements Disposable {
  readonly #ns: Namespace | undefined
  readonly #kind: 'handle' | 'socket'
  #held = true

  constructor(ns: Namespace | undefined, kind: 'handle' | 'socket') {
    this.#ns = ns
    this.#kind = kind
    ns?.liveness.retain(kind)
    // A timer keeps its async context, and with it whoever that belongs to.
    if (++references === 1) timer = enterNobody(host.setInterval, () => {}, LONGEST_MS) as unknown as NodeJS.Timeout
  }

  [Symbol.dispose](): void {
    if (!this.#held) return
    this.#held = false
    this.#ns?.liveness.release(this.#kind)
    if (--references === 0) host.clearInterval(timer)
  }
}

/**
 * Whether {@link keepAlive} has been called for something that is still there, for whichever guest of this thread.
 *
 * @returns `false` where the event loop may end as far as libvisor knows
 * @example
 * ```ts
 * import { isKeptAlive, keepAlive } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * assert.equal(isKeptAlive(), false)
 * using server = keepAlive()
 * assert.equal(isKeptAlive(), true)
 * ```
 */
export function isKeptAlive(): boolean {
  return references > 0
}

/**
 * Lets a callback that an original will call once keep its guest alive until then: for what Node works on without a
 * request that {@link livenessOf} could see, such as compression and key derivation.
 *
 * @param callback - a function of the guest; anything else is returned as it is
 * @returns a function that calls it, with its receiver
 * @example
 * ```ts
 * import { createNamespace, holdUntilCalled, livenessOf } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * using ns = createNamespace({ name: 'a' })
 * const callback = ns.run(() => holdUntilCalled((error: unknown) => error))
 * assert.equal(livenessOf(ns).counts().references, 1)
 * callback(null)
 * assert.equal(livenessOf(ns).counts().references, 0)
 * ```
 */
export function holdUntilCalled<T>(callback: T): T {
  const ns = currentFrame()?.ns
  if (ns === undefined || typeof callback !== 'function') return callback
  const release = ns.liveness.hold()
  return function (this: unknown, ...args: unknown[]) {
    release()
    return apply(callback, this, args) as unknown
  } as T
}

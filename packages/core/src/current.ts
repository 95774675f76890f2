import { currentFrame, inSyncNativeSection } from './async-context.native.ts'
import type { Frame } from './async-context.native.ts'
import type { CurrentNamespace } from './interceptor.ts'
import type { Namespace } from './namespace.ts'

/** The namespace to which all of this thread's realm belongs. */
let realmOwner: Namespace | undefined

/**
 * Gives all of this thread's realm to one namespace: code that runs in no frame is the namespace's. Its callbacks are then delivered
 * without a frame of their own, since everything that runs in one, each promise and tick, is slower.
 *
 * @param ns - the namespace
 * @example
 * ```ts
 * import { claimRealm, createNamespace, currentFrame, deliver, ownerHere } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const ns = createNamespace({ name: 'a' })
 * claimRealm(ns)
 * const frame = await new Promise((resolve) => deliver(ownerHere(ns), 'io', () => resolve(currentFrame())))
 * assert.equal(frame, undefined)
 * ```
 */
export function claimRealm(ns: Namespace): void {
  realmOwner = ns
}

/**
 * Whether the running code is a namespace's: it has entered it, or all of the realm belongs to it.
 *
 * @param ns - the namespace
 * @returns whether the code's async context needs no entering
 */
export function isHere(ns: Namespace): boolean {
  const frame = currentFrame()
  return (frame?.ns ?? realmOwner) === ns
}

const owners = new WeakMap<object, Namespace>()

/**
 * Records in which namespace an object with a life of its own (a socket, a server, an agent, a worker, a timer) was made.
 *
 * @param object - the object
 * @param ns - its namespace
 * @example
 * ```ts
 * import { createCurrent, createNamespace, setOwner } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const maker = createNamespace({ name: 'maker' })
 * const caller = createNamespace({ name: 'caller' })
 * const current = createCurrent()
 * const socket = {}
 * setOwner(socket, maker)
 * assert.equal(caller.run(current, socket), maker)
 * assert.equal(caller.run(current), caller)
 * ```
 */
export function setOwner(object: object, ns: Namespace): void {
  owners.set(object, ns)
}

/**
 * The namespace in which an object was made.
 *
 * @param object - any value
 * @returns what {@link setOwner} recorded, or `undefined`
 * @example
 * ```ts
 * import { createNamespace, ownerOf, setOwner } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const ns = createNamespace({ name: 'a' })
 * const server = {}
 * assert.equal(ownerOf(server), undefined)
 * setOwner(server, ns)
 * assert.equal(ownerOf(server), ns)
 * ```
 */
export function ownerOf(object: unknown): Namespace | undefined {
  return (typeof object === 'object' && object !== null) || typeof object === 'function'
    ? owners.get(object)
    : undefined
}

/**
 * Makes the answer to "who is asking?" for a realm.
 *
 * @param constant - the namespace to which the whole realm belongs; without one, code outside any namespace is the host's
 * @returns the function that hooks ask
 * @example
 * ```ts
 * import { createCurrent, createNamespace } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const ns = createNamespace({ name: 'a' })
 * const current = createCurrent()
 * assert.equal(current(), undefined)
 * assert.equal(ns.run(() => current()), ns)
 * ```
 */
export function createCurrent(constant?: Namespace): CurrentNamespace {
  const answer = (frame: Frame | undefined, receiver: unknown): Namespace | undefined => {
    if (frame?.native === true) return undefined
    return ownerOf(receiver) ?? frame?.ns ?? constant
  }
  // Asked at every call of whatever is patched: the frame is looked up once, and what is asked mostly is small enough to be inlined.
  return (receiver) => {
    if (inSyncNativeSection()) return undefined
    const frame = currentFrame()
    return frame === undefined && receiver === undefined ? constant : answer(frame, receiver)
  }
}

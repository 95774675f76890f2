import { currentFrame, inNativeSection } from './async-context.native.ts'
import type { CurrentNamespace } from './interceptor.ts'
import type { Namespace } from './namespace.ts'

const owners = new WeakMap<object, Namespace>()

/**
 * Records in which namespace an object with a life of its own (a socket, a server, an agent, a worker, a timer) was made.
 *
 * @param object - the object
 * @param ns - its namespace
 */
export function setOwner(object: object, ns: Namespace): void {
  owners.set(object, ns)
}

/**
 * The namespace in which an object was made.
 *
 * @param object - any value
 * @returns what {@link setOwner} recorded, or `undefined`
 */
export function ownerOf(object: unknown): Namespace | undefined {
  return typeof object === 'object' && object !== null ? owners.get(object) : undefined
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
  return (receiver) => {
    if (inNativeSection()) return undefined
    if (receiver !== undefined) {
      const owner = ownerOf(receiver)
      if (owner !== undefined) return owner
    }
    return currentFrame()?.ns ?? constant
  }
}

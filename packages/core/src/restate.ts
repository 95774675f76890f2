import { apply, ownKeys } from '@libvisor/abi'
import type { Namespace } from './namespace.ts'

const { isArray } = Array
const { slice } = Array.prototype
const { getPrototypeOf, setPrototypeOf } = Object

/**
 * Makes an error that an original has thrown for a wrong argument one of the guest's realm.
 *
 * @param ns - the guest's namespace
 * @param error - what was thrown; anything but an error of Node's own is returned as it is
 * @returns the same error, of the guest's realm
 * @example
 * ```ts
 * import { createNamespace, restateError } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const ns = createNamespace({ name: 'a' })
 * try {
 *   setTimeout('no function' as never)
 * } catch (error) {
 *   const restated = restateError(ns, error) as NodeJS.ErrnoException
 *   assert.equal(restated.code, 'ERR_INVALID_ARG_TYPE')
 *   assert.equal(restated.constructor, ns.intrinsics.TypeError)
 * }
 * ```
 */
export function restateError(ns: Namespace, error: unknown): unknown {
  if (ns.intrinsics.Error === Error && error instanceof Error) return error
  const { code, name, message } = error as { code?: unknown; name?: unknown; message?: unknown }
  if (typeof code !== 'string' || typeof message !== 'string') return error
  return ns.errors.coded(name === 'TypeError' || name === 'RangeError' ? name : 'Error', code, message)
}

/**
 * Copies plain data that the host has made into the guest's realm: objects and arrays, however deep.
 *
 * @param ns - the guest's namespace, or its realm
 * @param value - plain data; anything else in it is kept as it is
 * @returns the copy
 * @example
 * ```ts
 * import { createNamespace, restatePlain } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const ns = createNamespace({ name: 'a' })
 * assert.deepEqual(restatePlain(ns, { sizes: [1, 2] }), { sizes: [1, 2] })
 * ```
 */
export function restatePlain<T>(ns: Pick<Namespace, 'intrinsics'>, value: T): T {
  const { Array: GuestArray, Object: GuestObject } = ns.intrinsics
  const copy = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value
    const isFrozen = Object.isFrozen(value)
    let made: object
    if (isArray(value)) {
      // Not one element after the other: lists of Node's have hundreds.
      made = setPrototypeOf(apply(slice, value, []) as unknown[], GuestArray.prototype as object)
      copyInner(made as unknown[])
    } else {
      const prototype: unknown = getPrototypeOf(value)
      if (prototype !== Object.prototype && prototype !== null) return value
      made = Object.create(prototype === null ? null : GuestObject.prototype) as object
      for (const key of ownKeys(value)) {
        const descriptor = Object.getOwnPropertyDescriptor(value, key) as PropertyDescriptor
        if (typeof descriptor.value === 'object') descriptor.value = copy(descriptor.value)
        Object.defineProperty(made, key, descriptor)
      }
    }
    return isFrozen ? Object.freeze(made) : made
  }
  const copyInner = (array: unknown[]): void => {
    for (let index = 0; index < array.length; index++) {
      const element = array[index]
      if (typeof element === 'object' && element !== null) array[index] = copy(element)
    }
  }
  return copy(value) as T
}

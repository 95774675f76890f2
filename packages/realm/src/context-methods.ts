import { apply, builtin, defineProperty, getOwnPropertyDescriptor } from '@libvisor/abi'
import { mimic } from '@libvisor/core'
import type { AdoptedMethods } from './context-methods.table.ts'

const { hasOwn } = Object
type Callable = (...args: unknown[]) => unknown
type Adopt = (value: unknown) => unknown
/** Gives a result to the realm of the guest whose code is running; `undefined` where it is the host's. */
export type CurrentAdopt = () => Adopt | undefined

const { isPromise } = (builtin('util') as { types: { isPromise(value: unknown): value is Promise<unknown> } }).types

/**
 * Makes methods of the host's classes give their results to the guest that calls them. What a promise is fulfilled with is given as well.
 *
 * @param classes - what to make over; what has been already, or this Node does not have, is left alone
 * @param currentAdopt - whose code is running
 */
export function adoptFromMethods(classes: readonly AdoptedMethods[], currentAdopt: CurrentAdopt): void {
  for (const { module, name, methods = '', statics = '' } of classes) {
    const holder = module === 'globalThis' ? globalThis : builtin(module)
    const owner = (name === undefined ? holder : Reflect.get(holder as object, name)) as
      | { prototype: object }
      | undefined
    if (owner === undefined) continue
    for (const key of namesIn(methods)) makeOver(owner.prototype, key, currentAdopt)
    for (const key of namesIn(statics)) makeOver(owner, key, currentAdopt)
  }
}

const namesIn = (text: string): readonly string[] => text.split(/\s+/).filter((name) => name !== '')

const madeOver = new WeakSet<object>()

function makeOver(owner: object, key: string, currentAdopt: CurrentAdopt): void {
  const descriptor = getOwnPropertyDescriptor(owner, key)
  const original: unknown = descriptor?.value
  if (typeof original !== 'function' || madeOver.has(original)) return
  const call = (self: unknown, args: readonly unknown[]): unknown => {
    const result = apply(original as Callable, self, args) as unknown
    const adopt = currentAdopt()
    if (adopt === undefined) return result
    adopt(result)
    return isPromise(result) ? result.then(adopt) : result
  }
  // Methods of classes have no prototype of their own, functions have.
  const method = hasOwn(original, 'prototype')
    ? function (this: unknown, ...args: unknown[]): unknown {
        return call(this, args)
      }
    : {
        method(this: unknown, ...args: unknown[]): unknown {
          return call(this, args)
        },
      }.method
  madeOver.add(mimic(original, method))
  defineProperty(owner, key, { ...descriptor, value: method })
}

import { getOwnPropertyDescriptor, ownKeys } from '@libvisor/abi'

const { create, getPrototypeOf } = Object

/**
 * Makes the shapes of what inherits from the prototypes of this thread, before a guest does. V8 keeps one with each prototype, for
 * `Object.create()`, and a shape leads to the context in which it was made: that of the first guest that has
 * `Object.create(EventEmitter.prototype)` would stay for as long as any other one has such an object.
 *
 * @returns does so for all classes among the values of an object: the exports of a built-in, or globals
 */
export function createShapeKeeper(): (holder: object) => void {
  /** An object of each shape, by its prototype: V8 drops a shape that nothing has. */
  const kept = new Map<object, object>()
  const keepShapesOf = (value: unknown): void => {
    if (typeof value !== 'function') return
    let prototype: unknown = getOwnPropertyDescriptor(value, 'prototype')?.value
    while (typeof prototype === 'object' && prototype !== null && !kept.has(prototype)) {
      kept.set(prototype, create(prototype) as object)
      prototype = getPrototypeOf(prototype)
    }
  }
  return (holder) => {
    keepShapesOf(holder)
    // Getters are those of what Node loads when it is first read.
    for (const key of ownKeys(holder)) keepShapesOf(getOwnPropertyDescriptor(holder, key)?.value)
  }
}

import type * as util from 'node:util'
import { apply, builtin, getOwnPropertyDescriptor, ownKeys } from '@libvisor/abi'

const { getPrototypeOf, setPrototypeOf } = Reflect
const { isExtensible } = Object
const { isMap, isProxy, isSet } = (builtin('util') as typeof util).types
const mapForEach = Map.prototype.forEach
const setForEach = Set.prototype.forEach

/** How deep results are looked into: they are small, and may be cyclic where no prototype changes. */
const MAX_DEPTH = 12

/** Prototypes of the host's intrinsics, and what stands for each in another realm. */
export type Counterparts = ReadonlyMap<object, object>

/** Gives the objects of one realm to another. */
export interface Adopter {
  /** Gives a value that was made for a guest to its realm: the object itself and the plain objects and arrays in it. */
  adopt<T>(value: T): T
  /**
   * Exchanges the prototypes of all that is reachable from some values, so that what compares prototypes finds those of
   * one realm.
   *
   * @param values - where to begin
   * @param to - whose prototypes the objects of the other realm get
   * @returns takes it back
   */
  exchange(values: readonly unknown[], to: 'guest' | 'host'): () => void
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/**
 * Makes what gives results of the host's functions to a realm.
 *
 * @param counterparts - the prototypes to exchange
 * @returns the adopter
 */
export function createAdopter(counterparts: Counterparts): Adopter {
  let hostCounterparts: Counterparts | undefined
  const reversed = (): Counterparts => (hostCounterparts ??= new Map([...counterparts].map(([from, to]) => [to, from])))
  const plain = Object.prototype
  const list = Array.prototype

  function adoptObject(value: object, depth: number): void {
    const proto = getPrototypeOf(value)
    if (proto === null) return adoptMembers(value, depth)
    const counterpart = counterparts.get(proto)
    if (counterpart === undefined || !isExtensible(value)) return
    setPrototypeOf(value, counterpart)
    if (proto === list) adoptElements(value as unknown[], depth)
    else if (proto === plain) adoptMembers(value, depth)
    else if (proto === Map.prototype) apply(mapForEach, value, [(member: unknown) => adoptAt(member, depth)])
    else if (proto === Set.prototype) apply(setForEach, value, [(member: unknown) => adoptAt(member, depth)])
    else if (proto === AggregateError.prototype) adoptAt((value as AggregateError).errors, depth)
  }

  function adoptAt(value: unknown, depth: number): void {
    if (isObject(value) && depth < MAX_DEPTH) adoptObject(value, depth + 1)
  }

  function adoptElements(array: readonly unknown[], depth: number): void {
    for (let index = 0; index < array.length; index++) adoptAt(array[index], depth)
  }

  function adoptMembers(object: object, depth: number): void {
    for (const key of ownKeys(object)) adoptAt(getOwnPropertyDescriptor(object, key)?.value, depth)
  }

  return {
    adopt(value) {
      if (isObject(value)) adoptObject(value, 0)
      return value
    },

    exchange(values, to) {
      const counterpartsTo = to === 'guest' ? counterparts : reversed()
      const changed: [object, object][] = []
      const seen = new Set<unknown>()
      const pending: unknown[] = [...values]
      while (pending.length > 0) {
        const value = pending.pop()
        if (!isObject(value) || seen.has(value) || isProxy(value)) continue
        seen.add(value)
        const proto = getPrototypeOf(value)
        const counterpart = proto === null ? undefined : counterpartsTo.get(proto)
        if (counterpart !== undefined && isExtensible(value) && setPrototypeOf(value, counterpart)) {
          changed.push([value, proto as object])
        }
        collectMembers(value, pending)
      }
      return () => {
        for (const [object, proto] of changed) setPrototypeOf(object, proto)
      }
    },
  }
}

function collectMembers(value: object, into: unknown[]): void {
  if (ArrayBuffer.isView(value)) return
  for (const key of ownKeys(value)) into.push(getOwnPropertyDescriptor(value, key)?.value)
  if (isMap(value)) apply(mapForEach, value, [(member: unknown, key: unknown) => void into.push(member, key)])
  else if (isSet(value)) apply(setForEach, value, [(member: unknown) => void into.push(member)])
}

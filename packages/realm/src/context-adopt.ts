import { getOwnPropertyDescriptor, ownKeys } from '@libvisor/abi'

const { getPrototypeOf, setPrototypeOf } = Reflect
const { isExtensible } = Object
const { isArray } = Array
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
   * Calls a function while all that is reachable from some values counts as the guest's: what compares prototypes then
   * finds those of one realm.
   */
  asKin<Result>(values: readonly unknown[], call: () => Result): Result
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/**
 * Makes what gives results of the host's functions to a realm.
 *
 * @param counterparts - the prototypes to exchange
 * @param intrinsics - the host's prototypes of what is looked into
 * @returns the adopter
 */
export function createAdopter(counterparts: Counterparts): Adopter {
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
    else if (proto === Map.prototype)
      mapForEach.call(value as Map<unknown, unknown>, (member) => adoptAt(member, depth))
    else if (proto === Set.prototype) setForEach.call(value as Set<unknown>, (member) => adoptAt(member, depth))
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

    asKin(values, call) {
      const changed: [object, object][] = []
      const seen = new Set<object>()
      const pending: unknown[] = [...values]
      while (pending.length > 0) {
        const value = pending.pop()
        if ((!isObject(value) && typeof value !== 'function') || seen.has(value)) continue
        seen.add(value)
        const proto = getPrototypeOf(value)
        const counterpart = proto === null ? undefined : counterparts.get(proto)
        if (counterpart !== undefined && isExtensible(value) && setPrototypeOf(value, counterpart)) {
          changed.push([value, proto as object])
        }
        collectMembers(value, pending)
      }
      try {
        return call()
      } finally {
        for (const [object, proto] of changed) setPrototypeOf(object, proto)
      }
    },
  }
}

function collectMembers(value: object, into: unknown[]): void {
  if (ArrayBuffer.isView(value)) return
  // A proxy may answer with anything, and see who asks.
  try {
    if (isArray(value)) into.push(...value)
    else for (const key of ownKeys(value)) into.push(getOwnPropertyDescriptor(value, key)?.value)
    if (value instanceof Map) mapForEach.call(value, (member, key) => void into.push(member, key))
    else if (value instanceof Set) setForEach.call(value, (member) => void into.push(member))
  } catch {
    // What cannot be looked into is compared as it is.
  }
}

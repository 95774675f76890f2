/**
 * The constructors of one JavaScript realm that shims need to make results a guest cannot tell from its own.
 */
export interface Intrinsics {
  readonly Array: ArrayConstructor
  readonly Object: ObjectConstructor
  readonly Promise: PromiseConstructor
  readonly Error: ErrorConstructor
  readonly TypeError: TypeErrorConstructor
  readonly RangeError: RangeErrorConstructor
  readonly AggregateError: AggregateErrorConstructor
}

/**
 * Takes the intrinsics of a realm from its global object.
 *
 * @param global - the global object of a realm
 * @returns its intrinsics, frozen
 * @example
 * ```ts
 * import { intrinsicsOf } from '@libvisor/abi'
 * import assert from 'node:assert/strict'
 * import vm from 'node:vm'
 *
 * const other = intrinsicsOf(vm.runInNewContext('globalThis'))
 * assert.notEqual(other.TypeError, TypeError)
 * ```
 */
export function intrinsicsOf(global: typeof globalThis): Intrinsics {
  const { Array, Object, Promise, Error, TypeError, RangeError, AggregateError } = global
  return Object.freeze({ Array, Object, Promise, Error, TypeError, RangeError, AggregateError })
}

/** The intrinsics of the realm in which libvisor itself runs. */
export const hostIntrinsics: Intrinsics = intrinsicsOf(globalThis)

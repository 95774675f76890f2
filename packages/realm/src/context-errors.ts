import type * as util from 'node:util'
import { builtin, defineProperty } from '@libvisor/abi'
import type { RealmKit } from './context-kit.ts'

const { setPrototypeOf } = Reflect

/** Makes Node take the errors of a realm, and what only inherits from them, for errors. */
export interface ErrorKinship {
  /** Calls a function while the prototype of the realm's errors inherits from that of the host's. */
  asErrors<Result>(call: () => Result): Result
}

type Inspect = (value: unknown, options: object) => string

/**
 * Makes errors of a guest be shown as errors where Node looks for the prototype of its own: `function MyError() {}` whose prototype
 * inherits from `Error.prototype` makes objects that no other test tells from plain ones.
 *
 * @param global - the global object of the guest
 * @param kit - of its realm
 * @returns what makes Node see them elsewhere
 */
export function relateErrors(global: typeof globalThis, kit: RealmKit): ErrorKinship {
  const { inspect, types } = builtin('util') as typeof util
  const { isNativeError } = types
  const { Error: GuestError } = global
  const { prototype } = GuestError
  let related = false

  function asErrors<Result>(call: () => Result): Result {
    if (related) return call()
    related = true
    setPrototypeOf(prototype, Error.prototype)
    try {
      return call()
    } finally {
      related = false
      setPrototypeOf(prototype, global.Object.prototype)
    }
  }

  // `assert.throws()` tells classes of errors from other functions by what they inherit from.
  setPrototypeOf(GuestError, Error)

  // What returns the object itself leaves it to Node.
  function show(this: object, _depth: number, options: object, inspectIt: Inspect): unknown {
    return related || isNativeError(this) ? this : asErrors(() => inspectIt(this, options))
  }
  defineProperty(prototype, inspect.custom, { value: kit.calling(show), writable: true, configurable: true })
  return { asErrors }
}

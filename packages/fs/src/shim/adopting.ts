/** Results and errors that belong to the realm of the guest, where that is not the one in which this code runs. */
import { apply, hostIntrinsics, ownKeys } from '@libvisor/abi'
import { bindGuest, callNative, livenessOf } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { traceFrom } from './errors.ts'
import type { AnyFunction } from './flavours.ts'

/** Whether a guest could tell what is made in this realm from its own. */
export function isOfOtherRealm({ intrinsics }: Namespace): boolean {
  return intrinsics !== hostIntrinsics
}

/** The functions that find a listener again by its identity: what they pass to it belongs to no realm. */
const takesListeners: ReadonlySet<string> = new Set(['unwatchFile', 'watch', 'watchFile'])

/**
 * Makes a function of `fs` give all that it returns, throws, or passes to a callback to the guest's realm.
 *
 * @param ns - the guest's namespace
 * @param name - of the function
 * @param fn - the function
 * @returns a function that does the same, with the same properties
 */
export function adopting(ns: Namespace, name: string, fn: AnyFunction): AnyFunction {
  if (!isOfOtherRealm(ns)) return fn
  const takesCallback = !takesListeners.has(name)
  const adopted = function (this: unknown, ...args: unknown[]): unknown {
    const last = args.length - 1
    const callback = args[last]
    if (takesCallback && typeof callback === 'function') args[last] = adoptingArguments(ns, callback as AnyFunction)
    try {
      return adoptResult(ns, apply(fn, this, args))
    } catch (error) {
      throw ns.adopt(error)
    }
  }
  // What it is called, and takes, is what it is adorned with.
  for (const key of ownKeys(fn)) {
    if (!isOfEachFunction(key)) Object.defineProperty(adopted, key, Object.getOwnPropertyDescriptor(fn, key)!)
  }
  return adopted
}

/** Whether a property is one that each function has of its own. */
export function isOfEachFunction(key: PropertyKey): boolean {
  return key === 'length' || key === 'name' || key === 'prototype'
}

/** Makes a callback get what belongs to its realm. */
export function adoptingArguments(ns: Namespace, callback: AnyFunction): AnyFunction {
  const adopted = function (this: unknown, ...args: unknown[]): unknown {
    for (let index = 0; index < args.length; index++) args[index] = ns.adopt(args[index])
    return apply(callback, this, args)
  }
  // Messages about arguments tell the name.
  return Object.defineProperty(adopted, 'name', { value: callback.name, configurable: true })
}

/**
 * Passes a call to an original that calls back once. The guest lives until then: Node keeps requests that it has never
 * made among the active ones, so that they tell nothing.
 *
 * @param ns - the guest's namespace
 * @param native - the original
 * @param args - what stands before the callback
 * @param callback - the guest's
 */
export function callBackNative(
  ns: Namespace,
  native: AnyFunction,
  args: readonly unknown[],
  callback: AnyFunction,
): unknown {
  if (!isOfOtherRealm(ns)) return callNative(native, ...args, bindGuest(callback))
  const release = livenessOf(ns).hold()
  const held = bindGuest((...results: unknown[]): unknown => {
    release()
    return callback(...results)
  })
  try {
    return callNative(native, ...args, held)
  } catch (error) {
    release()
    throw error
  }
}

/**
 * A promise of the guest's realm, settled with what belongs to it. It is one of an async function, so that errors tell
 * which of the guest's functions were waiting.
 *
 * @param ns - the guest's namespace
 * @param promise - of this realm
 */
export function adoptPromise<Result>(ns: Namespace, promise: PromiseLike<Result>): Promise<Result> {
  const release = livenessOf(ns).hold()
  const settle = async (): Promise<Result> => {
    try {
      return ns.adopt(await promise)
    } catch (error) {
      throw ns.adopt(traceFrom(error, settle))
    } finally {
      release()
    }
  }
  return ns.adopt(settle())
}

function adoptResult(ns: Namespace, result: unknown): unknown {
  if (typeof result !== 'object' || result === null) return result
  if (Object.getPrototypeOf(result) === Promise.prototype) return adoptPromise(ns, result as Promise<unknown>)
  if (isAsyncGenerator(result)) return adoptGenerator(ns, result)
  return ns.adopt(result)
}

function isAsyncGenerator(value: unknown): value is AsyncGenerator {
  return Object.prototype.toString.call(value) === '[object AsyncGenerator]'
}

/** Lets what a generator of this realm gives, step by step, belong to the guest's. */
function adoptGenerator(ns: Namespace, generator: AsyncGenerator): AsyncGenerator {
  for (const name of ['next', 'return', 'throw'] as const) {
    const step = generator[name] as AnyFunction
    Object.defineProperty(generator, name, {
      value: (...args: unknown[]) => adoptPromise(ns, apply(step, generator, args) as Promise<unknown>),
      configurable: true,
      writable: true,
    })
  }
  return generator
}

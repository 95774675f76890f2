import { defineProperty, getOwnPropertyDescriptor, ownKeys } from '@libvisor/abi'
import { nodeInternals } from './node-internals.native.ts'
import type { HandleConstructor, NativeHandle } from './node-internals.native.ts'

/** What Node's C++ side calls on a stream that is fed from JavaScript; native handles have no such methods. */
const streamCallbacks: ReadonlySet<PropertyKey> = new Set([
  'constructor',
  'isClosing',
  'onreadstart',
  'onreadstop',
  'onshutdown',
  'onwrite',
])

/**
 * Makes a class of handles look like a native one: its instances are `instanceof` the native class, have its name, and
 * lack what it lacks, since Node's JavaScript asks `if (handle.getsockname)`.
 *
 * @param Native - `TCP` or `Pipe`
 * @param Class - the class, not yet used
 * @returns the same class
 */
export function passFor<C extends abstract new (...args: never[]) => object>(
  Native: HandleConstructor<NativeHandle>,
  Class: C,
): C {
  const prototype = Class.prototype as object
  for (const key of ownKeys(prototype)) {
    if (!(key in Native.prototype) && !streamCallbacks.has(key)) Reflect.deleteProperty(prototype, key)
  }
  const base = Object.getPrototypeOf(prototype) as object
  Object.setPrototypeOf(
    prototype,
    base === nodeInternals().JSStream.prototype ? overlay(base, Native.prototype) : Native.prototype,
  )
  defineProperty(Class, 'name', { value: Native.name, configurable: true })
  return Class
}

/** An object with the own properties of one prototype that inherits from another. */
function overlay(own: object, inherited: object): object {
  const result = Object.create(inherited) as object
  for (const key of ownKeys(own)) defineProperty(result, key, getOwnPropertyDescriptor(own, key)!)
  return result
}

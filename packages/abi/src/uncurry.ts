/**
 * Captured intrinsics, so that a guest that changes `Function.prototype.call` or `Array.prototype` changes nothing here.
 */
const { bind, call } = Function.prototype

/** `Reflect.apply`, captured. */
export const apply = Reflect.apply

/** `Reflect.construct`, captured. */
export const construct = Reflect.construct

/** `Object.defineProperty`, captured. */
export const defineProperty = Object.defineProperty

/** `Object.getOwnPropertyDescriptor`, captured. */
export const getOwnPropertyDescriptor = Object.getOwnPropertyDescriptor

/** `Reflect.ownKeys`, captured. */
export const ownKeys = Reflect.ownKeys

/**
 * Turns a method into a function that takes its receiver as the first argument.
 *
 * @param method - a function that uses `this`
 * @returns the same function, with `this` as an ordinary first parameter
 * @example
 * ```ts
 * import { uncurryThis } from '@libvisor/abi'
 * import assert from 'node:assert/strict'
 *
 * const slice = uncurryThis(String.prototype.slice)
 * assert.equal(slice('libvisor', 3), 'visor')
 * ```
 */
export const uncurryThis = bind.bind(call) as <Receiver, Args extends readonly unknown[], Result>(
  method: (this: Receiver, ...args: Args) => Result,
) => (receiver: Receiver, ...args: Args) => Result

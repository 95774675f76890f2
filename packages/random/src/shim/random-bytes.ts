import type * as crypto from 'node:crypto'
import { apply, getOwnPropertyDescriptor } from '@libvisor/abi'
import { deliver, ownerHere } from '@libvisor/core'
import type { Clock, Entropy, Namespace } from '@libvisor/core'

/** What the random functions of one namespace are made of. */
export interface RandomContext {
  readonly ns: Namespace
  readonly entropy: Entropy
  readonly clock: Clock | undefined
  /** `crypto` as it was: it checks arguments and makes the errors. */
  readonly original: typeof crypto
}

/** Memory of any kind that random bytes are put into. */
type Target = ArrayBuffer | ArrayBufferView | SharedArrayBuffer

type Fn = (...args: unknown[]) => unknown

/** The functions of `crypto` that are random, as a seeded namespace has them. */
export type RandomFunctions = Readonly<Record<string, Fn>>

/**
 * A function among the exports of `crypto`. The deprecated names are getters that put the function in their own place, on
 * whatever they are called on.
 *
 * @param exports - of `crypto`
 * @param name - of the function
 * @returns the function, or `undefined` when this Node has none
 */
export function functionOf(exports: object, name: string): Fn | undefined {
  const descriptor = getOwnPropertyDescriptor(exports, name)
  if (descriptor?.get === undefined) return descriptor?.value as Fn | undefined
  return apply(descriptor.get, {}, []) as Fn
}

const isTarget = (value: unknown): value is Target =>
  ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof SharedArrayBuffer

/**
 * The part of the memory that a call means, or `undefined` when its arguments are not valid.
 *
 * @source Node 24 `lib/internal/crypto/random.js`: assertOffset, assertSize
 */
function regionOf(target: unknown, offset: unknown = 0, size?: unknown): Uint8Array | undefined {
  if (!isTarget(target)) return undefined
  const elementBytes = (target as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1
  const total = target.byteLength
  if (typeof offset !== 'number' || (size !== undefined && typeof size !== 'number')) return undefined
  const start = offset * elementBytes
  if (!(start >= 0 && start <= total)) return undefined
  const length = size === undefined ? total - Math.trunc(start) : size * elementBytes
  if (!(length >= 0 && length + start <= total)) return undefined
  return ArrayBuffer.isView(target)
    ? new Uint8Array(target.buffer, target.byteOffset + Math.trunc(start), Math.trunc(length))
    : new Uint8Array(target, Math.trunc(start), Math.trunc(length))
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

const uuid = (bytes: Uint8Array, version: number): string => {
  bytes[6] = ((bytes[6] as number) & 0x0f) | (version << 4)
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  return hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

/**
 * Makes the random functions of `crypto` for a seeded namespace.
 *
 * Whatever is not valid goes to the original, which throws. The bytes of an asynchronous call are drawn when it is
 * made, so that they do not depend on which of several completes first.
 *
 * @param context - the namespace, its entropy and the originals
 * @returns the functions by their names in `crypto`
 */
export function createRandomFunctions(context: RandomContext): RandomFunctions {
  const { ns, entropy, clock, original } = context

  const later = (callback: Fn, ...args: unknown[]): void => {
    deliver(ownerHere(ns), 'io', () => void callback(...args))
  }

  const draw = (length: number): Uint8Array => {
    const bytes = new Uint8Array(length)
    entropy.fill(bytes)
    return bytes
  }

  /** An integer below a limit of at most 2 ** 48, each equally likely. */
  const below = (limit: number): number => {
    const whole = 2 ** 48
    const usable = whole - (whole % limit)
    for (;;) {
      const bytes = draw(6)
      const value = bytes.reduce((sum, byte) => sum * 256 + byte, 0)
      if (value < usable) return value % limit
    }
  }

  const bytesBy =
    (name: string): Fn =>
    (size: unknown, callback?: unknown) => {
      // The original checks the size and makes the Buffer; one that is deprecated warns.
      const checked = functionOf(original, name) as Fn
      if (callback !== undefined && typeof callback !== 'function') return checked(size, callback)
      const bytes = checked(size) as Uint8Array
      entropy.fill(bytes)
      if (callback === undefined) return bytes
      return later(callback as Fn, null, bytes)
    }

  const functions: Record<string, Fn> = {
    randomBytes: bytesBy('randomBytes'),
    pseudoRandomBytes: bytesBy('pseudoRandomBytes'),
    prng: bytesBy('prng'),
    rng: bytesBy('rng'),

    randomFillSync(target: unknown, offset?: unknown, size?: unknown): unknown {
      const region = regionOf(target, offset, size)
      if (region === undefined) return original.randomFillSync(target as never, offset as number, size as number)
      entropy.fill(region)
      return target
    },

    randomFill(target: unknown, ...rest: unknown[]): unknown {
      const at = rest.findIndex((argument) => typeof argument === 'function')
      // Here an offset that is given must be a number, unlike in randomFillSync().
      const valid = at === 0 || (at > 0 && at <= 2 && rest[0] !== undefined)
      const region = valid ? regionOf(target, ...rest.slice(0, at)) : undefined
      if (region === undefined) return apply(original.randomFill as Fn, undefined, [target, ...rest])
      const bytes = draw(region.length)
      const callback = rest[at] as Fn
      deliver(ownerHere(ns), 'io', () => {
        region.set(bytes)
        callback(null, target)
      })
      return undefined
    },

    randomInt(...args: unknown[]): unknown {
      const [first, second, third] = args
      const short = second === undefined || typeof second === 'function'
      const [min, max, callback] = short ? [0, first, second] : [first, second, third]
      // The original checks the range and the callback.
      if (callback !== undefined && typeof callback !== 'function')
        return apply(original.randomInt as Fn, undefined, args)
      apply(original.randomInt as Fn, undefined, short ? [max] : [min, max])
      const value = (min as number) + below((max as number) - (min as number))
      if (callback === undefined) return value
      return later(callback as Fn, undefined, value)
    },

    randomUUID(options?: unknown): unknown {
      original.randomUUID(options as never)
      return uuid(draw(16), 4)
    },
  }

  const v7 = (original as unknown as Record<string, Fn | undefined>)['randomUUIDv7']
  if (v7 !== undefined) {
    functions['randomUUIDv7'] = (options?: unknown) => {
      const theirs = (v7(options) as string).replaceAll('-', '')
      const bytes = draw(16)
      const now = clock === undefined ? BigInt(`0x${theirs.slice(0, 12)}`) : BigInt(Math.trunc(clock.now()))
      for (let index = 0; index < 6; index++) bytes[index] = Number((now >> BigInt(40 - 8 * index)) & 0xffn)
      return uuid(bytes, 7)
    }
  }
  return functions
}

/**
 * Makes the random methods of `globalThis.crypto` for a seeded namespace. They check `this` and their arguments by
 * calling the originals.
 *
 * @param context - the namespace, its entropy and the originals
 * @param originals - the methods of `Crypto.prototype` as they were
 * @returns the methods
 */
export function createWebRandom(context: RandomContext, originals: RandomFunctions): RandomFunctions {
  const { randomUUID } = createRandomFunctions(context)
  return {
    getRandomValues(this: unknown, ...args: unknown[]): unknown {
      apply(originals['getRandomValues'] as Fn, this, args)
      const view = args[0] as ArrayBufferView
      context.entropy.fill(new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
      return view
    },
    randomUUID(this: unknown, ...args: unknown[]): unknown {
      apply(originals['randomUUID'] as Fn, this, args)
      return (randomUUID as Fn)()
    },
  }
}

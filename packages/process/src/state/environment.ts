import { createErrors, hostIntrinsics, linux } from '@libvisor/abi'
import type { Intrinsics, Personality } from '@libvisor/abi'
import { keepsIndexes } from '../originals.native.ts'

/** What an environment depends on. */
export interface EnvironmentOptions {
  /** @defaultValue linux */
  readonly personality?: Personality
  /** The realm to which errors belong. @defaultValue the realm of libvisor itself */
  readonly intrinsics?: Intrinsics
}

const { defineProperty, getPrototypeOf, setPrototypeOf, getOwnPropertyDescriptor, ownKeys } = Reflect

/** What is behind the first NUL is lost when a string goes through C. */
function untilNul(text: string): string {
  const end = text.indexOf('\0')
  return end === -1 ? text : text.slice(0, end)
}

/** Whether V8 keeps a property among the elements of an object, where Node's interceptors of the environment are not asked. */
function isIndex(key: string): boolean {
  const index = Number(key)
  return index >= 0 && index < 2 ** 32 - 1 && String(index >>> 0) === key
}

/**
 * Makes an environment that behaves as `process.env` does: everything becomes a string, symbols are refused, and only
 * plain data properties can be defined.
 *
 * @param record - the variables it starts with; not changed later
 * @param options - the personality, which says whether names are case-sensitive, and the realm of its errors
 * @returns the environment
 * @example
 * ```ts
 * import { createEnvironment } from '@libvisor/process'
 * import assert from 'node:assert/strict'
 *
 * const env = createEnvironment({ HOME: '/root' })
 * Object.assign(env, { PORT: 3000, EMPTY: undefined })
 * assert.deepEqual({ ...env }, { HOME: '/root', PORT: '3000', EMPTY: 'undefined' })
 * assert.throws(() => Object.defineProperty(env, 'HOME', { value: '/' }), { code: 'ERR_INVALID_OBJECT_DEFINE_PROPERTY' })
 * ```
 * @source Node 24 `src/node_env_var.cc`
 */
export function createEnvironment(
  record: Readonly<Record<string, string | undefined>>,
  options: EnvironmentOptions = {},
): NodeJS.ProcessEnv {
  const { personality = linux, intrinsics = hostIntrinsics } = options
  const { TypeError } = intrinsics
  const errors = createErrors({ personality, intrinsics })

  // The variables are the own properties of the proxy's target, so that what a proxy may say about them and what is
  // there never disagree. Between them and Object.prototype is an object of their own, as with process.env.
  const target = intrinsics.Object.create(intrinsics.Object.create(intrinsics.Object.prototype)) as Record<
    string,
    string
  >

  const toText = (value: unknown): string => {
    if (typeof value === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string')
    return untilNul(`${value as string}`).toWellFormed()
  }

  const wellFormed = (key: string): string => untilNul(key).toWellFormed()
  const nameOf = personality.envCaseSensitive
    ? wellFormed
    : (key: string): string => {
        const name = wellFormed(key)
        const upper = name.toUpperCase()
        return Object.keys(target).find((known) => known.toUpperCase() === upper) ?? name
      }

  const assign = (key: string, value: unknown): void => {
    const text = toText(value)
    const name = nameOf(key)
    // setenv(3) refuses such names, and Node does not look at its answer.
    if (name === '' || name.includes('=')) return
    defineProperty(target, name, { value: text, writable: true, enumerable: true, configurable: true })
  }

  for (const key of Object.keys(record)) {
    const value = record[key]
    if (value !== undefined) assign(key, value)
  }

  const refusal = (what: string): Error =>
    errors.coded('TypeError', 'ERR_INVALID_OBJECT_DEFINE_PROPERTY', `'process.env' ${what}`)

  const environment: NodeJS.ProcessEnv = new Proxy(target, {
    get(_target, key, receiver) {
      return Reflect.get(target, typeof key === 'string' ? nameOf(key) : key, receiver) as unknown
    },
    has(_target, key) {
      return Reflect.has(target, typeof key === 'string' ? nameOf(key) : key)
    },
    set(_target, key, value: unknown, receiver) {
      if (typeof key === 'string' && keepsIndexes && isIndex(key)) return Reflect.set(target, key, value, target)
      if (typeof key === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string')
      // An object that inherits from the environment gets a property of its own.
      if (receiver !== environment) return Reflect.set(target, key, value, receiver)
      assign(key, value)
      return true
    },
    deleteProperty(_target, key) {
      return Reflect.deleteProperty(target, typeof key === 'string' ? nameOf(key) : key)
    },
    getOwnPropertyDescriptor(_target, key) {
      return getOwnPropertyDescriptor(target, typeof key === 'string' ? nameOf(key) : key)
    },
    defineProperty(_target, key, descriptor) {
      if (typeof key === 'string' && keepsIndexes && isIndex(key)) return defineProperty(target, key, descriptor)
      if ('value' in descriptor) {
        if (descriptor.configurable && descriptor.writable && descriptor.enumerable) {
          if (typeof key === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string')
          assign(key, descriptor.value)
          return true
        }
        throw refusal('only accepts a configurable, writable, and enumerable data descriptor')
      }
      if ('get' in descriptor || 'set' in descriptor) {
        throw refusal('does not accept an accessor(getter/setter) descriptor')
      }
      throw refusal('only accepts a configurable, writable, and enumerable data descriptor')
    },
    ownKeys() {
      return ownKeys(target)
    },
    getPrototypeOf() {
      return getPrototypeOf(target)
    },
    setPrototypeOf(_target, prototype) {
      return setPrototypeOf(target, prototype)
    },
    preventExtensions() {
      throw new TypeError('Cannot prevent extensions')
    },
  })
  return environment
}

import type * as crypto from 'node:crypto'
import { apply, getOwnPropertyDescriptor } from '@libvisor/abi'
import { createDispatcher, slots } from '@libvisor/core'
import type { BoundSet, CurrentNamespace, Interceptor, Namespace, Realm } from '@libvisor/core'
import { hostRandom, originalCrypto } from '../originals.native.ts'
import { createRandomFunctions, createWebRandom, functionOf } from './random-bytes.ts'
import type { RandomContext, RandomFunctions } from './random-bytes.ts'

type Fn = (...args: unknown[]) => unknown

/** The random functions of a namespace: those of the module, and those of `globalThis.crypto`. */
interface BoundRandom {
  readonly module: RandomFunctions
  readonly web: RandomFunctions
}

const webNames = ['getRandomValues', 'randomUUID'] as const

/** The methods of `globalThis.crypto` as they were. */
function webOriginals(prototype: object): Record<string, Fn> {
  const methods: Record<string, Fn> = {}
  for (const name of webNames) methods[name] = getOwnPropertyDescriptor(prototype, name)?.value as Fn
  return methods
}

/**
 * Makes the interceptor of `Math.random`, the random functions of `crypto`, and `globalThis.crypto`.
 *
 * A namespace whose entropy is not seeded gets the host's own functions; a realm that belongs to such a namespace is not
 * patched at all. Keys, primes and the nonces of signatures are always the host's.
 *
 * @returns the interceptor; it needs `slots.entropy` filled
 * @example
 * ```ts
 * import { createNamespace, slots } from '@libvisor/core'
 * import { createEntropy, createRandomInterceptor } from '@libvisor/random'
 * import assert from 'node:assert/strict'
 *
 * const draw = () => {
 *   const ns = createNamespace({ name: 'a' })
 *   ns.provide(slots.entropy, createEntropy({ seed: 1 }))
 *   const crypto = createRandomInterceptor().bind(ns).modules['crypto']!() as typeof import('node:crypto')
 *   return crypto.randomUUID()
 * }
 * assert.equal(draw(), draw())
 * ```
 */
export function createRandomInterceptor(): Interceptor {
  return {
    area: 'random',

    install(realm, current) {
      const ns = realm.kind === 'own' ? current() : undefined
      // A realm that is one unseeded namespace's already has what it needs.
      if (ns === undefined || ns.get(slots.entropy).seeded) {
        installMath(realm, current)
        realm.whenAsked('crypto', (exports) => installCrypto(exports as unknown as typeof crypto, realm, current))
      }
      return { [Symbol.dispose]() {} }
    },

    bind(ns): BoundSet {
      const { seeded } = ns.get(slots.entropy)
      let module: object | undefined
      let web: object | undefined
      const boundWeb = (): object => (web ??= seeded ? bindWeb(ns) : originalCrypto().webcrypto)
      return {
        modules: { crypto: () => (module ??= seeded ? bindModule(ns, boundWeb) : originalCrypto()) },
        globals: {
          crypto: {
            get: boundWeb,
            set(value: unknown) {
              Object.defineProperty(this, 'crypto', { value, writable: true, enumerable: true, configurable: true })
            },
            enumerable: true,
            configurable: true,
          },
        },
        [Symbol.dispose]() {},
      }
    },
  }
}

const contextOf = (ns: Namespace): RandomContext => ({
  ns,
  entropy: ns.get(slots.entropy),
  clock: ns.find(slots.clock),
  original: originalCrypto(),
})

function bindModule(ns: Namespace, web: () => object): object {
  const functions = createRandomFunctions(contextOf(ns))
  const exports: object = Object.defineProperties({}, Object.getOwnPropertyDescriptors(originalCrypto()))
  const replaced: PropertyDescriptorMap = {
    webcrypto: { get: web },
    getRandomValues: { value: (...args: [never]) => (web() as typeof crypto.webcrypto).getRandomValues(...args) },
  }
  for (const name of Object.keys(functions)) if (name in exports) replaced[name] = { value: functions[name] }
  const bound = Object.create(null) as PropertyDescriptorMap
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(exports))) {
    bound[name] =
      name in replaced
        ? { enumerable: descriptor.enumerable ?? true, configurable: true, ...replaced[name] }
        : descriptor
  }
  return Object.defineProperties({}, bound)
}

/** The host's `Crypto` object with a namespace's random methods; `instanceof Crypto` and `subtle` are as they were. */
function bindWeb(ns: Namespace): object {
  const { webcrypto } = originalCrypto()
  const originals = webOriginals(Object.getPrototypeOf(webcrypto) as object)
  // Node's methods refuse every `this` but the one object.
  const own: Record<string, Fn> = {}
  for (const name of webNames) own[name] = (...args) => apply(originals[name] as Fn, webcrypto, args) as unknown
  const methods = createWebRandom(contextOf(ns), own)
  return Object.create(webcrypto, {
    subtle: { get: () => webcrypto.subtle },
    getRandomValues: { value: methods['getRandomValues'] },
    randomUUID: { value: methods['randomUUID'] },
  }) as object
}

function installMath(realm: Realm, current: CurrentNamespace): void {
  const { Math } = realm.global
  const random = createDispatcher(hostRandom as Fn, current, (ns) => {
    const entropy = ns.get(slots.entropy)
    return entropy.seeded ? entropy.float : hostRandom
  })
  realm.patches.patch(Math, 'random', { value: random })
}

function installCrypto(exports: typeof crypto, realm: Realm, current: CurrentNamespace): void {
  const { patches } = realm
  const prototype = Object.getPrototypeOf(originalCrypto().webcrypto) as object
  const originals = webOriginals(prototype)
  const made = new WeakMap<Namespace, BoundRandom>()
  /** What a namespace has in place of the originals: nothing, when it has no seed. */
  const bound = (ns: Namespace): BoundRandom | undefined => {
    if (!ns.get(slots.entropy).seeded) return undefined
    let random = made.get(ns)
    if (random === undefined) {
      const context = contextOf(ns)
      made.set(ns, (random = { module: createRandomFunctions(context), web: createWebRandom(context, originals) }))
    }
    return random
  }

  const live = exports as unknown as Record<string, Fn>
  const names = ['randomBytes', 'pseudoRandomBytes', 'prng', 'rng', 'randomFillSync', 'randomFill', 'randomInt']
  for (const name of [...names, 'randomUUID', 'randomUUIDv7']) {
    const fn = functionOf(live, name)
    if (fn === undefined) continue
    patches.patch(live, name, {
      value: createDispatcher(fn, current, (ns) => bound(ns)?.module[name] ?? fn),
      writable: true,
    })
  }
  for (const name of webNames) {
    const fn = originals[name] as Fn
    patches.patch(prototype, name, { value: createDispatcher(fn, current, (ns) => bound(ns)?.web[name] ?? fn) })
  }
}

import { apply, defineProperty, getOwnPropertyDescriptor, host as hostProcess, ownKeys } from '@libvisor/abi'
import { createPatchRegistry, mimic, sealExports, slots, supportRows } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { createGuestConsole } from './context-console.ts'
import { bodyGlobals, eagerGlobals, globalAccessors } from './context-globals.table.ts'
import type { RealmKit } from './context-kit.ts'
import type { ContextRealm } from './context-realm.native.ts'
import type { GuestModules } from './guest-modules.ts'

/** What the globals of a guest are made of. */
export interface GlobalsOptions {
  readonly ns: Namespace
  readonly realm: ContextRealm
  /** What the interceptors bind. */
  readonly globals: PropertyDescriptorMap
  readonly modules: GuestModules
}

type Callable = (...args: never[]) => unknown
type Bag = Record<PropertyKey, unknown>

const host = globalThis as unknown as Bag
const { hasOwn } = Object
const writable = { writable: true, configurable: true }

/**
 * Gives a context Node's globals, with the attributes that they have on the host. What Node loads when a property is
 * first read stays unloaded until the guest reads it. Those that are the guest's own take their places when it is known whose
 * the context is.
 *
 * @param realm - the context
 */
export function layOutGlobals(realm: ContextRealm): void {
  const { global } = realm
  const own = new Set(ownKeys(global))
  const known = supportRows('globalThis')
  for (const key of ownKeys(host)) {
    if (typeof key !== 'string' || own.has(key) || !known.has(key)) continue
    defineProperty(global, key, hostProperty(realm, key))
  }
  defineProperty(global, 'global', { value: global, enumerable: true, ...writable })
  defineProperty(global, Symbol.toStringTag, { value: 'global', configurable: true })
}

/**
 * Puts the globals of a guest in their places.
 *
 * @param options - the context, and what the guest's own globals are
 */
export function furnishGlobals(options: GlobalsOptions): void {
  const { ns, realm, globals, modules } = options
  const { global, kit } = realm
  const known = supportRows('globalThis')
  for (const key of Object.keys(globals)) {
    if (known.has(key) && hasOwn(host, key)) defineProperty(global, key, boundProperty(options, key, globals[key]!))
  }

  const process = (): { stdout: unknown; stderr: unknown } => modules.get('process') as never
  const streams = {
    get stdout() {
      return process().stdout
    },
    get stderr() {
      return process().stderr
    },
  }
  const guestConsole = createGuestConsole(global.console, streams, kit)
  defineProperty(global, 'console', { value: guestConsole, enumerable: false, ...writable })

  const entropy = ns.find(slots.entropy)
  if (entropy?.seeded === true) {
    defineProperty(global.Math, 'random', {
      value: mimic(
        hostProcess.random,
        kit.calling(() => entropy.float()),
      ),
      ...writable,
    })
  }
  sealExports({ id: 'globalThis', exports: global, patches: createPatchRegistry(), current: () => ns, owner: ns })
}

/** Node has some globals as accessors, and all others as values. */
function boundProperty(options: GlobalsOptions, key: string, bound: PropertyDescriptor): PropertyDescriptor {
  const { kit, global } = options.realm
  const { get } = bound
  const read = (): unknown => {
    if (key === 'process') return options.modules.get(key)
    return get === undefined ? bound.value : (apply(get, global, []) as unknown)
  }
  if (globalAccessors.has(key)) return accessor(kit, key, read)
  const enumerable = bound.enumerable === true
  if (get !== undefined) return kit.lazyProperty(key, enumerable, () => ofRealm(options.realm, key, read()))
  return { value: ofRealm(options.realm, key, bound.value), enumerable, ...writable }
}

function hostProperty(realm: ContextRealm, key: string): PropertyDescriptor {
  const { kit } = realm
  let value: unknown
  // `Buffer` is read for every chunk of data: the host's accessor is asked once.
  const read = (): unknown => (value ??= first())
  const first = (): unknown => {
    if (bodyGlobals.has(key)) realm.adoptLate('fetch')
    return host[key]
  }
  if (globalAccessors.has(key)) return accessor(kit, key, read)
  if (!eagerGlobals.has(key)) return kit.lazyProperty(key, false, read)
  const { enumerable = false } = getOwnPropertyDescriptor(host, key) ?? {}
  return { value: ofRealm(realm, key, read()), enumerable, ...writable }
}

/** A function that belongs to the guest's realm in place of the host's, where it does work in the guest's name. */
function ofRealm(realm: ContextRealm, key: string, value: unknown): unknown {
  if (typeof value !== 'function') return value
  const { kit, adopt, adoptLate } = realm
  const fn = value as Callable
  if (key === 'fetch') return mimic(fn, kit.adopting(withBodies(fn), adopt))
  if (key === 'structuredClone') return mimic(fn, kit.adopting(fn, adopt))
  if (key === 'queueMicrotask') return mimic(fn, kit.calling(fn))
  return value

  /** What is fetched is of classes that are loaded by then. */
  function withBodies(original: Callable): Callable {
    return (...args) => {
      adoptLate('fetch')
      return apply(original, undefined, args)
    }
  }
}

/** An accessor with a setter where Node's own has one. */
function accessor(kit: RealmKit, key: string, read: () => unknown): PropertyDescriptor {
  const { set, enumerable = false } = getOwnPropertyDescriptor(host, key) ?? {}
  const getter = kit.getter(key, enumerable, read)
  if (set === undefined) return getter
  return { ...getter, set: kit.lazyProperty(key, enumerable, read).set as (value: unknown) => void }
}

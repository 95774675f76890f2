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
const writable = { writable: true, configurable: true }

/**
 * Gives a context Node's globals, with the attributes that they have on the host. What Node loads when a property is
 * first read stays unloaded until the guest reads it.
 *
 * @param options - the context, and what the guest's own globals are
 */
export function furnishGlobals(options: GlobalsOptions): void {
  const { ns, realm, globals, modules } = options
  const { global, kit } = realm
  const own = new Set(ownKeys(global))
  const known = supportRows('globalThis')
  for (const key of ownKeys(host)) {
    if (typeof key !== 'string' || !known.has(key)) continue
    const bound = globals[key]
    if (bound !== undefined) defineProperty(global, key, boundProperty(options, key, bound))
    else if (!own.has(key)) defineProperty(global, key, hostProperty(options, key))
  }
  defineProperty(global, 'global', { value: global, enumerable: true, ...writable })
  defineProperty(global, Symbol.toStringTag, { value: 'global', configurable: true })

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
  if (get !== undefined) return kit.lazyProperty(key, enumerable, () => ofRealm(options, key, read()))
  return { value: ofRealm(options, key, bound.value), enumerable, ...writable }
}

function hostProperty(options: GlobalsOptions, key: string): PropertyDescriptor {
  const { kit } = options.realm
  const read = (): unknown => {
    if (bodyGlobals.has(key)) options.realm.adoptLate('fetch')
    return host[key]
  }
  if (globalAccessors.has(key)) return accessor(kit, key, read)
  if (!eagerGlobals.has(key)) return kit.lazyProperty(key, false, read)
  const { enumerable = false } = getOwnPropertyDescriptor(host, key) ?? {}
  return { value: ofRealm(options, key, read()), enumerable, ...writable }
}

/** A function that belongs to the guest's realm in place of the host's, where it does work in the guest's name. */
function ofRealm({ realm }: GlobalsOptions, key: string, value: unknown): unknown {
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

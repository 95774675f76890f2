import type * as vm from 'node:vm'
import { defineProperty, getOwnPropertyDescriptor, intrinsicsOf, original, ownKeys } from '@libvisor/abi'
import type { Intrinsics } from '@libvisor/abi'
import { currentNamespace, unsupported } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { createAdopter } from './context-adopt.ts'
import { relateErrors } from './context-errors.ts'
import { adoptFromMethods } from './context-methods.ts'
import { adoptedLateMethods, adoptedMethods } from './context-methods.table.ts'
import { furnishGlobals, layOutGlobals } from './context-globals.ts'
import { makeRealmKit } from './context-kit.ts'
import { routeEvaluation } from './context-evaluation.ts'
import type { RealmKit } from './context-kit.ts'
import { acceptKin } from './context-kinship.ts'
import type { GuestModules } from './guest-modules.ts'

/** How a context is made. */
export interface ContextRealmOptions {
  /** What debuggers call it. */
  readonly name: string
}

/** What Node's globals are made of in a context. */
export interface FurnishGlobalsOptions {
  readonly ns: Namespace
  /** Those that the interceptors bind. */
  readonly globals: PropertyDescriptorMap
  readonly modules: GuestModules
  /** Answers an `import()` in code that was made by `eval` or `Function` inside. @defaultValue such an import fails */
  readonly importModule?: ImportModule
}

/** Imports a module on behalf of evaluated code. */
type ImportModule = (specifier: string, referrer: unknown, attributes: object) => Promise<object>

/** The realm of one guest among several in a thread: a `vm` context with intrinsics of its own. */
export interface ContextRealm extends Disposable {
  readonly context: vm.Context
  readonly global: typeof globalThis
  readonly intrinsics: Intrinsics
  /** Makes functions and objects that belong to the realm. */
  readonly kit: RealmKit
  /**
   * Gives what the host's functions return or throw to the realm: exchanges the prototypes of plain objects, arrays, errors,
   * promises, maps and sets that were made for the guest.
   */
  adopt<T>(value: T): T
  /** Imports a module on behalf of evaluated code. @param referrer - the file of the code, where it has one */
  importModule(specifier: string, referrer: unknown, attributes: object): Promise<object>
  /**
   * Exchanges the prototypes of what is reachable from some values.
   *
   * @param values - where to begin
   * @param to - whose prototypes the objects of the other realm get
   * @returns takes it back
   */
  exchange(values: readonly unknown[], to: 'guest' | 'host'): () => void
  /** Calls a function for which the realm's errors inherit from the host's. */
  asErrors<Result>(call: () => Result): Result
  /** Has the methods of host classes adopt their results, when a guest first uses what loads them. */
  adoptLate(what: string): void
  /** Whether an object (a promise above all) was made in this realm. */
  owns(value: unknown): boolean
  /** Makes the realm that of a guest: its own globals take their places among Node's. */
  furnish(options: FurnishGlobalsOptions): void
}

const { deleteProperty, getPrototypeOf, setPrototypeOf } = Reflect

/** Constructors that no syntax calls: a context has the host's own, so that the host's objects are instances of them. */
const sharedConstructors: readonly string[] = [
  'ArrayBuffer',
  'SharedArrayBuffer',
  'DataView',
  'Date',
  ...ownKeys(globalThis).filter(
    (key): key is string => typeof key === 'string' && /^(?:Big)?(?:Int|Uint|Float)\d+(?:Clamped)?Array$/.test(key),
  ),
]

/** Properties of the language's own objects that Node adds when it starts. */
const addedByNode: readonly (readonly [holder: string, key: PropertyKey])[] = [
  ['Symbol', 'dispose'],
  ['Symbol', 'asyncDispose'],
  ['Error', 'prepareStackTrace'],
]

const kitSource = `(${makeRealmKit.toString()})()`

/** What all contexts of a thread need: made with the first of them. */
interface Shared {
  readonly kitScript: vm.Script
  readonly hostKit: RealmKit
  /** Constructors of which each realm has its own. */
  readonly ownConstructors: readonly string[]
}

let shared: Shared | undefined

/** The realm of each namespace that has one for itself. */
const realms = new WeakMap<Namespace, ContextRealm>()

const currentRealm = (): ContextRealm | undefined => {
  const ns = currentNamespace()
  return ns === undefined ? undefined : realms.get(ns)
}

// Declared here: a closure of `share` would keep the first guest.
const currentKit = (): RealmKit | undefined => currentRealm()?.kit

/** What is adopted from classes that no realm had used before; the classes are the thread's. */
const adoptedLate = new Set<string>()

function adoptLate(what: string): void {
  if (adoptedLate.has(what)) return
  adoptedLate.add(what)
  adoptFromMethods(adoptedLateMethods[what] ?? [], currentAdopt)
}

const currentAdopt = (): ((value: unknown) => unknown) | undefined => currentRealm()?.adopt

/** Who imports in code that a function of the kit has evaluated is told by the async context: all guests share the script. */
async function importForGuest(specifier: string, _script: unknown, attributes: object): Promise<object> {
  const realm = currentRealm()
  if (realm === undefined) throw unsupported('import()', 'the code belongs to no guest')
  return realm.importModule(specifier, undefined, attributes)
}

function share(global: object): Shared {
  const { Script } = original('vm')
  const ownConstructors = ownKeys(global).filter((key): key is string => isConstructorOfEach(global, key))
  const hostKit = makeRealmKit()
  acceptKin(globalThis, ownConstructors, hostKit)
  routeEvaluation(hostKit, currentKit)
  adoptFromMethods(adoptedMethods, currentAdopt)
  return {
    kitScript: new Script(kitSource, {
      filename: 'node:internal/libvisor/context',
      importModuleDynamically: importForGuest as unknown as vm.ScriptOptions['importModuleDynamically'],
    } as vm.ScriptOptions),
    hostKit,
    ownConstructors,
  }
}

/** Whether each realm has a constructor of that name for itself. */
function isConstructorOfEach(global: object, key: PropertyKey): boolean {
  if (typeof key !== 'string' || sharedConstructors.includes(key)) return false
  const values = [global, globalThis].map((holder) => getOwnPropertyDescriptor(holder, key)?.value as unknown)
  return values.every((value) => typeof value === 'function' && hasPrototype(value))
}

const hasPrototype = (value: object): boolean => {
  const prototype: unknown = getOwnPropertyDescriptor(value, 'prototype')?.value
  return typeof prototype === 'object' || typeof prototype === 'function'
}

/**
 * Makes the realm of a guest, with Node's globals as the host has them. It can be made before it is known whose it is: it is the
 * guest's once it is furnished.
 *
 * @param options - its name
 * @returns the realm; when it and all that the guest has made are dropped, it is collected
 * @example
 * ```ts
 * import { createContextRealm } from '@libvisor/realm'
 * import assert from 'node:assert/strict'
 * import vm from 'node:vm'
 *
 * using realm = createContextRealm({ name: 'api' })
 * const { error, list } = vm.runInContext('({ error: new TypeError(), list: [] })', realm.context)
 * assert.ok(error instanceof TypeError)
 * assert.ok(error instanceof realm.intrinsics.TypeError)
 * assert.ok(realm.owns(list))
 * assert.equal(Object.getPrototypeOf(realm.adopt(['a'])), Object.getPrototypeOf(list))
 * ```
 */
export function createContextRealm(options: ContextRealmOptions): ContextRealm {
  const { createContext, constants } = original('vm')
  let importModule: ImportModule | undefined
  const context = createContext(
    constants.DONT_CONTEXTIFY as unknown as vm.Context,
    {
      name: options.name,
      importModuleDynamically: ((...asked) => realm.importModule(...asked)) as ImportModule,
    } as unknown as vm.CreateContextOptions,
  )
  const global = context as unknown as typeof globalThis
  const { kitScript, hostKit, ownConstructors } = (shared ??= share(global))
  const kit = kitScript.runInContext(context) as RealmKit
  acceptKin(global, ownConstructors, kit)
  const adopter = createAdopter(counterpartsIn(global, kit))
  const rootPrototype = global.Object.prototype
  takeFromHost(global)

  /** The prototypes of the host's intrinsics that stand for the realm's. */
  function counterpartsIn(own: object, ownKit: RealmKit): ReadonlyMap<object, object> {
    const map = new Map<object, object>()
    const prototypeOf = (holder: object, key: string): object =>
      (Reflect.get(holder, key) as { prototype: object }).prototype
    for (const key of ownConstructors) map.set(prototypeOf(globalThis, key), prototypeOf(own, key))
    hostKit.hiddenPrototypes.forEach((prototype, index) => map.set(prototype, ownKit.hiddenPrototypes[index] as object))
    return map
  }

  const realm: ContextRealm = {
    context,
    global,
    kit,
    intrinsics: intrinsicsOf(global),
    ...adopter,
    ...relateErrors(global, kit),

    async importModule(...asked) {
      if (importModule === undefined) throw unsupported('import()', 'the context has no loader')
      return importModule(...asked)
    },

    adoptLate,

    owns(value) {
      if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return false
      let last: object = value
      for (let proto = getPrototypeOf(value); proto !== null; proto = getPrototypeOf(proto)) last = proto
      return last === rootPrototype
    },

    furnish(furnishing) {
      realms.set(furnishing.ns, realm)
      importModule = furnishing.importModule
      furnishGlobals({ ...furnishing, realm })
    },

    [Symbol.dispose]() {},
  }
  layOutGlobals(realm)
  return realm
}

/** Puts the host's constructors in place of the context's, and adds what Node adds to the language. */
function takeFromHost(global: typeof globalThis): void {
  // V8's flags are the process's: another thread may just have asked for its collector.
  if (!('gc' in globalThis)) deleteProperty(global, 'gc')
  for (const key of sharedConstructors) {
    const descriptor = getOwnPropertyDescriptor(globalThis, key)
    const own = getOwnPropertyDescriptor(global, key)?.value as { prototype: object } | undefined
    if (descriptor === undefined || own === undefined) continue
    const { prototype } = descriptor.value as { prototype: object }
    // What WebAssembly makes has the prototypes of the context's own.
    setPrototypeOf(own.prototype, prototype)
    defineProperty(own.prototype, 'constructor', { value: descriptor.value as unknown })
    defineProperty(global, key, descriptor)
  }
  // What tells the time asks the host's, which asks for whom.
  replaceOwn(global, globalThis, 'Temporal')
  replaceOwn(global.Intl, Intl, 'DateTimeFormat')
  for (const [holder, key] of addedByNode) {
    const from = Reflect.get(globalThis, holder) as object
    const to = Reflect.get(global, holder) as object
    const descriptor = getOwnPropertyDescriptor(from, key)
    if (descriptor !== undefined && getOwnPropertyDescriptor(to, key) === undefined) defineProperty(to, key, descriptor)
  }
}

/** Takes a property from the host's object where the realm has one of its own. */
function replaceOwn(own: object, hosts: object, key: string): void {
  const descriptor = getOwnPropertyDescriptor(hosts, key)
  if (descriptor !== undefined && getOwnPropertyDescriptor(own, key) !== undefined) defineProperty(own, key, descriptor)
}

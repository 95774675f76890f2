import { apply, construct, getOwnPropertyDescriptor, ownKeys } from '@libvisor/abi'
import { inSyncNativeSection } from './async-context.native.ts'
import type { CurrentNamespace, Realm } from './interceptor.ts'
import type { Namespace } from './namespace.ts'
import { mimic } from './patch-registry.ts'

/** How the exports of a built-in are made to ask whose they are. */
export interface DispatchOptions {
  readonly realm: Realm
  readonly current: CurrentNamespace
  /** The object to patch: a module's exports, or an object among them. */
  readonly exports: object
  /** The same object as one namespace sees it, with a function wherever `exports` has one that is not patched. */
  readonly bound: (ns: Namespace) => object
  /**
   * Which calls of an export are passed to the original at once. It must be a function of two parameters at most that uses neither its receiver
   * nor the number of its arguments.
   *
   * @param key - of the export
   * @defaultValue none are
   */
  readonly passing?: (key: PropertyKey) => Passes | undefined
}

/**
 * Tells by the first argument of a call that whoever asks gets what the original gives, so that nobody need be asked for: neither the namespace
 * nor whether an original is running.
 */
export type Passes = (first: unknown) => boolean

type Callable = (...args: unknown[]) => unknown
type Bag = Record<PropertyKey, unknown>

/**
 * Replaces every function among the exports by one that asks for whom it is called, and calls the namespace's own or the
 * original. What is no function, or has been patched before, stays as it is.
 *
 * @param options - what to patch, and what each namespace sees in its place
 * @example
 * ```ts
 * import { createCurrent, createNamespace, createPatchRegistry, dispatchExports } from '@libvisor/core'
 * import type { Realm } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const os = { EOL: '\n', hostname: () => 'host' }
 * const patches = createPatchRegistry()
 * const realm: Realm = { kind: 'shared', global: globalThis, patches, whenAsked() {}, ask() {} }
 * dispatchExports({ realm, current: createCurrent(), exports: os, bound: (ns) => ({ hostname: () => ns.name }) })
 *
 * const ns = createNamespace({ name: 'api' })
 * assert.equal(ns.run(() => os.hostname()), 'api')
 * assert.equal(os.hostname(), 'host')
 * assert.equal(patches.size, 1)
 * ```
 */
export function dispatchExports(options: DispatchOptions): void {
  const { realm, current, exports, bound, passing } = options
  // A module is nobody's own: the nearly only receiver there is need not be looked up.
  const asker: CurrentNamespace = (receiver) => current(receiver === exports ? undefined : receiver)
  // There it is one namespace that nearly always asks, and it lives as long as the realm.
  const remembers = realm.kind === 'own'
  for (const key of ownKeys(exports)) {
    const descriptor = getOwnPropertyDescriptor(exports, key)
    if (descriptor === undefined || typeof descriptor.value !== 'function' || realm.patches.has(exports, key)) continue
    const select = (ns: Namespace): unknown => (bound(ns) as Bag)[key]
    const original = descriptor.value as Callable
    const chosen = remembers ? remembering(select) : select
    const replacement = createDispatcher(original, asker, chosen, passing?.(key))
    realm.patches.patch(exports, key, { value: replacement })
  }
}

/** Asks once for the first namespace, and each time for others. */
function remembering(select: (ns: Namespace) => unknown): (ns: Namespace) => unknown {
  // Properties that are set once are constants to V8, so that it inlines what is selected.
  const first: { ns?: Namespace; selected?: unknown } = {}
  const ask = (ns: Namespace): unknown => {
    const selected = select(ns)
    if (first.ns === undefined) {
      first.selected = selected
      first.ns = ns
    }
    return selected
  }
  return (ns) => (ns === first.ns ? first.selected : ask(ns))
}

/**
 * Makes a function that calls what the current namespace has in its place, or the original.
 *
 * @param original - the function to replace
 * @param current - answers for whom it is called
 * @param select - what a namespace has in its place
 * @param passes - which calls go to the original at once, see {@link DispatchOptions.passing}. @defaultValue none do
 * @returns the replacement, with the original's own properties
 * @example
 * ```ts
 * import { createCurrent, createDispatcher, createNamespace } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * function hostname(): unknown {
 *   return 'host'
 * }
 * const dispatcher = createDispatcher(hostname, createCurrent(), (ns) => () => ns.name)
 *
 * assert.equal(dispatcher(), 'host')
 * assert.equal(createNamespace({ name: 'api' }).run(dispatcher), 'api')
 * assert.equal(dispatcher.name, 'hostname')
 * ```
 */
export function createDispatcher<F extends Callable>(
  original: F,
  current: CurrentNamespace,
  select: (ns: Namespace) => unknown,
  passes?: Passes,
): F {
  const constructed = (receiver: object, newTarget: unknown, ...args: unknown[]): unknown => {
    const ns = current(receiver)
    const target = (ns === undefined ? original : select(ns)) as Callable
    return construct(target, args, newTarget === dispatcher ? target : (newTarget as Callable))
  }
  // Called for every call of whatever is patched, mostly by Node's own functions: arguments are only spread, and applied, so
  // that V8 makes no array of them, and inlines what they are passed to.
  const asking = function (this: unknown, ...args: unknown[]): unknown {
    if (new.target !== undefined) return constructed(this as object, new.target, ...args)
    if (inSyncNativeSection()) return apply(original, this, args)
    const ns = current(this)
    return ns === undefined ? apply(original, this, args) : apply(select(ns) as Callable, this, args)
  }
  // In as few words as can be, for V8 inlines 920 bytes of code into a function, and the original is to be among them. Not one function with the
  // other: it inlines by what all functions of one text have mostly done.
  const passing = function (this: unknown, first: unknown, second: unknown): unknown {
    if (passes!(first)) return original(first, second)
    const ns = current(this)
    return apply((ns === undefined ? original : select(ns)) as Callable, this, arguments as unknown as unknown[])
  }
  const dispatcher = passes === undefined ? asking : passing
  mimic(original, dispatcher)
  const { prototype } = original as { prototype?: object }
  if (prototype !== undefined) dispatcher.prototype = prototype
  return dispatcher as unknown as F
}

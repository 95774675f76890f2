import { apply, construct, getOwnPropertyDescriptor, ownKeys } from '@libvisor/abi'
import type { CurrentNamespace, Realm } from './interceptor.ts'
import type { Namespace } from './namespace.ts'
import { mimic } from './patch-registry.ts'

/** How the exports of a built-in are made to ask whose they are. */
export interface DispatchOptions {
  readonly realm: Realm
  readonly current: CurrentNamespace
  /** The object to patch: a module's exports, or an object among them. */
  readonly exports: object
  /** The same object as one namespace sees it. */
  readonly bound: (ns: Namespace) => object
}

type Callable = (...args: unknown[]) => unknown
type Bag = Record<PropertyKey, unknown>

/**
 * Replaces every function that a namespace sees differently by one that asks for whom it is called, and calls the
 * namespace's own or the original. Functions that are the same for all stay as they are.
 *
 * @param options - what to patch, and what each namespace sees in its place
 */
export function dispatchExports(options: DispatchOptions): void {
  const { realm, current, exports, bound } = options
  for (const key of ownKeys(exports)) {
    const descriptor = getOwnPropertyDescriptor(exports, key)
    if (descriptor === undefined || typeof descriptor.value !== 'function' || realm.patches.has(exports, key)) continue
    const replacement = createDispatcher(descriptor.value as Callable, current, (ns) => (bound(ns) as Bag)[key])
    realm.patches.patch(exports, key, { value: replacement })
  }
}

/**
 * Makes a function that calls what the current namespace has in its place, or the original.
 *
 * @param original - the function to replace
 * @param current - answers for whom it is called
 * @param select - what a namespace has in its place
 * @returns the replacement, with the original's own properties
 */
export function createDispatcher<F extends Callable>(
  original: F,
  current: CurrentNamespace,
  select: (ns: Namespace) => unknown,
): F {
  const dispatcher = function (this: unknown, ...args: unknown[]): unknown {
    const ns = current(this)
    const target = (ns === undefined ? original : select(ns)) as Callable
    if (new.target === undefined) return apply(target, this, args)
    return construct(target, args, new.target === (dispatcher as unknown) ? target : new.target) as unknown
  }
  mimic(original, dispatcher)
  const { prototype } = original as { prototype?: object }
  if (prototype !== undefined) dispatcher.prototype = prototype
  return dispatcher as unknown as F
}

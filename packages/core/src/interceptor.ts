import type { Namespace } from './namespace.ts'
import type { PatchRegistry } from './patch-registry.ts'

/** The areas of Node's API, one interceptor each. */
export type Area = 'fs' | 'loader' | 'net' | 'process' | 'random' | 'time'

/**
 * Answers for whom a call is made. It asks, in this order: the receiver, if it was made in a namespace; the async
 * context; the realm, if it belongs to one namespace. `undefined` means that the call is the host's own, or an
 * original's: it passes through.
 */
export type CurrentNamespace = (receiver?: unknown) => Namespace | undefined

/** A JavaScript global environment in which interceptors are installed. */
export interface Realm {
  /** `own`: all of it belongs to one namespace. `shared`: the host's, entered with `ns.run()`. */
  readonly kind: 'own' | 'shared' | 'context'
  readonly global: typeof globalThis
  readonly patches: PatchRegistry
  /**
   * Installs hooks on a built-in before guest code gets hold of it: when it is first asked for, by whichever way
   * (`require`, `import`, `process.getBuiltinModule`), or when another built-in that is asked for has loaded it. A
   * built-in that the start of Node loads is in nobody's hands until it is asked for itself.
   *
   * @param id - the name of a built-in, without `node:`
   * @param install - receives its exports, before the guest does
   */
  whenAsked(id: string, install: (exports: Record<PropertyKey, unknown>) => void): void
  /**
   * Asks for a built-in on the guest's behalf, so that its hooks are installed before what rides on it is used.
   *
   * @param id - the name of a built-in, without `node:`
   */
  ask(id: string): void
}

/**
 * The built-in modules and globals of one area as one namespace sees them.
 */
export interface BoundSet extends Disposable {
  /** Makes the exports of a built-in when they are first needed. Always gives the same object. */
  readonly modules: Readonly<Record<string, () => object>>
  /** Descriptors of properties of the global object. */
  readonly globals: PropertyDescriptorMap
}

/**
 * Makes the built-in API of one area out of a namespace.
 */
export interface Interceptor {
  readonly area: Area
  /**
   * Built-ins of the area that can be made for a namespace that has nothing in its slots yet; `bind` asks for nothing there either.
   *
   * @defaultValue none, and `bind` may ask
   */
  readonly ahead?: readonly string[]
  /**
   * Hooks what all namespaces of a realm share: prototypes, globals, the exports of modules. Runs once per realm.
   *
   * @param realm - the realm to change
   * @param current - answers for whom a call is made
   * @returns undoes what is not undone by the realm's patch registry
   */
  install(realm: Realm, current: CurrentNamespace): Disposable
  /**
   * Makes the modules and globals of the area as one namespace sees them.
   *
   * @param ns - the namespace
   */
  bind(ns: Namespace): BoundSet
}

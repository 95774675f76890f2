import type { ModuleHost } from './module-host.ts'

/** What is done to the exports of a module that is required while it is still loading. */
export interface GuestCycles {
  /** Warns from now on of properties that are not there yet. */
  watch(exports: unknown): void
  /** Takes the warning back. */
  release(exports: unknown): void
}

/**
 * Makes the warnings of unfinished exports. It is evaluated in the guest's realm, from its own source text: it must not
 * refer to anything outside of itself.
 *
 * @param host - the host's side
 * @returns the functions
 * @source Node 24 `lib/internal/modules/cjs/loader.js`, getExportsForCircularRequire
 */
export function createGuestCycles(host: Pick<ModuleHost, 'isProxy' | 'process'>): GuestCycles {
  'use strict'
  const { getPrototypeOf, setPrototypeOf, prototype: ObjectPrototype } = Object

  function warnCircular(property: PropertyKey): void {
    host.process.emitWarning(
      `Accessing non-existent property '${String(property)}' of module exports inside circular dependency`,
    )
  }

  const circularPrototype: object = new Proxy({} as Record<PropertyKey, unknown>, {
    get(target, property) {
      if (property in target || property === '__esModule') return target[property]
      warnCircular(property)
      return undefined
    },
    getOwnPropertyDescriptor(target, property) {
      if (Object.hasOwn(target, property) || property === '__esModule')
        return Object.getOwnPropertyDescriptor(target, property)
      warnCircular(property)
      return undefined
    },
  })

  /** Whether the prototype of exports is the given one. That of a proxy is for its handler to tell. */
  function inherits(exports: unknown, prototype: object): exports is object {
    const isObject = (typeof exports === 'object' && exports !== null) || typeof exports === 'function'
    return isObject && !host.isProxy(exports) && getPrototypeOf(exports) === prototype
  }

  return {
    watch(exports) {
      // What was transpiled from ES modules has ways of its own in cycles.
      if (inherits(exports, ObjectPrototype) && !(exports as { __esModule?: unknown }).__esModule)
        setPrototypeOf(exports, circularPrototype)
    },
    release(exports) {
      if (inherits(exports, circularPrototype)) setPrototypeOf(exports, ObjectPrototype)
    },
  }
}

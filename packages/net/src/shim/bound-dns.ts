import type * as dns from 'node:dns'
import { defineProperty, getOwnPropertyDescriptor, original, ownKeys } from '@libvisor/abi'
import { mimic } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import type { LookupOriginals } from './dns-lookup.ts'
import { createDnsFunctions, createDnsPromisesFunctions } from './dns-module.ts'
import { RESOLVE_METHODS } from './dns-question.ts'
import { createServerMethods } from './name-servers.ts'
import { guardPromisesResolve, guardResolve, resolverMethod } from './resolver-guard.ts'
import type { ResolverMethod } from './resolver-guard.ts'

type Bag = Record<PropertyKey, unknown>
type AnyFunction = (this: unknown, ...args: unknown[]) => unknown
type ResolverClass = new (options?: object) => object

/** `dns` and `dns/promises` as they were before the first patch. */
export function dnsOriginals(): LookupOriginals {
  return { callback: original('dns'), promises: original('dns/promises') }
}

/** The modules `dns` and `dns/promises` as one namespace sees them. */
export function bindDns(ns: Namespace): { readonly dns: typeof dns; readonly promises: typeof dns.promises } {
  const originals = dnsOriginals()
  const promises = overlay(originals.promises, {
    ...createDnsPromisesFunctions(ns, originals),
    Resolver: bindResolver(ns, originals.promises.Resolver, (method) => guardPromisesResolve(ns, method)),
  })
  const callback = overlay(originals.callback, {
    ...createDnsFunctions(ns, originals),
    Resolver: bindResolver(ns, originals.callback.Resolver, (method) => guardResolve(ns, method)),
    promises,
  })
  return { dns: callback, promises }
}

/** A subclass of a resolver whose queries are guarded. */
function bindResolver(
  ns: Namespace,
  Original: ResolverClass,
  guard: (method: ResolverMethod) => AnyFunction,
): ResolverClass {
  class Resolver extends Original {}
  for (const [name, method] of Object.entries(createServerMethods(ns, Original))) {
    const value = mimic((Original.prototype as Bag)[name] as object, method as object)
    defineProperty(Resolver.prototype, name, { value, writable: true, enumerable: true, configurable: true })
  }
  for (const name of RESOLVE_METHODS) {
    const method = (Original.prototype as Bag)[name]
    if (typeof method !== 'function') continue
    const value = mimic(method, guard(resolverMethod(Original, name)))
    defineProperty(Resolver.prototype, name, { value, writable: true, enumerable: true, configurable: true })
  }
  return Resolver
}

/** A copy of a module's exports in which some are replaced. */
export function overlay<T extends object>(exports: T, replacements: Readonly<Record<PropertyKey, unknown>>): T {
  const copy = {} as T
  for (const key of ownKeys(exports)) {
    const descriptor = getOwnPropertyDescriptor(exports, key)!
    const { [key]: replacement } = replacements as Bag
    if (replacement === undefined) {
      defineProperty(copy, key, { ...descriptor, configurable: true, ...('value' in descriptor && { writable: true }) })
      continue
    }
    const value =
      typeof descriptor.value === 'function' ? mimic(descriptor.value as object, replacement as object) : replacement
    defineProperty(copy, key, { value, writable: true, enumerable: descriptor.enumerable ?? true, configurable: true })
  }
  return copy
}

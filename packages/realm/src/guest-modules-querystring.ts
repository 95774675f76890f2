import type * as querystring from 'node:querystring'
import { apply, builtin } from '@libvisor/abi'
import { mimic } from '@libvisor/core'
import type { ContextRealm } from './context-realm.native.ts'

type Exports = Record<string, (...args: never[]) => unknown>

/** What programs may replace, as the documentation of Node says: `parse` and `stringify` call what is exported. */
const replaceable = ['escape', 'unescape'] as const

/**
 * Makes the `querystring` module of a guest, whose functions call what the guest has put in the place of `escape` and `unescape`.
 *
 * @param realm - the guest's
 * @param copy - copies exports for the guest
 * @returns the exports
 */
export function createGuestQuerystring(realm: ContextRealm, copy: (exports: object) => object): object {
  const host = builtin('querystring') as unknown as Exports
  const guest = copy(host as unknown as typeof querystring) as Exports

  function overOwn(fn: (...args: never[]) => unknown): (...args: never[]) => unknown {
    return (...args) => {
      const originals = replaceable.map((name) => host[name])
      for (const name of replaceable) host[name] = guest[name] as Exports[string]
      try {
        return apply(fn, host, args)
      } finally {
        replaceable.forEach((name, index) => (host[name] = originals[index] as Exports[string]))
      }
    }
  }

  for (const [name, alias] of [
    ['parse', 'decode'],
    ['stringify', 'encode'],
  ] as const) {
    const original = host[name] as Exports[string]
    guest[name] = guest[alias] = mimic(original, realm.kit.adopting(overOwn(original), realm.adopt))
  }
  return guest
}

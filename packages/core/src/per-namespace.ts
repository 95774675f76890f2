import type { Namespace } from './namespace.ts'

/**
 * Makes something once for each namespace, when it is first asked for, and keeps it for as long as the namespace is
 * alive.
 *
 * @param make - makes it
 * @returns gives what was made for a namespace
 * @example
 * ```ts
 * import { createNamespace, perNamespace } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const listOf = perNamespace((ns) => [ns.name])
 * const [a, b] = [createNamespace({ name: 'a' }), createNamespace({ name: 'b' })]
 * assert.equal(listOf(a), listOf(a))
 * assert.deepEqual(listOf(b), ['b'])
 * ```
 */
export function perNamespace<T>(make: (ns: Namespace) => T): (ns: Namespace) => T {
  const made = new WeakMap<Namespace, { readonly value: T }>()
  return (ns) => {
    let kept = made.get(ns)
    if (kept === undefined) made.set(ns, (kept = { value: make(ns) }))
    return kept.value
  }
}

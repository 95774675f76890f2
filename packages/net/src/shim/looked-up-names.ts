import type { Namespace } from '@libvisor/core'

/** How many addresses a namespace remembers the names of. */
const REMEMBERED = 4096

const names = new WeakMap<Namespace, Map<string, Set<string>>>()
const destinations = new WeakMap<object, string>()

/**
 * Remembers that a name led to an address, so that a policy can be asked about the name.
 *
 * @param ns - the namespace that looked it up
 * @param name - what was looked up
 * @param address - what was found
 */
export function rememberName(ns: Namespace, name: string, address: string): void {
  let byAddress = names.get(ns)
  if (byAddress === undefined) names.set(ns, (byAddress = new Map()))
  const known = byAddress.get(address) ?? new Set()
  byAddress.delete(address)
  byAddress.set(address, known.add(name))
  if (byAddress.size > REMEMBERED) byAddress.delete(byAddress.keys().next().value!)
}

/** The names that led to an address when they were looked up. */
export function namesOf(ns: Namespace, address: string): readonly string[] {
  return [...(names.get(ns)?.get(address) ?? [])]
}

/** Remembers which host a socket was asked to connect to. */
export function setDestination(socket: object, host: string): void {
  destinations.set(socket, host)
}

/**
 * What a policy is asked about for a connection to an address: the name that the socket was given, if looking it up
 * really led there, and the address itself otherwise. A guest's own `lookup` cannot make an address pass for a name.
 */
export function nameFor(ns: Namespace, socket: object, address: string): string {
  const host = destinations.get(socket)
  return host !== undefined && names.get(ns)?.get(address)?.has(host) === true ? host : address
}

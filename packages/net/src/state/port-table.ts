import type { ErrnoCode } from '@libvisor/abi'
import type { Listener, ListenRequest } from '../types.ts'
import { isWildcard, parseAddress, unmapped, WILDCARD_V4, WILDCARD_V6 } from './address.ts'
import type { Family } from './address.ts'
import type { Reservations } from './port-reservations.ts'

/** The ephemeral range of Linux, as in `net.ipv4.ip_local_port_range`. */
export const EPHEMERAL_PORTS: { readonly first: number; readonly last: number } = Object.freeze({
  first: 32768,
  last: 60999,
})

/** Ports below this one need privilege. */
const FIRST_UNPRIVILEGED_PORT = 1024

interface Binding {
  readonly listener: Listener
  readonly ipv6Only: boolean
  readonly reusePort: boolean
}

/**
 * Who has which TCP port of a stack. The rules are those of Linux: a port belongs to an address; a wildcard conflicts
 * with every address of its family; the IPv6 wildcard conflicts with IPv4 too unless it is `ipv6Only`.
 */
export class PortTable {
  readonly #bindings = new Map<number, Binding[]>()
  /** Local ports of connections that this stack has opened, with how many use each. */
  readonly #outgoing = new Map<number, number>()
  #nextEphemeral = EPHEMERAL_PORTS.first
  #reservations: Reservations | undefined

  /** Shares the ports with other threads of the guest. */
  share(reservations: Reservations): void {
    this.#reservations = reservations
    for (const port of this.#bindings.keys()) reservations.take(port)
  }

  /**
   * Binds a port.
   *
   * @param request - its `address` is one that the stack has
   * @param onClosed - called when the listener is disposed of
   */
  listen(request: ListenRequest, onClosed: (listener: Listener) => void): Listener | ErrnoCode {
    const { address, ipv6Only = false, reusePort = false, isReserved = false } = request
    const { family } = parseAddress(address)!
    if (request.port > 0 && request.port < FIRST_UNPRIVILEGED_PORT && !request.privileged) return 'EACCES'
    const bindable = (port: number): boolean =>
      !(this.#bindings.get(port) ?? []).some(
        (other) =>
          !(reusePort && other.reusePort) &&
          overlaps({ address, family, ipv6Only }, { ...other.listener, ipv6Only: other.ipv6Only }),
      )
    const port = request.port === 0 ? this.#findEphemeral(bindable) : request.port
    if (port === undefined || !bindable(port)) return 'EADDRINUSE'
    if (!isReserved && !reusePort && this.#reservations?.take(port) === false) return 'EADDRINUSE'

    const listener: Listener = {
      address,
      port,
      family,
      ephemeral: request.isEphemeral ?? request.port === 0,
      accept: request.accept,
      acceptNative: request.acceptNative,
      [Symbol.dispose]: () => {
        const bindings = this.#bindings.get(port)
        const index = bindings?.findIndex((binding) => binding.listener === listener) ?? -1
        if (bindings === undefined || index === -1) return
        bindings.splice(index, 1)
        if (bindings.length === 0) {
          this.#bindings.delete(port)
          this.#reservations?.release(port)
        }
        onClosed(listener)
      },
    }
    const bindings = this.#bindings.get(port)
    if (bindings === undefined) this.#bindings.set(port, [{ listener, ipv6Only, reusePort }])
    else bindings.push({ listener, ipv6Only, reusePort })
    return listener
  }

  /**
   * Who hears connections to an address and port. Listeners that share a port take turns.
   *
   * @param address - in canonical form
   */
  find(address: string, port: number): Listener | undefined {
    const bindings = this.#bindings.get(port)
    if (bindings === undefined) return undefined
    const target = unmapped(parseAddress(address)!)
    const hears = [
      (binding: Binding) => binding.listener.address === target.address,
      (binding: Binding) => target.family === 4 && binding.listener.address === WILDCARD_V4,
      (binding: Binding) => binding.listener.address === WILDCARD_V6 && (target.family === 6 || !binding.ipv6Only),
    ]
    for (const test of hears) {
      const index = bindings.findIndex(test)
      if (index === -1) continue
      const binding = bindings[index]!
      if (binding.reusePort) bindings.push(...bindings.splice(index, 1))
      return binding.listener
    }
    return undefined
  }

  /** Who hears connections to a port, whatever the address: published ports lead there. */
  findByPort(port: number): Listener | undefined {
    return this.find(WILDCARD_V4, port) ?? this.#bindings.get(port)?.[0]?.listener
  }

  /**
   * Who hears what is sent to all at a port: all that listen at an address, or at the wildcards that comprise it.
   *
   * @param address - of a group, or one that stands for all of a network
   */
  findAll(address: string, port: number): Listener[] {
    const isFour = !address.includes(':')
    return (this.#bindings.get(port) ?? [])
      .filter(({ listener, ipv6Only }) => {
        if (listener.address === address) return true
        return isFour && listener.address === WILDCARD_V4
          ? true
          : listener.address === WILDCARD_V6 && !(isFour && ipv6Only)
      })
      .map(({ listener }) => listener)
  }

  /** All listeners, in the order of their ports. */
  listeners(): Listener[] {
    return [...this.#bindings.entries()]
      .sort(([a], [b]) => a - b)
      .flatMap(([, bindings]) => bindings.map((binding) => binding.listener))
  }

  /**
   * Takes a local port for a connection that is opened.
   *
   * @param wanted - what the guest asked for, 0 for any
   * @returns the port, to be given back with {@link PortTable.release}
   */
  acquire(wanted: number): number | ErrnoCode {
    const port = wanted === 0 ? this.#findEphemeral((port) => !this.#bindings.has(port)) : wanted
    if (port === undefined) return 'EADDRNOTAVAIL'
    if (wanted !== 0 && this.#bindings.has(wanted)) return 'EADDRINUSE'
    this.#outgoing.set(port, (this.#outgoing.get(port) ?? 0) + 1)
    return port
  }

  /** Gives a local port back. */
  release(port: number): void {
    const users = this.#outgoing.get(port) ?? 0
    if (users <= 1) this.#outgoing.delete(port)
    else this.#outgoing.set(port, users - 1)
  }

  #findEphemeral(usable: (port: number) => boolean): number | undefined {
    const { first, last } = EPHEMERAL_PORTS
    for (let tries = last - first; tries >= 0; tries--) {
      const port = this.#nextEphemeral
      this.#nextEphemeral = port === last ? first : port + 1
      if (!this.#outgoing.has(port) && usable(port) && this.#reservations?.isFree(port) !== false) return port
    }
    return undefined
  }
}

interface Bound {
  readonly address: string
  readonly family: Family
  readonly ipv6Only: boolean
}

function overlaps(a: Bound, b: Bound): boolean {
  if (a.family === b.family) return a.address === b.address || isWildcard(a.address) || isWildcard(b.address)
  const six = a.family === 6 ? a : b
  return six.address === WILDCARD_V6 && !six.ipv6Only
}

import type { ErrnoCode } from '@libvisor/abi'
import type { Datagram, DatagramBinding, DatagramRequest, Membership } from '../types.ts'
import { isMulticast } from './address.ts'
import type { Endpoint } from './address.ts'
import type { Reservations } from './port-reservations.ts'
import { PortTable } from './port-table.ts'

/** An interface of a stack: its loopback, or its way to the others. */
export type Interface = 'loopback' | 'network'

/** A group that a socket has joined. */
interface Joined {
  readonly group: string
  readonly via: Interface
  /** From whom alone it is heard; empty for everybody. */
  readonly sources: Set<string>
}

interface Receiver {
  readonly receive: (datagram: Datagram) => void
  readonly joined: Joined[]
}

/** Says which interface an address belongs to, `undefined` for a foreign one. */
export type FindInterface = (address: string | undefined) => Interface | undefined

/** Who has which UDP port of a stack. The rules of ports are those of TCP, in a space of their own. */
export class DatagramTable {
  readonly #ports = new PortTable()
  readonly #receivers = new Map<object, Receiver>()
  readonly #findInterface: FindInterface

  constructor(findInterface: FindInterface) {
    this.#findInterface = findInterface
  }

  /** Shares the ports with other threads of the guest. */
  share(reservations: Reservations): void {
    this.#ports.share(reservations)
  }

  /** Binds a port. */
  bind(request: DatagramRequest): DatagramBinding | ErrnoCode {
    const { receive, reuseAddress = false, ...rest } = request
    const listener = this.#ports.listen({ ...rest, reusePort: reuseAddress, accept() {} }, (closed) => {
      this.#receivers.delete(closed)
    })
    if (typeof listener === 'string') return listener
    const receiver: Receiver = { receive, joined: [] }
    this.#receivers.set(listener, receiver)
    const { address, port } = listener
    return {
      address,
      port,
      join: (membership) => this.#join(receiver, membership),
      leave: (membership) => this.#leave(receiver, membership),
      [Symbol.dispose]: () => listener[Symbol.dispose](),
    }
  }

  /** @returns whether anybody hears it */
  deliver(destination: Endpoint, datagram: Datagram): boolean {
    const listener = this.#ports.find(destination.address, destination.port)
    if (listener === undefined) return false
    this.#receivers.get(listener)?.receive(datagram)
    return true
  }

  /** Delivers what is for all addresses of a network. */
  deliverToAll(destination: Endpoint, datagram: Datagram): void {
    for (const listener of this.#ports.findAll(destination.address, destination.port)) {
      this.#receivers.get(listener)?.receive(datagram)
    }
  }

  /**
   * Delivers what is for a group. As on Linux, a socket hears a group that any other of the stack has joined there, unless
   * it has joined it itself for other sources.
   *
   * @param via - the interface on which it arrives
   * @source Linux `net/ipv4/igmp.c`, ip_check_mc_rcu and ip_mc_sf_allow, with IP_MULTICAST_ALL
   */
  deliverToGroup(destination: Endpoint, via: Interface, datagram: Datagram): void {
    const { address } = destination
    const { address: source } = datagram.source
    const find = ({ joined }: Receiver): Joined | undefined =>
      joined.find((entry) => entry.group === address && entry.via === via)
    const isHeard = (entry: Joined): boolean => entry.sources.size === 0 || entry.sources.has(source)
    const isJoined = [...this.#receivers.values()].some((receiver) => {
      const entry = find(receiver)
      return entry !== undefined && isHeard(entry)
    })
    if (!isJoined) return
    for (const listener of this.#ports.findAll(address, destination.port)) {
      const receiver = this.#receivers.get(listener)
      const entry = receiver && find(receiver)
      if (entry === undefined || isHeard(entry)) receiver?.receive(datagram)
    }
  }

  /** What is bound. */
  bound(): Endpoint[] {
    return this.#ports.listeners().map(({ address, port }) => ({ address, port }))
  }

  /** Frees all ports. */
  clear(): void {
    for (const listener of this.#ports.listeners()) listener[Symbol.dispose]()
  }

  #join({ joined }: Receiver, { group, interfaceAddress, source }: Membership): ErrnoCode | undefined {
    if (!isMulticast(group)) return 'EINVAL'
    const via = this.#findInterface(interfaceAddress)
    if (via === undefined) return 'ENODEV'
    const known = joined.find((entry) => entry.group === group && entry.via === via)
    if (known === undefined) {
      joined.push({ group, via, sources: new Set(source === undefined ? [] : [source]) })
      return undefined
    }
    if (source === undefined) return 'EADDRINUSE'
    if (known.sources.has(source)) return 'EADDRNOTAVAIL'
    known.sources.add(source)
    return undefined
  }

  #leave({ joined }: Receiver, { group, interfaceAddress, source }: Membership): ErrnoCode | undefined {
    const via = this.#findInterface(interfaceAddress)
    if (via === undefined) return 'ENODEV'
    const index = joined.findIndex((entry) => entry.group === group && entry.via === via)
    const known = joined[index]
    if (known === undefined) return source === undefined ? 'EADDRNOTAVAIL' : 'EINVAL'
    if (source !== undefined) {
      if (!known.sources.delete(source)) return 'EADDRNOTAVAIL'
      if (known.sources.size > 0) return undefined
    }
    joined.splice(index, 1)
    return undefined
  }
}

import type { ErrnoCode } from '@libvisor/abi'
import type { SocketFiles } from '@libvisor/core'
import type {
  Accept,
  ConnectRequest,
  ConnectResult,
  Datagram,
  DatagramBinding,
  DatagramRequest,
  GroupSendOptions,
  Listener,
  ListenerInfo,
  ListenRequest,
  NetStackEvent,
  PathListener,
  StackPort,
  SwitchPort,
} from '../types.ts'
import {
  isLoopback,
  isMulticast,
  isWildcard,
  LOOPBACK_V4,
  LOOPBACK_V6,
  parseAddress,
  parseNetwork,
  plain,
  reachable,
  unmapped,
  WILDCARD_V4,
} from './address.ts'
import type { Endpoint, Network } from './address.ts'
import { joinInMemory } from './connection.ts'
import type { Connection } from './connection.ts'
import { DatagramTable } from './datagram-table.ts'
import type { Interface } from './datagram-table.ts'
import type { LinkTimers } from './link-direction.ts'
import { OpenConnections } from './open-connections.ts'
import { PeerLinks } from './peer-links.ts'
import { connectionRow, waitingRow } from './socket-rows.ts'
import type { SocketRow } from './socket-rows.ts'
import { HostTable } from './host-table.ts'
import type { HostsText } from './host-table.ts'
import { PathTable } from './path-table.ts'
import type { PortReservations } from './port-reservations.ts'
import { PortTable } from './port-table.ts'
import type { SharedBinding } from './switch-protocol.ts'

/** How a network stack is made. */
export interface NetStackOptions {
  /** The guest's own name. @defaultValue `'localhost'` */
  readonly hostname?: string
  /** More names and their addresses, as in `/etc/hosts`. @defaultValue none */
  readonly hosts?: Readonly<Record<string, string | readonly string[]>>
  /** How time passes on links that are not perfect. @defaultValue it does not: they differ in what is refused and lost alone */
  readonly timers?: LinkTimers
  /** Reads the hosts file as it is now: what it says counts before `hosts`. @defaultValue there is none */
  readonly hostsText?: HostsText
  /** The way to other guests. @defaultValue none: the stack has its loopback only */
  readonly switchPort?: SwitchPort
  /** The way to the stack of the guest's first thread, of which this one is a part. @defaultValue none */
  readonly parent?: StackPort
  /** The guest's file system, for unix sockets; asked at each use. @defaultValue none: they are in memory */
  readonly socketFiles?: () => SocketFiles | undefined
}

/**
 * The network stack of one namespace: its loopback, ports, names and unix sockets, and its way to other stacks.
 *
 * Nothing here waits, schedules or knows Node: calls that take a callback may call it before they return.
 */
export class NetStack implements Disposable {
  readonly hostname: string
  /** The addresses beside loopback, in canonical form. */
  readonly addresses: readonly string[]
  /** The block of addresses of its switch, empty where it has none. */
  readonly network: string
  readonly #hosts: HostTable
  readonly #network: Network | undefined
  readonly #switchPort: SwitchPort | undefined
  readonly #parent: StackPort | undefined
  readonly #ports = new PortTable()
  readonly #paths: PathTable
  readonly #datagrams = new DatagramTable((address) => this.#interfaceOf(address))
  readonly #resources = new Set<Disposable>()
  readonly #connections = new OpenConnections((port) => this.#ports.release(port))
  /** What has the guest's first thread pass on what arrives at a listener. */
  readonly #shared = new WeakMap<Listener, Disposable>()
  readonly #unheard = new Set<() => void>()
  readonly #watchers = new Set<(event: NetStackEvent) => void>()
  /** Only where a link was ever not perfect. */
  #links: PeerLinks | undefined

  constructor(options: NetStackOptions = {}) {
    const { hostname = 'localhost', hosts = {}, hostsText, parent, socketFiles = () => undefined } = options
    const switchPort = parent ?? options.switchPort
    const { address = '', network = '' } = switchPort ?? {}
    this.hostname = hostname
    this.#switchPort = switchPort
    this.#parent = parent
    this.network = network
    this.#network = network === '' ? undefined : parseNetwork(network)
    this.addresses = Object.freeze(address === '' ? [] : [address])
    this.#paths = new PathTable(socketFiles)
    this.#hosts = new HostTable({
      hostname,
      ownAddress: this.addresses[0] ?? LOOPBACK_V4,
      hosts,
      switchPort,
      hostsText,
    })
    if (parent !== undefined) this.share(parent.reservations)
    switchPort?.onLinks?.((links) => {
      this.#links ??= new PeerLinks(options.timers)
      this.#links.update(links)
      for (const connection of this.#connections) this.#links.carry(connection)
    })
    switchPort?.answer(
      (_source, destination) => {
        const listener = this.#findListener(destination)
        return listener === undefined ? 'ECONNREFUSED' : (connection) => this.#accept(listener, connection)
      },
      (destination, datagram) => this.#receive(destination, datagram),
    )
  }

  /**
   * Whether an address is inside the guests' network: the stack's own, or one of the switch's. All others are egress.
   *
   * @param address - an IP address in any spelling
   */
  covers(address: string): boolean {
    const target = plain(address)
    return this.isOwn(target) || (this.#network?.contains(target) ?? false)
  }

  /**
   * Whether datagrams to an address stay inside the guests' network, where groups and what is for all of a network lead, too.
   *
   * @param address - an IP address in any spelling
   */
  coversDatagrams(address: string): boolean {
    const target = plain(address)
    return isMulticast(target) || this.isBroadcast(target) || this.covers(target)
  }

  /** Whether an address stands for all of a network. @param address - an IP address in any spelling */
  isBroadcast(address: string): boolean {
    const target = plain(address)
    return target === BROADCAST || target === LOOPBACK_BROADCAST || target === this.#network?.broadcast
  }

  /** Whether an address leads to the stack itself. @param address - in canonical form */
  isOwn(address: string): boolean {
    return isLoopback(address) || isWildcard(address) || this.addresses.includes(address)
  }

  /**
   * Listens on a TCP port.
   *
   * @param request - what to bind
   * @returns the listener, or why not: EADDRINUSE, EADDRNOTAVAIL, EACCES, EINVAL
   */
  listen(request: ListenRequest): Listener | ErrnoCode {
    const parsed = parseAddress(request.address)
    if (parsed === undefined) return 'EINVAL'
    if (!this.isOwn(unmapped(parsed).address)) return 'EADDRNOTAVAIL'
    const onClosed = (closed: Listener): void => {
      this.#shared.get(closed)?.[Symbol.dispose]()
      this.#tell('closed', closed)
    }
    const listen = (): Listener | ErrnoCode => this.#ports.listen({ ...request, address: parsed.address }, onClosed)
    const listener = this.#caughtUp(listen, isTaken)
    if (typeof listener === 'string') return listener
    const shared = this.#shareBinding('tcp', listener, {
      ...request,
      isReusable: request.reusePort === true,
      isEphemeral: listener.ephemeral,
    })
    if (shared !== undefined) this.#shared.set(listener, shared)
    this.#tell('listening', listener)
    return listener
  }

  /** Listens on a unix socket. */
  listenPath(path: string, accept: Accept): PathListener | ErrnoCode {
    return this.#paths.listen(path, accept)
  }

  /**
   * Connects inside the guests' network.
   *
   * @param request - a destination that the stack {@link NetStack.covers}
   * @param done - called with the client's end, or with why there is none
   */
  connect(request: ConnectRequest, done: (result: ConnectResult) => void): void {
    const { local = {} } = request
    const destination = { address: reachable(plain(request.destination.address)), port: request.destination.port }
    const port = this.#ports.acquire(local.port ?? 0)
    if (typeof port === 'string') return done(port)
    const source = { address: this.#sourceFor(destination.address, local.address), port }
    const finish = (result: ConnectResult): void => {
      if (typeof result === 'string') this.#ports.release(port)
      else this.#track(result, true)
      done(result)
    }
    const isOwn = this.isOwn(destination.address)
    const listener = isOwn ? this.#findListener(destination) : undefined
    if (listener === undefined) {
      // What no server of this thread hears, one of another thread may.
      const way = isOwn ? this.#parent : this.#switchPort
      if (way === undefined) return finish(isOwn ? 'ECONNREFUSED' : 'ENETUNREACH')
      if (isOwn || this.#links === undefined) return way.connect(source, destination, finish)
      return this.#links.connect(destination.address, (opened) => way.connect(source, destination, opened), finish)
    }
    const [client, server] = joinInMemory(source, destination)
    this.#accept(listener, server)
    finish(client)
  }

  /** Connects to a unix socket. */
  connectPath(path: string, done: (result: ConnectResult) => void): void {
    const listener = this.#paths.find(path)
    if (listener === 'ECONNREFUSED' && this.#parent !== undefined) {
      return this.#parent.connectPath(path, (result) => {
        if (typeof result !== 'string') this.#track(result)
        done(result)
      })
    }
    if (typeof listener === 'string') return done(listener)
    const [client, server] = joinInMemory({ address: '', port: 0 }, { address: path, port: 0 })
    this.#track(server)
    listener.accept(server)
    this.#track(client)
    done(client)
  }

  /**
   * Binds a UDP port.
   *
   * @returns the binding, or why not
   */
  bindDatagrams(request: DatagramRequest): DatagramBinding | ErrnoCode {
    const parsed = parseAddress(request.address)
    if (parsed === undefined) return 'EINVAL'
    const { address } = unmapped(parsed)
    if (!this.isOwn(address) && !isMulticast(address) && !this.isBroadcast(address)) return 'EADDRNOTAVAIL'
    const bind = (): DatagramBinding | ErrnoCode => this.#datagrams.bind({ ...request, address: parsed.address })
    const binding = this.#caughtUp(bind, isTaken)
    if (typeof binding === 'string') return binding
    const shared = this.#shareBinding('udp', binding, { ...request, isReusable: request.reuseAddress === true })
    if (shared === undefined) return binding
    return {
      ...binding,
      [Symbol.dispose]() {
        binding[Symbol.dispose]()
        shared[Symbol.dispose]()
      },
    }
  }

  /**
   * Sends a datagram inside the guests' network.
   *
   * @param bound - the sender's port
   * @param destination - an address that the stack {@link NetStack.coversDatagrams}
   * @param options - for a group
   * @returns whether anybody of this stack hears it, `undefined` when others may
   */
  sendDatagram(
    bound: Endpoint,
    destination: Endpoint,
    bytes: Uint8Array,
    options: GroupSendOptions = {},
  ): boolean | undefined {
    const target = { address: reachable(plain(destination.address)), port: destination.port }
    const local = plain(bound.address)
    if (isMulticast(target.address)) return this.#sendToGroup({ ...bound, address: local }, target, bytes, options)
    if (this.isBroadcast(target.address)) {
      const isLocal = target.address === LOOPBACK_BROADCAST || isLoopback(local)
      const source = { address: isLocal ? LOOPBACK_V4 : this.#sourceFor(target.address, local), port: bound.port }
      this.#datagrams.deliverToAll(target, { source, bytes })
      if (!isLocal) this.#switchPort?.send(target, { source, bytes })
      return undefined
    }
    const source = { address: this.#sourceFor(target.address, local), port: bound.port }
    if (this.isOwn(target.address)) {
      const deliver = (): boolean => this.#datagrams.deliver(target, { source, bytes })
      const isHeard = this.#caughtUp(deliver, (heard) => !heard)
      if (isHeard || this.#parent === undefined) return isHeard
    }
    const send = (): void => this.#switchPort?.send(target, { source, bytes })
    if (this.#links === undefined) send()
    else this.#links.send(target.address, bytes.length, send)
    return undefined
  }

  /**
   * The addresses of a name that the guests' network knows: the hosts file first, then the switch.
   *
   * @param done - called with an empty list when the name is not known here
   */
  lookup(name: string, done: (addresses: readonly string[]) => void): void {
    this.#hosts.lookup(name, done)
  }

  /** The name of an address that the guests' network knows. */
  reverse(address: string, done: (name: string | undefined) => void): void {
    this.#hosts.reverse(plain(address), done)
  }

  /** What is listened on, in the order of the ports. */
  listeners(): ListenerInfo[] {
    return this.#ports.listeners().map(describe)
  }

  /** All that is open: sockets for datagrams, servers, then connections. */
  sockets(): SocketRow[] {
    return [
      ...this.#datagrams.bound().map((bound) => waitingRow('udp', bound)),
      ...this.#ports.listeners().map((listener) => waitingRow('tcp', listener)),
      ...this.#paths.listeners().map(({ path }) => waitingRow('unix', { address: path, port: 0 })),
      ...Array.from(this.#connections).flatMap(connectionRow),
    ]
  }

  /** Who hears connections to a port from outside, whatever address it listens on. */
  listenerOf(port: number): Listener | undefined {
    return this.#ports.findByPort(port)
  }

  /**
   * Has what other threads of the guest have said heard at once, before something is refused.
   *
   * @param hear - takes the messages that have arrived
   * @returns ends that
   */
  catchUpWith(hear: () => void): Disposable {
    this.#unheard.add(hear)
    return { [Symbol.dispose]: () => void this.#unheard.delete(hear) }
  }

  /** Shares the ports with other threads of the guest. */
  share({ tcp, udp }: PortReservations): void {
    this.#ports.share(tcp)
    this.#datagrams.share(udp)
  }

  /**
   * Tells when a port is listened on and when no longer.
   *
   * @param watcher - called in the call that changes it
   * @returns stops telling
   */
  watch(watcher: (event: NetStackEvent) => void): Disposable {
    this.#watchers.add(watcher)
    return { [Symbol.dispose]: () => void this.#watchers.delete(watcher) }
  }

  /**
   * Registers what must be closed with the stack, such as a connection of the host's kernel.
   *
   * @returns takes the registration back
   */
  own(resource: Disposable): () => void {
    this.#resources.add(resource)
    return () => void this.#resources.delete(resource)
  }

  /** Closes all listeners, resets all connections and leaves the switch. Doing so again does nothing. */
  [Symbol.dispose](): void {
    for (const listener of this.#ports.listeners()) listener[Symbol.dispose]()
    for (const listener of this.#paths.listeners()) listener[Symbol.dispose]()
    this.#datagrams.clear()
    // Sockets are closed first, as the kernel closes a process's: what they have written is still read.
    for (const resource of [...this.#resources].reverse()) resource[Symbol.dispose]()
    this.#resources.clear()
    this.#connections[Symbol.dispose]()
    this.#links?.leave()
    this.#watchers.clear()
    this.#switchPort?.[Symbol.dispose]()
  }

  /** Has the guest's first thread pass on what arrives at a port of this one. */
  #shareBinding(
    protocol: SharedBinding['protocol'],
    { address, port }: Endpoint,
    { ipv6Only = false, isReusable, isEphemeral = false }: Omit<SharedBinding, 'address' | 'port' | 'protocol'>,
  ): Disposable | undefined {
    const binding = { protocol, address, port, ipv6Only, isReusable: isReusable === true, isEphemeral }
    return this.#parent?.bind(binding)
  }

  /** What another thread of the guest has said and nobody has heard yet may be that it listens there, or does so no longer. */
  #caughtUp<Result>(look: () => Result, mayBeLate: (result: Result) => boolean): Result {
    const result = look()
    if (this.#unheard.size === 0 || !mayBeLate(result)) return result
    for (const hear of [...this.#unheard]) hear()
    return look()
  }

  /** A group is sent to by one interface: that which was chosen, that of the sender's address, or the way to the others. */
  #sendToGroup(bound: Endpoint, target: Endpoint, bytes: Uint8Array, options: GroupSendOptions): undefined {
    const { interfaceAddress, loopback = true, staysHere = false } = options
    const via = this.#interfaceOf(interfaceAddress ?? bound.address) ?? 'network'
    const isLocal = via === 'loopback'
    const address = isLocal
      ? LOOPBACK_V4
      : this.#sourceFor(target.address, isMulticast(bound.address) ? undefined : bound.address)
    const source = { address: isLocal && target.address.includes(':') ? LOOPBACK_V6 : address, port: bound.port }
    if (loopback) this.#datagrams.deliverToGroup(target, via, { source, bytes })
    if (!isLocal && !staysHere) this.#switchPort?.send(target, { source, bytes })
  }

  #receive(destination: Endpoint, datagram: Datagram): void {
    const { address } = destination
    const isGroup = isMulticast(address)
    if (!isGroup && !this.isBroadcast(address)) return void this.#datagrams.deliver(destination, datagram)
    const deliver = (): void => {
      if (isGroup) this.#datagrams.deliverToGroup(destination, 'network', datagram)
      else this.#datagrams.deliverToAll(destination, datagram)
    }
    if (this.#links === undefined) deliver()
    else this.#links.receive(datagram.source.address, datagram.bytes.length, deliver)
  }

  /** @param address - of the interface; left out, or a wildcard, for that by which datagrams leave */
  #interfaceOf(address: string | undefined): Interface | undefined {
    const target = address === undefined ? WILDCARD_V4 : plain(address)
    if (isLoopback(target)) return 'loopback'
    if (isWildcard(target) || isMulticast(target)) return this.#switchPort === undefined ? 'loopback' : 'network'
    return this.addresses.includes(target) ? 'network' : undefined
  }

  #findListener({ address, port }: Endpoint): Listener | undefined {
    return this.#caughtUp(() => this.#ports.find(address, port), isMissing)
  }

  #accept(listener: Listener, connection: Connection): void {
    this.#track(connection)
    listener.accept(connection)
  }

  /** Holds a connection until it is over. */
  #track(connection: Connection, beganHere = false): void {
    this.#links?.carry(connection)
    this.#connections.hold(connection, beganHere)
  }

  /** The local address of a connection, as the kernel's routes would give it. */
  #sourceFor(destination: string, bound: string | undefined): string {
    if (bound !== undefined && !isWildcard(bound)) return bound
    if (destination.startsWith('127.')) return LOOPBACK_V4
    if (this.isOwn(destination)) return destination
    return this.addresses[0] ?? LOOPBACK_V4
  }

  #tell(type: NetStackEvent['type'], listener: Listener): void {
    const event = { type, listener: describe(listener), ephemeral: listener.ephemeral }
    for (const watcher of [...this.#watchers]) watcher(event)
  }
}

/**
 * Makes a network stack.
 *
 * @param options - its names, and its way to other stacks
 * @returns the stack; disposing of it closes all that it holds
 * @example
 * ```ts
 * import { createNetStack } from '@libvisor/net'
 * import assert from 'node:assert/strict'
 *
 * using stack = createNetStack({ hostname: 'api', hosts: { db: '10.0.0.5' } })
 * const listener = stack.listen({ address: '0.0.0.0', port: 3000, privileged: false, accept() {} })
 * assert.equal(typeof listener === 'object' && listener.port, 3000)
 * assert.equal(stack.listen({ address: '127.0.0.1', port: 3000, privileged: false, accept() {} }), 'EADDRINUSE')
 * assert.deepEqual(stack.listeners(), [{ address: '0.0.0.0', port: 3000, family: 4 }])
 * stack.lookup('db', (addresses) => assert.deepEqual(addresses, ['10.0.0.5']))
 * ```
 */
export function createNetStack(options?: NetStackOptions): NetStack {
  return new NetStack(options)
}

const isMissing = (result: unknown): boolean => result === undefined
const isTaken = (result: unknown): boolean => result === 'EADDRINUSE'

/** For all of the network at hand. @source RFC 919 */
const BROADCAST = '255.255.255.255'
const LOOPBACK_BROADCAST = '127.255.255.255'

function describe({ address, port, family }: Listener): ListenerInfo {
  return { address, port, family }
}

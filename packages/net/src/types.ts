import type { ErrnoCode } from '@libvisor/abi'
import type { Endpoint, Family } from './state/address.ts'
import type { Connection } from './state/connection.ts'
import type { PeerLink } from './state/link-shape.ts'
import type { PortReservations } from './state/port-reservations.ts'
import type { SharedBinding } from './state/switch-protocol.ts'

/** Receives what a listener accepts. */
export type Accept = (connection: Connection) => void

/** What came of an attempt to connect. */
export type ConnectResult = Connection | ErrnoCode

/** Asks for a TCP port. */
export interface ListenRequest {
  /** In canonical form; a wildcard for all addresses of its family. */
  readonly address: string
  /** 0 for a free one of the ephemeral range. */
  readonly port: number
  /** Whether the IPv6 wildcard leaves IPv4 alone. */
  readonly ipv6Only?: boolean
  /** Whether several listeners may share the port and take turns. */
  readonly reusePort?: boolean
  /** Whether the port has been taken already, for another thread of the guest. @defaultValue `false` */
  readonly isReserved?: boolean
  /** Whether that thread has left the choice of the port to the stack. @defaultValue whether `port` is 0 */
  readonly isEphemeral?: boolean
  /** Whether the guest may use ports under 1024. */
  readonly privileged: boolean
  readonly accept: Accept
  /** Takes over a connection that the host's kernel has accepted for a published port. */
  readonly acceptNative?: (handle: object) => void
}

/** A TCP port that is listened on. Disposing of it frees the port. */
export interface Listener extends Disposable {
  readonly address: string
  readonly port: number
  readonly family: Family
  /** Whether the guest left the choice of the port to the stack. */
  readonly ephemeral: boolean
  readonly accept: Accept
  readonly acceptNative: ((handle: object) => void) | undefined
}

/** A unix socket that is listened on. Disposing of it removes the socket. */
export interface PathListener extends Disposable {
  readonly path: string
  readonly accept: Accept
  /** Sets the permissions of the socket file. @returns why not */
  chmod(mode: number): ErrnoCode | undefined
}

/** A listener as a table of guests shows it. */
export interface ListenerInfo {
  readonly address: string
  readonly port: number
  readonly family: Family
}

/** What a stack tells those who watch it. */
export interface NetStackEvent {
  readonly type: 'closed' | 'listening'
  readonly listener: ListenerInfo
  /** Whether the guest left the choice of the port to the stack: nobody else can know it beforehand. */
  readonly ephemeral: boolean
}

/** Asks for a connection inside the guests' network. */
export interface ConnectRequest {
  readonly destination: Endpoint
  /** What the guest has bound, if it did. */
  readonly local?: { readonly address?: string; readonly port?: number }
}

/** A piece of data that travels by itself. */
export interface Datagram {
  readonly source: Endpoint
  readonly bytes: Uint8Array
}

/** Asks for a UDP port. */
export interface DatagramRequest extends Pick<
  ListenRequest,
  'address' | 'ipv6Only' | 'isReserved' | 'port' | 'privileged'
> {
  /** Whether others that say so too may bind the same port. */
  readonly reuseAddress?: boolean
  readonly receive: (datagram: Datagram) => void
}

/** A membership in a group of multicast. */
export interface Membership {
  readonly group: string
  /** An address of the interface by which the group is joined. @defaultValue the one that datagrams leave by */
  readonly interfaceAddress?: string
  /** From whom alone the group is heard. @defaultValue everybody */
  readonly source?: string
}

/** A UDP port that is bound. Disposing of it frees the port. */
export interface DatagramBinding extends Disposable, Endpoint {
  /** Joins a group. @returns why not: EINVAL, ENODEV, EADDRINUSE, EADDRNOTAVAIL */
  join(membership: Membership): ErrnoCode | undefined
  /** Leaves a group, or with a source stops hearing that one. @returns why not: EINVAL, ENODEV, EADDRNOTAVAIL */
  leave(membership: Membership): ErrnoCode | undefined
}

/** How a datagram for a group is sent. */
export interface GroupSendOptions {
  /** An address of the interface by which it leaves. @defaultValue that of the socket, or of the network */
  readonly interfaceAddress?: string | undefined
  /** Whether members of the sender's own stack hear it. @defaultValue `true` */
  readonly loopback?: boolean
  /** Whether it stays in the sender's stack. @defaultValue `false` */
  readonly staysHere?: boolean
}

/** An answer that has to be fetched from another process. */
export interface PendingAnswer {
  /** @param done - called once, with the answer */
  settle(done: (answer: Accept | ErrnoCode) => void): void
}

/**
 * Answers a connection that arrives by the switch: with what takes it over, with why it is refused, or later.
 */
export type Acceptor = (source: Endpoint, destination: Endpoint) => Accept | ErrnoCode | PendingAnswer

/**
 * A stack's way to the other stacks of a switch: in memory where both are in one thread, by message ports between
 * threads, by a stream such as a unix socket between processes. All have the same conformance suite.
 */
export interface SwitchPort extends Disposable {
  /** The stack's address in the switch's network. */
  readonly address: string
  /** The block of addresses that the switch serves, such as `10.88.0.0/16`. */
  readonly network: string
  /**
   * Asks which address a name of the switch has.
   *
   * @param done - called with `undefined` when no stack has that name
   */
  lookup(name: string, done: (address: string | undefined) => void): void
  /** Asks which name an address of the switch has. */
  reverse(address: string, done: (name: string | undefined) => void): void
  /** Connects to another stack. */
  connect(source: Endpoint, destination: Endpoint, done: (result: ConnectResult) => void): void
  /** Sends a datagram to another stack, or to all others where it is for all or for a group. Nobody says whether it arrives. */
  send(destination: Endpoint, datagram: Datagram): void
  /** Says who answers the connections that arrive, and who gets the datagrams. */
  answer(acceptor: Acceptor, receive: (destination: Endpoint, datagram: Datagram) => void): void
  /** Says who hears how the links to others are, whenever that changes. Absent where all are perfect. */
  onLinks?(hear: (links: readonly PeerLink[]) => void): void
}

/** The way of a further thread of a guest to the guest's stack, in the thread that has made it. */
export interface StackPort extends SwitchPort {
  /** The ports that the threads of the guest have bound. */
  readonly reservations: PortReservations
  /** Has what arrives at a port passed on. @returns ends that */
  bind(binding: SharedBinding): Disposable
  /** Connects to a unix socket. */
  connectPath(path: string, done: (result: ConnectResult) => void): void
}

import type { ErrnoCode } from '@libvisor/abi'
import { deliver, ownerHere, slots, unsupported } from '@libvisor/core'
import type { Namespace, Owner } from '@libvisor/core'
import { isWildcard, parseAddress, shownAs, WILDCARD_V4, WILDCARD_V6 } from '../state/address.ts'
import type { Endpoint, Family } from '../state/address.ts'
import { netStack } from '../slot.ts'
import { Liveness } from './liveness.ts'
import type { Datagram, DatagramBinding, GroupSendOptions } from '../types.ts'
import { valueBehind } from './bound-session.ts'
import { DatagramEgress } from './datagram-egress.ts'
import { createAsyncId } from './node-internals.native.ts'
import type { SocketName } from './node-internals.native.ts'
import { TrackedHandle } from './open-handles.ts'
import { copyAlone } from './written-pieces.ts'

/** libuv's flags of `bind`. */
const UV_UDP_IPV6ONLY = 1
const UV_UDP_REUSEADDR = 4
const UV_UDP_REUSEPORT = 64

/** The longest datagram of IPv4. @units bytes */
const LONGEST_BYTES = 65_507

/** What a kernel has by default. @units bytes */
const BUFFER_BYTES = 212_992

/** What Node's `dgram` completes when a datagram has been sent. */
interface SendRequest {
  readonly callback?: (error: Error) => void
  readonly oncomplete?: (status: number, sizeBytes: number) => void
}

const bufferFrom = Buffer.from
const concat = Buffer.concat

/** The handle of a virtual UDP socket: all that Node's `dgram` calls on one of libuv's. */
export class DatagramHandle {
  /** Set by Node. `size` is negative when receiving has failed. */
  onmessage: ((size: number, handle: object, bytes?: Uint8Array, from?: object) => void) | undefined
  onerror: unknown
  readonly #ns: Namespace
  readonly #owner: Owner
  readonly #family: Family
  readonly #asyncId = createAsyncId('UDPWRAP')
  #binding: DatagramBinding | undefined
  #peer: Endpoint | undefined
  #closed = false
  #egress: DatagramEgress | undefined
  #tracked: TrackedHandle | undefined
  readonly #liveness: Liveness
  #mayBroadcast = false
  /** How groups are sent to. */
  #groupOptions: GroupSendOptions = {}
  readonly #bufferSizes = [BUFFER_BYTES, BUFFER_BYTES]

  constructor(ns: Namespace, family: Family) {
    this.#ns = ns
    this.#owner = ownerHere(ns)
    this.#liveness = new Liveness(ns)
    this.#family = family
  }

  bind(address: string, port: number, flags: number): number {
    if (this.#binding !== undefined) return this.#errno('EINVAL')
    const binding = this.#ns.get(netStack).bindDatagrams({
      address,
      // Node passes on what the guest gave, a callback too.
      port: port >>> 0,
      ipv6Only: (flags & UV_UDP_IPV6ONLY) !== 0,
      reuseAddress: (flags & (UV_UDP_REUSEADDR | UV_UDP_REUSEPORT)) !== 0,
      privileged: (this.#ns.find(slots.identity)?.uid ?? 0) === 0,
      receive: (datagram) => this.#receive(datagram),
    })
    if (typeof binding === 'string') return this.#errno(binding)
    this.#binding = binding
    this.#tracked = new TrackedHandle(this.#ns, 'socket', this)
    return 0
  }

  connect(address: string, port: number): number {
    const parsed = parseAddress(address)
    if (parsed === undefined) return this.#errno('EINVAL')
    if (this.#isForbidden(parsed.address)) return this.#errno('EACCES')
    const refusal = this.#leaves(address) ? this.#outside().refusal({ address: parsed.address, port }) : undefined
    if (refusal !== undefined) this.#fail(refusal)
    this.#peer = { address: parsed.address, port }
    return 0
  }

  disconnect(): number {
    this.#peer = undefined
    return 0
  }

  /** @returns the size of the datagram and one more, since it has been sent at once */
  send(request: SendRequest, pieces: readonly ArrayBufferView[], _count: number, ...rest: unknown[]): number {
    const [port, address] = rest
    const to = typeof address === 'string' ? { address, port: port as number } : this.#peer
    if (to === undefined) return this.#errno('EDESTADDRREQ')
    if (this.#isForbidden(to.address)) return this.#errno('EACCES')
    if (this.#binding === undefined) {
      const error = this.bind(this.#family === 6 ? WILDCARD_V6 : WILDCARD_V4, 0, 0)
      if (error !== 0) return error
    }
    const bytes = concat(pieces.map(({ buffer, byteOffset, byteLength }) => bufferFrom(buffer, byteOffset, byteLength)))
    if (bytes.length > LONGEST_BYTES) return this.#errno('EMSGSIZE')
    if (this.#leaves(to.address)) return this.#sendOutside(request, to, bytes)
    const heard = this.#ns.get(netStack).sendDatagram(this.#binding!, to, bytes, this.#groupOptions)
    if (heard === false && this.#peer !== undefined)
      this.#deliver(() => this.onmessage?.(this.#errno('ECONNREFUSED'), this))
    return bytes.length + 1
  }

  recvStart(): number {
    this.#liveness.active = true
    return 0
  }

  recvStop(): number {
    this.#liveness.active = false
    return 0
  }

  getsockname(out: SocketName): number {
    return this.#binding === undefined ? this.#errno('EBADF') : this.#name(out, this.#binding)
  }

  getpeername(out: SocketName): number {
    return this.#peer === undefined ? this.#errno('ENOTCONN') : this.#name(out, this.#peer)
  }

  close(done?: () => void): void {
    if (this.#closed) return
    this.#closed = true
    this.#tracked?.forget()
    this.#binding?.[Symbol.dispose]()
    this.#egress?.[Symbol.dispose]()
    this.#liveness.close()
    if (typeof done === 'function') deliver(this.#owner, 'io', () => Reflect.apply(done, this, []))
  }

  ref(): void {
    this.#liveness.ref()
  }

  unref(): void {
    this.#liveness.unref()
  }

  hasRef(): boolean {
    return this.#liveness.referenced
  }

  getAsyncId(): number {
    return this.#asyncId
  }

  get fd(): number {
    return -1
  }

  /** @param size - 0 to ask */
  bufferSize(size: number, isReceive: boolean): number {
    const index = isReceive ? 0 : 1
    // Linux doubles what is asked for.
    if (size !== 0) this.#bufferSizes[index] = size * 2
    return this.#bufferSizes[index]!
  }

  getSendQueueSize(): number {
    return 0
  }

  getSendQueueCount(): number {
    return 0
  }

  setTTL(ttl: number): number {
    return this.#setOption(ttl >= 1 && ttl <= 255)
  }

  setBroadcast(enable: number): number {
    const error = this.#setOption(true)
    if (error === 0) this.#mayBroadcast = Boolean(enable)
    return error
  }

  setMulticastTTL(ttl: number): number {
    const error = this.#setOption(ttl >= 0 && ttl <= 255)
    if (error === 0) this.#groupOptions = { ...this.#groupOptions, staysHere: ttl === 0 }
    return error
  }

  setMulticastLoopback(enable: number): number {
    const error = this.#setOption(true)
    if (error === 0) this.#groupOptions = { ...this.#groupOptions, loopback: Boolean(enable) }
    return error
  }

  setMulticastInterface(text: string): number {
    const parsed = parseAddress(text)
    if (parsed === undefined) return this.#errno('EINVAL')
    const error = this.#setOption(true)
    if (error !== 0) return error
    const { address, family } = parsed
    if (family === 6 && this.#family === 4) return this.#errno('ENOPROTOOPT')
    // IPv6 names an interface by its zone: only one is chosen by an address.
    const isDefault = isWildcard(address)
    if (!isDefault && !this.#ns.get(netStack).isOwn(address)) return this.#errno('EADDRNOTAVAIL')
    this.#groupOptions = { ...this.#groupOptions, interfaceAddress: isDefault ? undefined : address }
    return 0
  }

  addMembership(group: string, interfaceAddress?: string): number {
    return this.#changeMembership('join', group, interfaceAddress)
  }

  dropMembership(group: string, interfaceAddress?: string): number {
    return this.#changeMembership('leave', group, interfaceAddress)
  }

  addSourceSpecificMembership(source: string, group: string, interfaceAddress?: string): number {
    return this.#changeMembership('join', group, interfaceAddress, source)
  }

  dropSourceSpecificMembership(source: string, group: string, interfaceAddress?: string): number {
    return this.#changeMembership('leave', group, interfaceAddress, source)
  }

  open(): never {
    throw unsupported('dgram.Socket.bind({ fd })', 'a guest has no sockets of the host')
  }

  /** Options have no effect inside the guests' network, but are refused where the kernel would refuse them. */
  #setOption(valid: boolean): number {
    return this.#binding === undefined ? this.#errno('EBADF') : valid ? 0 : this.#errno('EINVAL')
  }

  /** @source libuv `src/unix/udp.c`, uv_udp_set_membership and uv_udp_set_source_membership */
  #changeMembership(change: 'join' | 'leave', group: string, interfaceAddress?: string, source?: string): number {
    const parsed = parseAddress(group)
    if (parsed === undefined) return this.#errno('EINVAL')
    if (this.#binding === undefined) {
      const error = this.bind(this.#family === 6 ? WILDCARD_V6 : WILDCARD_V4, 0, UV_UDP_REUSEADDR)
      if (error !== 0) return error
    }
    if (parsed.family === 6 && this.#family === 4) return this.#errno('ENOPROTOOPT')
    const via = interfaceAddress === undefined ? undefined : parseAddress(interfaceAddress)
    const from = source === undefined ? undefined : parseAddress(source)
    const isUnreadable = (given: string | undefined, read: unknown): boolean =>
      given !== undefined && read === undefined
    if (isUnreadable(interfaceAddress, via) || isUnreadable(source, from)) return this.#errno('EINVAL')
    const refusal = this.#binding![change]({
      group: parsed.address,
      ...(via && { interfaceAddress: via.address }),
      ...(from && { source: from.address }),
    })
    return refusal === undefined ? 0 : this.#errno(refusal)
  }

  /** What is for all of a network is only sent by who has said that it means to. */
  #isForbidden(address: string): boolean {
    return !this.#mayBroadcast && this.#ns.get(netStack).isBroadcast(address)
  }

  #leaves(address: string): boolean {
    return !this.#ns.get(netStack).coversDatagrams(address)
  }

  #outside(): DatagramEgress {
    return (this.#egress ??= new DatagramEgress(this.#ns, this.#family, (datagram) => this.#receive(datagram)))
  }

  /** @returns 0, since the request is completed later */
  #sendOutside(request: SendRequest, to: Endpoint, bytes: Uint8Array): number {
    const refusal = this.#outside().refusal(to)
    if (refusal !== undefined) {
      this.#fail(refusal, request)
      return 0
    }
    this.#liveness.begin()
    this.#outside().send(to, bytes, (error) => {
      this.#liveness.complete()
      const { errno } = (error ?? {}) as NodeJS.ErrnoException
      deliver(this.#owner, 'io', () => request.oncomplete?.(errno ?? 0, bytes.length))
    })
    return 0
  }

  /** What Node has no number for, it is given as an error: the sender's callback gets it, or who listens to the socket. */
  #fail(error: Error, { callback }: SendRequest = {}): void {
    const socket = valueBehind(this, 'owner_symbol') as NodeJS.EventEmitter | undefined
    deliver(this.#owner, 'io', () => {
      if (typeof callback === 'function') callback(error)
      else socket?.emit('error', error)
    })
  }

  #receive({ source, bytes }: Datagram): void {
    const peer = this.#peer
    if (peer !== undefined && (peer.address !== source.address || peer.port !== source.port)) return
    this.#deliver(() => {
      const from: SocketName = {}
      this.#name(from, source)
      this.onmessage?.(bytes.length, this, copyAlone(bytes), from)
    })
  }

  #deliver(task: () => void): void {
    deliver(this.#owner, 'data', () => {
      if (!this.#closed && this.#liveness.active) task()
    })
  }

  #name(out: SocketName, { address, port }: Endpoint): number {
    out.address = shownAs(address, this.#family)
    out.family = this.#family === 6 ? 'IPv6' : 'IPv4'
    out.port = port
    return 0
  }

  #errno(code: ErrnoCode): number {
    return -this.#ns.personality.errno[code][0]
  }
}

import type { ErrnoCode } from '@libvisor/abi'
import { VisorError } from '@libvisor/core'
import type { MessageChannel, MessagePort } from 'node:worker_threads'
import type { Acceptor, ConnectResult, Datagram, SwitchPort } from '../types.ts'
import { isMulticast, parseNetwork } from './address.ts'
import type { Endpoint, Network } from './address.ts'
import { joinInMemory } from './connection.ts'
import { LinkTable } from './link-table.ts'
import type { LinkShape, PeerLink } from './link-shape.ts'
import { connectionOverPort } from './port-connection.ts'
import type { FromSwitch, SwitchAttachment, ToSwitch } from './switch-protocol.ts'

/** How a switch is made. */
export interface SwitchOptions {
  /** The block of addresses that guests get theirs from. @defaultValue `'10.88.0.0/16'` */
  readonly network?: string
}

/** How a stack is attached. */
export interface AttachOptions {
  /** More names under which the stack is found. @defaultValue none */
  readonly aliases?: readonly string[]
}

/** A stack that is attached to a switch. */
export interface SwitchMember {
  readonly name: string
  readonly aliases: readonly string[]
  readonly address: string
}

/** A member with its way in. */
interface Attached extends SwitchMember {
  /**
   * Offers a connection.
   *
   * @param way - the server's side of it, from a member in another thread; made here when it is left out
   * @param done - called with the client's end, unless the way was the caller's, or with why it is refused
   */
  offer(source: Endpoint, destination: Endpoint, way: Way | undefined, done: OfferDone): void
  receive(destination: Endpoint, datagram: Datagram): void
  /** Tells how the links to others are. */
  hearLinks(links: readonly PeerLink[]): void
}

/** How a member in another thread can be reached for one connection. */
interface Way {
  readonly channel: MessagePort
  /** For a server in that same thread. */
  readonly offer: string
}

type OfferDone = (result: ConnectResult | undefined) => void

/** The address of the switch itself comes first, as that of a bridge does. */
const FIRST_GUEST = 2

/**
 * The virtual network between guests: names, addresses and connections. It lives in one thread; stacks of the same
 * thread are joined to it in memory, others by message ports. Made by {@link createSwitch}.
 */
export class Switch implements Disposable {
  readonly network: string
  readonly #network: Network
  readonly #Channel: typeof MessageChannel
  readonly #members = new Map<string, Attached>()
  readonly #links = new LinkTable()
  /** Whose links are not perfect, as far as they know. */
  readonly #told = new Set<Attached>()
  /** What detaches the stacks of other threads, by their names in lower case. */
  readonly #leave = new Map<string, () => void>()
  #nextIndex = FIRST_GUEST

  constructor(Channel: typeof MessageChannel, options: SwitchOptions = {}) {
    this.network = options.network ?? '10.88.0.0/16'
    this.#network = parseNetwork(this.network)
    this.#Channel = Channel
  }

  /** Who is attached, in the order of attaching. */
  members(): SwitchMember[] {
    return [...this.#members.values()].map(({ name, aliases, address }) => ({ name, aliases, address }))
  }

  /**
   * Attaches a stack of another thread.
   *
   * @param name - unique on this switch
   * @returns what the other thread passes to `openSwitchPort`; the stack is detached when its port closes
   * @throws {VisorError} VISOR_GUEST_NAME_TAKEN when the name is attached already
   */
  attach(name: string, options: AttachOptions = {}): SwitchAttachment {
    const member = this.#describe(name, options)
    const { port1, port2 } = new this.#Channel()
    const offers = new Map<number, (refusal: ErrnoCode | undefined) => void>()
    let lastOffer = 0
    const post = (message: FromSwitch, transfer: MessagePort[] = []): void => port1.postMessage(message, transfer)

    const detach = this.#add({
      ...member,
      offer: (source, destination, given, done) => {
        const id = ++lastOffer
        let own: MessagePort | undefined
        let channel = given?.channel
        if (channel === undefined) ({ port1: own, port2: channel } = new this.#Channel())
        offers.set(id, (refusal) => {
          if (refusal !== undefined) own?.close()
          done(refusal ?? (own === undefined ? undefined : connectionOverPort(own, source, destination)))
        })
        post({ type: 'incoming', id, source, destination, channel, offer: given?.offer }, [channel])
      },
      receive: (destination, datagram) => post({ type: 'datagram', destination, datagram }),
      hearLinks: (links) => post({ type: 'links', links }),
    })
    const key = name.toLowerCase()
    const leave = (): void => {
      detach()
      if (this.#leave.get(key) === leave) this.#leave.delete(key)
      for (const answer of [...offers.values()]) answer('EHOSTUNREACH')
      offers.clear()
      port1.close()
    }
    this.#leave.set(key, leave)

    port1.on('message', (message: ToSwitch) => {
      switch (message.type) {
        case 'lookup':
          post({ type: 'found', id: message.id, result: this.#addressOf(message.name) })
          break
        case 'reverse':
          post({ type: 'found', id: message.id, result: this.#members.get(message.address)?.name })
          break
        case 'connect': {
          const { id, destination, channel, offer } = message
          // Who connects is known by its port: an address cannot be made up.
          const source = { address: member.address, port: message.source.port }
          this.#connect(source, destination, { channel, offer }, (result) => {
            const refusal = typeof result === 'string' ? result : undefined
            if (refusal !== undefined) channel.close()
            post({ type: 'connected', id, refusal })
          })
          break
        }
        case 'send': {
          const { destination, datagram } = message
          const source = { address: member.address, port: datagram.source.port }
          this.#send(destination, { ...datagram, source }, member.address)
          break
        }
        case 'answered': {
          const answer = offers.get(message.id)
          offers.delete(message.id)
          answer?.(message.refusal)
        }
      }
    })
    port1.on('close', leave)
    port1.unref()
    return { address: member.address, network: this.network, port: port2 }
  }

  /**
   * Attaches a stack of the switch's own thread.
   *
   * @param name - unique on this switch
   * @returns the stack's way to the others; the stack is detached when it is disposed of
   * @throws {VisorError} VISOR_GUEST_NAME_TAKEN when the name is attached already
   */
  attachLocal(name: string, options: AttachOptions = {}): SwitchPort {
    const member = this.#describe(name, options)
    let acceptor: Acceptor = () => 'ECONNREFUSED'
    let receiver: Attached['receive'] = () => {}
    let links: readonly PeerLink[] = []
    let hearLinks: Attached['hearLinks'] = () => {}
    const detach = this.#add({
      ...member,
      offer(source, destination, way, done) {
        const accept = acceptor(source, destination)
        if (typeof accept === 'string') return done(accept)
        if (way !== undefined) {
          accept(connectionOverPort(way.channel, destination, source))
          return done(undefined)
        }
        const [client, server] = joinInMemory(source, destination)
        accept(server)
        done(client)
      },
      receive: (destination, datagram) => receiver(destination, datagram),
      hearLinks(told) {
        links = told
        hearLinks(told)
      },
    })
    return {
      address: member.address,
      network: this.network,
      lookup: (wanted, done) => done(this.#addressOf(wanted)),
      reverse: (address, done) => done(this.#members.get(address)?.name),
      connect: (source, destination, done) =>
        this.#connect(source, destination, undefined, (result) => done(result ?? 'ECONNABORTED')),
      send: (destination, datagram) => this.#send(destination, datagram, member.address),
      answer(given, receive) {
        acceptor = given
        receiver = receive
      },
      onLinks(hear) {
        hearLinks = hear
        if (links.length > 0) hear(links)
      },
      [Symbol.dispose]: detach,
    }
  }

  /**
   * Detaches a stack of another thread at once, and does not wait until its port closes.
   *
   * @param name - as it was attached; a name that nobody has is nothing to do
   */
  detach(name: string): void {
    this.#leave.get(name.toLowerCase())?.()
  }

  /**
   * Has a link behave as told, until it is told otherwise. Connections that are open are concerned, too.
   *
   * @param from - the name of a stack, attached or not; `*` for all that no other link of the same end is told of
   * @param to - likewise
   * @param shape - of the way from the one to the other; `undefined` makes it perfect again
   */
  shapeLink(from: string, to: string, shape: LinkShape | undefined): void {
    this.#links.set(from, to, shape)
    this.#tellLinks()
  }

  /**
   * Cuts all links between groups of stacks: nothing arrives, and nobody says so.
   *
   * @param groups - names; one group alone is cut off from everybody else
   */
  partition(groups: readonly (readonly string[])[]): void {
    this.#links.partition(groups)
    this.#tellLinks()
  }

  /** Ends all partitions. What is under way arrives. */
  heal(): void {
    this.#links.heal()
    this.#tellLinks()
  }

  /** Detaches everybody. */
  [Symbol.dispose](): void {
    for (const leave of [...this.#leave.values()]) leave()
    this.#members.clear()
  }

  #connect(source: Endpoint, destination: Endpoint, way: Way | undefined, done: OfferDone): void {
    const target = this.#members.get(destination.address)
    if (target === undefined) done('EHOSTUNREACH')
    else target.offer(source, destination, way, done)
  }

  #send(destination: Endpoint, datagram: Datagram, from: string): void {
    const { address } = destination
    if (!isMulticast(address) && address !== '255.255.255.255' && address !== this.#network.broadcast) {
      return this.#members.get(address)?.receive(destination, datagram)
    }
    for (const member of [...this.#members.values()]) {
      if (member.address !== from) member.receive(destination, datagram)
    }
  }

  #addressOf(name: string): string | undefined {
    const wanted = name.toLowerCase()
    const members = [...this.#members.values()]
    const match =
      members.find((member) => member.name.toLowerCase() === wanted) ??
      members.find((member) => member.aliases.some((alias) => alias.toLowerCase() === wanted))
    return match?.address
  }

  #describe(name: string, { aliases = [] }: AttachOptions): SwitchMember {
    for (const member of this.#members.values()) {
      if (member.name.toLowerCase() !== name.toLowerCase()) continue
      throw new VisorError('VISOR_GUEST_NAME_TAKEN', `A guest named '${name}' is on this network already`, {
        hint: 'Give one of the two another name.',
      })
    }
    return { name, aliases: Object.freeze([...aliases]), address: this.#network.at(this.#nextIndex++) }
  }

  #add(member: Attached): () => void {
    this.#members.set(member.address, member)
    if (!this.#links.isEmpty) this.#tellLinks()
    return () => {
      this.#members.delete(member.address)
      this.#told.delete(member)
    }
  }

  /** Tells those whose links are not perfect, or were not. */
  #tellLinks(): void {
    for (const member of this.#members.values()) {
      const links = this.#links.linksOf(member, this.#members.values())
      if (links.length === 0 && !this.#told.has(member)) continue
      if (links.length === 0) this.#told.delete(member)
      else this.#told.add(member)
      member.hearLinks(links)
    }
  }
}

import { VisorError } from '@libvisor/core'
import type { MessagePort } from 'node:worker_threads'
import type { Datagram, SwitchPort } from '../types.ts'
import { isMulticast, parseNetwork } from './address.ts'
import type { Endpoint, Network } from './address.ts'
import { AttachedPort } from './attached-port.ts'
import { joinDirectly } from './control-port.ts'
import type { ControlPort } from './control-port.ts'
import { LinkTable } from './link-table.ts'
import type { LinkShape } from './link-shape.ts'
import type { Answer, FromSwitch, SwitchAttachment, ToSwitch } from './switch-protocol.ts'
import type { ThreadMeans } from './thread-means.ts'

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

/** A member with the way to it. */
interface Member extends SwitchMember {
  readonly say: (message: FromSwitch, transfer?: readonly MessagePort[]) => void
  /** The questions that it has not answered. */
  readonly offers: Map<number, (answer: Answer) => void>
}

/** The address of the switch itself comes first, as that of a bridge does. */
const FIRST_GUEST = 2

/**
 * The virtual network between guests: names, addresses and connections. It lives in one thread; stacks of the same
 * thread are joined to it in memory, others by message ports. Made by {@link createSwitch}.
 */
export class Switch implements Disposable {
  readonly network: string
  readonly #network: Network
  readonly #means: ThreadMeans
  readonly #members = new Map<string, Member>()
  readonly #links = new LinkTable()
  /** Whose links are not perfect, as far as they know. */
  readonly #told = new Set<Member>()
  /** What detaches the stacks of other threads, by their names in lower case. */
  readonly #leave = new Map<string, () => void>()
  #nextIndex = FIRST_GUEST
  #lastOffer = 0

  constructor(means: ThreadMeans, options: SwitchOptions = {}) {
    this.network = options.network ?? '10.88.0.0/16'
    this.#network = parseNetwork(this.network)
    this.#means = means
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
    const description = this.#describe(name, options)
    const { address } = description
    const { port1, port2: port } = new this.#means.Channel()
    const key = name.toLowerCase()
    const detach = this.#add(description, port1)
    const leave = (): void => {
      detach()
      if (this.#leave.get(key) === leave) this.#leave.delete(key)
      port1.close()
    }
    this.#leave.set(key, leave)
    port1.on('close', leave)
    return { address, network: this.network, port }
  }

  /**
   * Attaches a stack of the switch's own thread.
   *
   * @param name - unique on this switch
   * @returns the stack's way to the others; the stack is detached when it is disposed of
   * @throws {VisorError} VISOR_GUEST_NAME_TAKEN when the name is attached already
   */
  attachLocal(name: string, options: AttachOptions = {}): SwitchPort {
    const description = this.#describe(name, options)
    const [own, port] = joinDirectly<ToSwitch, FromSwitch>()
    const attached = new AttachedPort({ address: description.address, network: this.network, port }, this.#means)
    own.on('close', this.#add(description, own))
    return attached
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

  #receive(message: ToSwitch, member: Member): void {
    switch (message.type) {
      case 'lookup':
        member.say({ type: 'found', id: message.id, result: this.#addressOf(message.name) })
        break
      case 'reverse':
        member.say({ type: 'found', id: message.id, result: this.#members.get(message.address)?.name })
        break
      case 'connect':
        this.#connect(message, member)
        break
      case 'send': {
        const { destination, datagram } = message
        const source = { address: member.address, port: datagram.source.port }
        this.#send(destination, { ...datagram, source }, member.address)
        break
      }
      case 'answered': {
        const answer = member.offers.get(message.id)
        member.offers.delete(message.id)
        if (answer === undefined) message.trunk?.port.close()
        else answer(message)
      }
    }
  }

  #connect({ id, source, destination, offer }: ToSwitch & { readonly type: 'connect' }, member: Member): void {
    const target = this.#members.get(destination.address)
    if (target === undefined) return member.say({ type: 'connected', id, refusal: 'EHOSTUNREACH' })
    const asked = ++this.#lastOffer
    target.offers.set(asked, ({ refusal, trunk }) => {
      member.say({ type: 'connected', id, refusal, trunk }, trunk === undefined ? [] : [trunk.port])
    })
    // Who connects is known by its port: an address cannot be made up.
    const known = { address: member.address, port: source.port }
    target.say({ type: 'incoming', id: asked, number: id, source: known, destination, offer })
  }

  #send(destination: Endpoint, datagram: Datagram, from: string): void {
    const { address } = destination
    if (!isMulticast(address) && address !== '255.255.255.255' && address !== this.#network.broadcast) {
      return this.#members.get(address)?.say({ type: 'datagram', destination, datagram })
    }
    for (const member of [...this.#members.values()]) {
      if (member.address !== from) member.say({ type: 'datagram', destination, datagram })
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

  /** @returns detaches it */
  #add(description: SwitchMember, port: ControlPort<ToSwitch, FromSwitch>): () => void {
    const { address } = description
    const offers: Member['offers'] = new Map()
    const member: Member = { ...description, offers, say: (message, transfer) => port.postMessage(message, transfer) }
    this.#members.set(address, member)
    port.on('message', (message) => this.#receive(message, member))
    port.unref()
    if (!this.#links.isEmpty) this.#tellLinks()
    return () => {
      this.#members.delete(address)
      this.#told.delete(member)
      for (const answer of [...offers.values()]) answer({ id: 0, refusal: 'EHOSTUNREACH' })
      offers.clear()
    }
  }

  /** Tells those whose links are not perfect, or were not. */
  #tellLinks(): void {
    for (const member of this.#members.values()) {
      const links = this.#links.linksOf(member, this.#members.values())
      if (links.length === 0 && !this.#told.has(member)) continue
      if (links.length === 0) this.#told.delete(member)
      else this.#told.add(member)
      member.say({ type: 'links', links })
    }
  }
}

import type { ErrnoCode } from '@libvisor/abi'
import type { Accept, Acceptor, ConnectResult, Datagram, SwitchPort } from '../types.ts'
import type { Endpoint } from './address.ts'
import { Connection, joinInMemory } from './connection.ts'
import type { Link } from './connection.ts'
import type { ControlPort } from './control-port.ts'
import { overChannel } from './frame-channel.ts'
import type { FrameEnd } from './frames.ts'
import type { PeerLink } from './link-shape.ts'
import { offerInMemory, takeOffer } from './same-thread.ts'
import type { FromSwitch, SwitchAttachment, ToStack } from './switch-protocol.ts'
import type { ThreadMeans } from './thread-means.ts'
import { TrunkTable } from './trunk-table.ts'
import type { Opening } from './trunk.ts'

/** Where a stack is attached. */
export interface Attached extends Pick<SwitchAttachment, 'address' | 'network'> {
  readonly port: ControlPort<FromSwitch, ToStack>
}

/** A connection that was asked for. */
interface Asked {
  readonly source: Endpoint
  readonly destination: Endpoint
  readonly done: (result: ConnectResult) => void
  /** Takes back the offer to be joined in memory. */
  readonly withdraw: () => void
  /** The client's end, if the server is in this thread. */
  inMemory?: Connection
  /** Whether it has been accepted: the other stack says so itself, too, and that may come later. */
  isAccepted: boolean
}

/**
 * A stack's way to a switch, in this thread or in another one.
 *
 * The switch is asked for each connection. What then goes over it passes by the switch: in memory between stacks of one thread, otherwise over
 * the trunk of the two stacks, which the one that is asked makes when there is none.
 */
export class AttachedPort implements SwitchPort {
  readonly address: string
  readonly network: string
  readonly #port: ControlPort<FromSwitch, ToStack>
  readonly #means: ThreadMeans
  readonly #found = new Map<number, (result: string | undefined) => void>()
  readonly #asked = new Map<number, Asked>()
  readonly #trunks: TrunkTable
  #acceptor: Acceptor = () => 'ECONNREFUSED'
  #receiveDatagram: (destination: Endpoint, datagram: Datagram) => void = () => {}
  #links: readonly PeerLink[] = []
  #hearLinks: (links: readonly PeerLink[]) => void = () => {}
  #lastId = 0
  #gone = false

  /**
   * @param attached - what the switch gave for this stack
   * @param means - what trunks are made of
   * @param hub - what every connection goes over, where one trunk leads to all other stacks
   */
  constructor(attached: Attached, means: ThreadMeans, hub?: FrameEnd) {
    this.address = attached.address
    this.network = attached.network
    this.#port = attached.port
    this.#means = means
    this.#trunks = new TrunkTable({
      means,
      opened: (number) => this.#opened(number),
      lost: (peer) => this.#lost(peer),
    })
    if (hub !== undefined) this.#trunks.join(this.peerOf(''), hub)
    this.#port.on('message', (message) => this.#receive(message))
    this.#port.on('close', () => this.#end())
    this.#port.unref()
  }

  lookup(name: string, done: (address: string | undefined) => void): void {
    if (this.#gone) return done(undefined)
    const id = ++this.#lastId
    this.#found.set(id, done)
    this.#port.postMessage({ type: 'lookup', id, name })
  }

  reverse(address: string, done: (name: string | undefined) => void): void {
    if (this.#gone) return done(undefined)
    const id = ++this.#lastId
    this.#found.set(id, done)
    this.#port.postMessage({ type: 'reverse', id, address })
  }

  connect(source: Endpoint, destination: Endpoint, done: (result: ConnectResult) => void): void {
    this.open({ source, destination }, done, (id, offer) => ({ type: 'connect', id, source, destination, offer }))
  }

  send(destination: Endpoint, datagram: Datagram): void {
    this.say({ type: 'send', destination, datagram })
  }

  answer(acceptor: Acceptor, receive: (destination: Endpoint, datagram: Datagram) => void): void {
    this.#acceptor = acceptor
    this.#receiveDatagram = receive
  }

  onLinks(hear: (links: readonly PeerLink[]) => void): void {
    this.#hearLinks = hear
    if (this.#links.length > 0) hear(this.#links)
  }

  [Symbol.dispose](): void {
    this.#port.close()
    this.#end()
    this.#trunks.close()
  }

  /** By which trunk an address is reached. */
  protected peerOf(address: string): string {
    return address
  }

  /** Asks for a connection. */
  protected open(
    { source, destination }: Pick<Asked, 'destination' | 'source'>,
    done: (result: ConnectResult) => void,
    ask: (id: number, offer: string) => ToStack,
  ): void {
    if (this.#gone) return done('ENETUNREACH')
    const id = ++this.#lastId
    const offer = this.#means.newKey()
    const withdraw = offerInMemory(offer, (client) => (asked.inMemory = client))
    const asked: Asked = { source, destination, done, withdraw, isAccepted: false }
    this.#asked.set(id, asked)
    this.#port.postMessage(ask(id, offer))
  }

  /** Says something that needs no answer. */
  protected say(message: ToStack): void {
    if (!this.#gone) this.#port.postMessage(message)
  }

  #receive(message: FromSwitch): void {
    switch (message.type) {
      case 'found': {
        const done = this.#found.get(message.id)
        this.#found.delete(message.id)
        done?.(message.result)
        break
      }
      case 'connected':
        this.#receiveAnswer(message)
        break
      case 'links':
        this.#links = message.links
        this.#hearLinks(message.links)
        break
      case 'datagram':
        this.#receiveDatagram(message.destination, message.datagram)
        break
      case 'incoming':
        this.#receiveQuestion(message)
    }
  }

  #receiveQuestion({ id, number, source, destination, offer }: FromSwitch & { readonly type: 'incoming' }): void {
    const answer = this.#acceptor(source, destination)
    const settle = (accept: Accept | ErrnoCode): void => {
      const join = takeOffer(offer)
      if (typeof accept === 'string') return this.say({ type: 'answered', id, refusal: accept })
      if (join === undefined) {
        const { trunk, attachment } = this.#trunks.to(this.peerOf(source.address))
        accept(trunk.accept(number, destination, source))
        if (attachment === undefined) return this.say({ type: 'answered', id })
        return this.#port.postMessage({ type: 'answered', id, trunk: attachment }, [attachment.port])
      }
      const [client, server] = joinInMemory(source, destination)
      join(client)
      accept(server)
      this.say({ type: 'answered', id })
    }
    if (typeof answer === 'object') answer.settle(settle)
    else settle(answer)
  }

  #receiveAnswer({ id, refusal, trunk }: FromSwitch & { readonly type: 'connected' }): void {
    const asked = this.#asked.get(id)
    // A trunk that was there already may have been faster.
    if (asked === undefined) return trunk?.port.close()
    const peer = this.peerOf(asked.destination.address)
    if (trunk !== undefined) this.#trunks.join(peer, overChannel(trunk, this.#means))
    if (refusal === undefined && asked.inMemory === undefined && this.#trunks.has(peer)) {
      asked.isAccepted = true
      return
    }
    this.#forget(id, asked)
    if (refusal === undefined && asked.inMemory === undefined) return giveReset(asked)
    if (refusal !== undefined) asked.inMemory?.reset()
    asked.done(refusal ?? asked.inMemory!)
  }

  /** The other stack has accepted a connection. */
  #opened(number: number): Opening | undefined {
    const asked = this.#asked.get(number)
    if (asked === undefined) return undefined
    this.#forget(number, asked)
    return { local: asked.source, remote: asked.destination, done: asked.done }
  }

  /** Another stack is gone: what it has accepted is over before it began. */
  #lost(peer: string): void {
    for (const [id, asked] of [...this.#asked]) {
      if (!asked.isAccepted || this.peerOf(asked.destination.address) !== peer) continue
      this.#forget(id, asked)
      giveReset(asked)
    }
  }

  #forget(id: number, { withdraw }: Asked): void {
    this.#asked.delete(id)
    withdraw()
  }

  /** The switch is gone, and with it all that was asked of it. */
  #end(): void {
    if (this.#gone) return
    this.#gone = true
    for (const done of this.#found.values()) done(undefined)
    this.#found.clear()
    for (const [id, asked] of [...this.#asked]) {
      this.#forget(id, asked)
      asked.done('ENETUNREACH')
    }
  }
}

const severed: Link = {
  arrivesInTurn: true,
  hasMore: false,
  send() {},
  lend() {},
  end() {},
  reset() {},
  credit() {},
  release() {},
  vanish() {},
  lost: (heard) => heard(true),
}

/** Gives a connection whose other side was gone by the time. */
function giveReset({ source, destination, done }: Asked): void {
  const connection = new Connection(source, destination, severed)
  done(connection)
  connection.receiveReset()
}

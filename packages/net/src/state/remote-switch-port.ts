import type { ErrnoCode } from '@libvisor/abi'
import type { MessageChannel, MessagePort } from 'node:worker_threads'
import type { Acceptor, ConnectResult, Datagram, SwitchPort } from '../types.ts'
import type { Endpoint } from './address.ts'
import { joinInMemory } from './connection.ts'
import type { Connection } from './connection.ts'
import type { PeerLink } from './link-shape.ts'
import { connectionOverPort } from './port-connection.ts'
import { offerInMemory, takeOffer } from './same-thread.ts'
import type { FromSwitch, SwitchAttachment, ToStack, ToSwitch } from './switch-protocol.ts'

/**
 * A stack's way to a switch in another thread.
 */
export class RemoteSwitchPort implements SwitchPort {
  readonly address: string
  readonly network: string
  readonly #attachment: Pick<SwitchAttachment, 'port'>
  readonly #Channel: typeof MessageChannel
  readonly #newKey: () => string
  readonly #found = new Map<number, (result: string | undefined) => void>()
  readonly #connected = new Map<number, (refusal: ErrnoCode | undefined) => void>()
  #acceptor: Acceptor = () => 'ECONNREFUSED'
  #receiveDatagram: (destination: Endpoint, datagram: Datagram) => void = () => {}
  #hearLinks: (links: readonly PeerLink[]) => void = () => {}
  #lastId = 0
  #gone = false

  /**
   * @param attachment - what the switch gave for this stack
   * @param Channel - the constructor of message channels
   * @param newKey - makes what nobody can guess, other than the last time
   */
  constructor(attachment: SwitchAttachment, Channel: typeof MessageChannel, newKey: () => string) {
    this.address = attachment.address
    this.network = attachment.network
    this.#attachment = attachment
    this.#Channel = Channel
    this.#newKey = newKey
    const { port } = attachment
    port.on('message', (message: FromSwitch) => this.#receive(message))
    port.on('close', () => this.#end())
    port.unref()
  }

  lookup(name: string, done: (address: string | undefined) => void): void {
    if (this.#gone) return done(undefined)
    const id = ++this.#lastId
    this.#found.set(id, done)
    this.#post({ type: 'lookup', id, name })
  }

  reverse(address: string, done: (name: string | undefined) => void): void {
    if (this.#gone) return done(undefined)
    const id = ++this.#lastId
    this.#found.set(id, done)
    this.#post({ type: 'reverse', id, address })
  }

  connect(source: Endpoint, destination: Endpoint, done: (result: ConnectResult) => void): void {
    this.open({ source, destination }, done, (id, channel, offer) => ({
      type: 'connect',
      id,
      source,
      destination,
      channel,
      offer,
    }))
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
  }

  [Symbol.dispose](): void {
    this.#attachment.port.close()
    this.#end()
  }

  /** Asks for a connection, whose other end goes with the message. */
  protected open(
    { source, destination }: { readonly source: Endpoint; readonly destination: Endpoint },
    done: (result: ConnectResult) => void,
    ask: (id: number, channel: MessagePort, offer: string) => ToStack,
  ): void {
    if (this.#gone) return done('ENETUNREACH')
    const id = ++this.#lastId
    const { port1, port2: channel } = new this.#Channel()
    let inMemory: Connection | undefined
    const offer = this.#newKey()
    const withdraw = offerInMemory(offer, (client) => (inMemory = client))
    this.#connected.set(id, (refusal) => {
      withdraw()
      if (refusal === undefined && inMemory === undefined) return done(connectionOverPort(port1, source, destination))
      port1.close()
      if (refusal !== undefined) inMemory?.reset()
      done(refusal ?? inMemory!)
    })
    this.#attachment.port.postMessage(ask(id, channel, offer), [channel])
  }

  /** Says something that needs no answer. */
  protected say(message: ToStack): void {
    if (!this.#gone) this.#attachment.port.postMessage(message)
  }

  #receive(message: FromSwitch): void {
    switch (message.type) {
      case 'found':
        take(this.#found, message.id)?.(message.result)
        break
      case 'connected':
        take(this.#connected, message.id)?.(message.refusal)
        break
      case 'links':
        this.#hearLinks(message.links)
        break
      case 'datagram':
        this.#receiveDatagram(message.destination, message.datagram)
        break
      case 'incoming': {
        const { id, source, destination, channel, offer } = message
        const accept = this.#acceptor(source, destination)
        this.#post({ type: 'answered', id, refusal: typeof accept === 'string' ? accept : undefined })
        const join = takeOffer(offer)
        if (typeof accept === 'string') channel.close()
        else if (join === undefined) accept(connectionOverPort(channel, destination, source))
        else {
          channel.close()
          const [client, server] = joinInMemory(source, destination)
          join(client)
          accept(server)
        }
      }
    }
  }

  /** The switch is gone, and with it all that was asked of it. */
  #end(): void {
    if (this.#gone) return
    this.#gone = true
    for (const done of this.#found.values()) done(undefined)
    for (const done of this.#connected.values()) done('ENETUNREACH')
    this.#found.clear()
    this.#connected.clear()
  }

  #post(message: ToSwitch): void {
    this.#attachment.port.postMessage(message)
  }
}

function take<T>(map: Map<number, T>, id: number): T | undefined {
  const value = map.get(id)
  map.delete(id)
  return value
}

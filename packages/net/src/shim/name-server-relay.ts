import type * as dgram from 'node:dgram'
import { callNative, perNamespace, VisorError } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { netStack } from '../slot.ts'
import type { DatagramBinding } from '../types.ts'
import { bindHostDatagrams } from './host-datagrams.ts'
import { bridgeNative } from './native-bridge.ts'
import { bindNative } from './node-internals.native.ts'
import type { NativeHandle } from './node-internals.native.ts'

/** A name server, as a program names it. */
export interface NameServer {
  readonly address: string
  readonly port: number
}

/** From where a resolver of a guest asks a server of the guests' network. */
export interface RelayRoute {
  readonly server: NameServer
  /** What the program has set with `setLocalAddress`. */
  readonly localAddress: string | undefined
}

/** SERVFAIL, with the bit that says that it is an answer. @source RFC 1035, section 4.1.1 */
const ANSWER = 0x80
const SERVFAIL = 2

/** How many ports are tried until one is free for datagrams and for streams. */
const TRIES = 16
const BACKLOG = 16

/**
 * Leads what Node's own resolver asks to a name server in the guests' network, whose address leads elsewhere on the host.
 * The resolver gets a port of the host's loopback in its place. It hears anybody only while a question is open.
 */
export class NameServerRelay {
  /** The port of the host's loopback. */
  readonly port: number
  readonly #ns: Namespace
  readonly #route: RelayRoute
  readonly #socket: dgram.Socket
  /** Each port of the resolver's is one in the guests' network. */
  readonly #bindings = new Map<number, DatagramBinding>()
  #questions = 0
  #refused = false

  constructor(ns: Namespace, route: RelayRoute) {
    this.#ns = ns
    this.#route = route
    const { socket, listener } = callNative(openPorts)
    this.#socket = socket
    this.port = socket.address().port
    const stack = ns.get(netStack)
    stack.own({
      [Symbol.dispose]: () => {
        this.#forget()
        socket.close()
        listener.close()
      },
    })
    callNative(() => socket.on('message', (bytes, { port }) => this.#pass(bytes, port)))
    listener.onconnection = (error, client) => {
      if (error === 0 && client !== undefined) this.#join(client)
    }
  }

  /** Whether nobody listened at the server's port when it was last asked. */
  get refused(): boolean {
    return this.#refused
  }

  /** A question is asked that may come this way. */
  begin(): void {
    this.#questions++
  }

  /** It is answered, or given up. */
  end(): void {
    if (--this.#questions === 0) this.#forget()
  }

  #pass(bytes: Uint8Array, from: number): void {
    if (this.#questions === 0) return
    const binding = this.#bindingFor(from)
    const stack = this.#ns.get(netStack)
    this.#refused =
      binding === undefined || stack.sendDatagram(binding, this.#route.server, new Uint8Array(bytes)) === false
    // The kernel would say that nobody is there. The resolver goes on at once as it does then.
    if (this.#refused) callNative(() => this.#socket.send(failureOf(bytes), from, '127.0.0.1'))
  }

  #bindingFor(from: number): DatagramBinding | undefined {
    const known = this.#bindings.get(from)
    if (known !== undefined) return known
    const { server, localAddress } = this.#route
    const bound = this.#ns.get(netStack).bindDatagrams({
      address: localAddress ?? (server.address.includes(':') ? '::' : '0.0.0.0'),
      port: 0,
      privileged: true,
      receive: ({ bytes, source }) => {
        if (source.port === server.port) callNative(() => this.#socket.send(bytes, from, '127.0.0.1'))
      },
    })
    if (typeof bound === 'string') return undefined
    this.#bindings.set(from, bound)
    return bound
  }

  /** What was too long for a datagram is asked again over a stream. */
  #join(client: NativeHandle): void {
    const { server, localAddress } = this.#route
    const local = localAddress === undefined ? {} : { local: { address: localAddress } }
    this.#ns.get(netStack).connect({ destination: server, ...local }, (connection) => {
      if (typeof connection !== 'string' && this.#questions > 0) return bridgeNative(client, connection)
      if (typeof connection !== 'string') connection.reset()
      client.reset()
    })
  }

  #forget(): void {
    for (const binding of this.#bindings.values()) binding[Symbol.dispose]()
    this.#bindings.clear()
  }
}

const relaysOf = perNamespace(() => new Map<string, NameServerRelay>())

/**
 * The relay to a server, which all resolvers of a namespace share until its end.
 *
 * @param ns - the namespace, with its network stack
 * @param route - where it leads
 */
export function relayTo(ns: Namespace, route: RelayRoute): NameServerRelay {
  const relays = relaysOf(ns)
  const { server, localAddress = '' } = route
  const key = `${server.address} ${server.port} ${localAddress}`
  let relay = relays.get(key)
  if (relay === undefined) relays.set(key, (relay = new NameServerRelay(ns, route)))
  return relay
}

/** A port of loopback that is free for both protocols. */
function openPorts(): { readonly socket: dgram.Socket; readonly listener: NativeHandle } {
  for (let tries = 0; tries < TRIES; tries++) {
    const socket = bindHostDatagrams(4, '127.0.0.1')
    const listener = bindNative('127.0.0.1', socket.address().port)
    if (typeof listener !== 'number') {
      if (listener.listen(BACKLOG) === 0) {
        listener.unref()
        return { socket, listener }
      }
      listener.close()
    }
    socket.close()
  }
  throw new VisorError('VISOR_ADDRESS_IN_USE', 'No port of this machine’s loopback is free for name servers', {
    hint: 'Free some of the ports for outgoing connections.',
  })
}

/** A question as the answer of a server that cannot say. */
function failureOf(question: Uint8Array): Uint8Array {
  const answer = new Uint8Array(question)
  answer[2]! |= ANSWER
  answer[3] = (answer[3]! & 0xf0) | SERVFAIL
  return answer
}

import type * as dgram from 'node:dgram'
import { apply, original } from '@libvisor/abi'
import { callNative, callNativeSync } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { netStack } from '../slot.ts'
import type { DatagramBinding } from '../types.ts'

/** The methods of resolvers that say whom to ask. */
export interface ServerMethods {
  getServers(this: object): string[]
  setServers(this: object, servers: readonly string[]): void
}

type ResolverClass = (new () => object) & { readonly prototype: object }

/** A name server of the guests' network. */
interface NameServer {
  readonly address: string
  readonly port: number
}

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown

const DNS_PORT = 53

/** What programs have set, where it is not what the resolver asks. */
const named = new WeakMap<object, readonly string[]>()

/**
 * The methods with which a program says whom its resolvers ask. They are the host's resolvers, and send datagrams by
 * themselves: a server in the guests' network they get to by a relay, since its address leads elsewhere on the host.
 *
 * @param ns - the namespace whose resolvers have the methods
 * @param Resolver - Node's class
 */
export function createServerMethods(ns: Namespace, Resolver: ResolverClass): ServerMethods {
  const call = (resolver: object, name: keyof ServerMethods, ...args: unknown[]): unknown =>
    callNativeSync(() => apply((Resolver.prototype as ServerMethods)[name] as AnyFunction, resolver, args))
  return {
    getServers() {
      const known = named.get(this)
      return known === undefined ? (call(this, 'getServers') as string[]) : [...known]
    },
    setServers(servers) {
      const probe = new Resolver()
      call(probe, 'setServers', servers)
      const accepted = call(probe, 'getServers') as string[]
      const stack = ns.get(netStack)
      const asked = accepted.map((text) => {
        const server = parseServer(text)
        return stack.covers(server.address) ? `127.0.0.1:${openRelay(ns, server)}` : text
      })
      call(this, 'setServers', asked)
      named.set(this, accepted)
    },
  }
}

/** @param text - as Node shows it: the port is left out when it is that of DNS */
function parseServer(text: string): NameServer {
  const bracketed = /^\[(.*)\]:(\d+)$/.exec(text)
  if (bracketed !== null) return { address: bracketed[1]!, port: Number(bracketed[2]) }
  const [address, port, ...more] = text.split(':')
  return more.length > 0 || port === undefined ? { address: text, port: DNS_PORT } : { address: address!, port: +port }
}

/** @returns the port of the host's loopback from which datagrams go on to a server, until the end of the guest */
function openRelay(ns: Namespace, server: NameServer): number {
  const stack = ns.get(netStack)
  /** Each port of the resolver's is one in the guests' network. */
  const bindings = new Map<number, DatagramBinding>()
  return callNative(() => {
    // With a look-up that answers at once, binding is done at once.
    const lookup = (host: string, _options: object, done: (...results: unknown[]) => void): void => done(null, host, 4)
    const socket = original('dgram').createSocket({ type: 'udp4', lookup } as dgram.SocketOptions)
    const forget = stack.own({
      [Symbol.dispose]() {
        forget()
        for (const binding of bindings.values()) binding[Symbol.dispose]()
        socket.close()
      },
    })
    socket.unref().bind(0, '127.0.0.1')
    socket.on('message', (bytes, { port }) => {
      let binding = bindings.get(port)
      if (binding === undefined) {
        const bound = stack.bindDatagrams({
          address: server.address.includes(':') ? '::' : '0.0.0.0',
          port: 0,
          privileged: true,
          receive: ({ bytes: answer }) => socket.send(answer, port, '127.0.0.1'),
        })
        if (typeof bound === 'string') return
        bindings.set(port, (binding = bound))
      }
      stack.sendDatagram(binding, server, new Uint8Array(bytes))
    })
    return socket.address().port
  })
}

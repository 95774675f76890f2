import { apply, original } from '@libvisor/abi'
import { callNativeSync } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { netStack } from '../slot.ts'
import { cancelAnswers, owesAnswers } from './pending-answers.ts'
import { relayTo } from './name-server-relay.ts'
import type { NameServer, NameServerRelay } from './name-server-relay.ts'

/** The methods of resolvers that say whom to ask, and from where. */
export interface ServerMethods {
  cancel(this: object): void
  getServers(this: object): string[]
  setServers(this: object, servers: readonly string[]): void
  setLocalAddress(this: object, ...addresses: readonly unknown[]): void
}

/** Whom a resolver asks, where a program has said it. */
export interface ResolverServers {
  /** As the program sees them. */
  readonly shown: readonly string[]
  /** The ways to those in the guests' network. */
  readonly relays: readonly NameServerRelay[]
  /** Those outside of it. */
  readonly outside: readonly OutsideServer[]
}

/** A server that is not in the guests' network. */
export interface OutsideServer extends NameServer {
  /** Whether the host asks it by itself, so that it knows no more than the host's resolver does. */
  readonly isHosts: boolean
}

type ResolverClass = (new () => object) & { readonly prototype: object }

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown

const DNS_PORT = 53

const settings = new WeakMap<object, ResolverServers>()
/** What programs have bound: an address of each family, or none. */
const localAddresses = new WeakMap<object, readonly (string | undefined)[]>()

/** Whom a resolver asks. @returns `undefined` where that is left to the host */
export function serversOf(resolver: object): ResolverServers | undefined {
  return settings.get(resolver)
}

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
  const direct = (resolver: object, shown: readonly string[]): void => {
    const hosts = new Set(call(new Resolver(), 'getServers') as string[])
    const stack = ns.get(netStack)
    const relays: NameServerRelay[] = []
    const outside: OutsideServer[] = []
    const asked = shown.map((text) => {
      const server = parseServer(text)
      if (!stack.covers(server.address)) {
        outside.push({ ...server, isHosts: hosts.has(text) })
        return text
      }
      const localAddress = localAddresses.get(resolver)?.[server.address.includes(':') ? 1 : 0]
      const relay = relayTo(ns, { server, localAddress })
      relays.push(relay)
      return `127.0.0.1:${relay.port}`
    })
    call(resolver, 'setServers', asked)
    settings.set(resolver, { shown, relays, outside })
  }
  return {
    cancel() {
      call(this, 'cancel')
      cancelAnswers(this)
    },
    getServers() {
      const known = settings.get(this)
      return known === undefined ? (call(this, 'getServers') as string[]) : [...known.shown]
    },
    setServers(servers) {
      const probe = new Resolver()
      call(probe, 'setServers', servers)
      if (owesAnswers(this)) {
        const { inspect } = original('util')
        const message = `c-ares failed to set servers: "There are pending queries." [${inspect(servers)}]`
        throw ns.errors.coded('Error', 'ERR_DNS_SET_SERVERS_FAILED', message)
      }
      direct(this, call(probe, 'getServers') as string[])
    },
    setLocalAddress(...addresses) {
      // The addresses are the guest's: the host has none of them.
      call(new Resolver(), 'setLocalAddress', ...addresses)
      const given = addresses.filter((address): address is string => typeof address === 'string')
      const ofFamily = (isSix: boolean): string | undefined =>
        given.findLast((address) => address.includes(':') === isSix)
      localAddresses.set(this, [ofFamily(false), ofFamily(true)])
      const known = settings.get(this)
      if (known !== undefined && known.relays.length > 0) direct(this, known.shown)
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

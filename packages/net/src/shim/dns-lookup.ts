import type * as dns from 'node:dns'
import { invariant } from '@libvisor/abi'
import { bindGuest, callNative, deliver, denied, ownerHere } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { parseAddress } from '../state/address.ts'
import type { Family } from '../state/address.ts'
import { netStack } from '../slot.ts'
import { resultOrder } from './guest-settings.ts'
import { holdAlive } from './liveness.ts'
import { rememberName } from './looked-up-names.ts'

/** An address as `dns.lookup` gives it with `all`. */
export interface LookupAddress {
  address: string
  family: number
}

type LookupCallback = (error: Error | null, ...result: unknown[]) => void

/** The options of a look-up, with Node's defaults in place. */
interface Query {
  readonly family: 0 | Family
  readonly hints: number
  readonly all: boolean
  readonly order: string
}

/** `getaddrinfo`'s flags, as `dns` exports them. */
const AI_V4MAPPED = 8
const AI_ADDRCONFIG = 32

/** An argument with which Node checks all others and looks nothing up. */
const LITERAL = '127.0.0.1'

/** The originals that a look-up falls back on. */
export interface LookupOriginals {
  readonly callback: typeof dns
  readonly promises: typeof dns.promises
}

/**
 * Looks a name up for a namespace: in its hosts file, on the switch, then with the host's resolver where the policy
 * allows.
 *
 * @param ns - who asks
 * @param originals - Node's own
 * @param port - what the name is looked up for, 0 when that is not known
 */
export function createLookup(ns: Namespace, originals: LookupOriginals, port = 0): typeof dns.lookup {
  const { callback: node } = originals
  const lookup = (hostname: unknown, options: unknown, callback?: unknown): unknown => {
    const done = typeof options === 'function' ? options : callback
    const nodeLookup = node.lookup as unknown as (...args: unknown[]) => unknown
    if (!isName(hostname)) {
      return callback === undefined
        ? nodeLookup(hostname, bindGuest(options))
        : nodeLookup(hostname, options, bindGuest(callback))
    }
    const check = typeof done === 'function' ? () => {} : done
    if (typeof options === 'function') nodeLookup(LITERAL, check)
    else nodeLookup(LITERAL, options, check)

    const query = readQuery(ns, options, node)
    const owner = ownerHere(ns)
    const answer = (error: Error | null, addresses: readonly LookupAddress[]): void => {
      const reply = done as LookupCallback
      deliver(owner, 'io', () => {
        if (error !== null) reply(error)
        else if (query.all) reply(null, addresses)
        else reply(null, addresses[0]!.address, addresses[0]!.family)
      })
    }
    resolve(ns, { hostname, port, query }, answer, (finish) => {
      const { family, hints, order } = query
      const settings = { family, hints, order: order as 'verbatim', all: true as const }
      callNative(() => node.lookup(hostname, settings, (error, found) => finish(error, found)))
    })
    return {}
  }
  return lookup as unknown as typeof dns.lookup
}

/** `dns.promises.lookup` for a namespace. */
export function createPromisesLookup(ns: Namespace, originals: LookupOriginals): typeof dns.promises.lookup {
  const { callback: node, promises } = originals
  const nodeLookup = promises.lookup as unknown as (hostname: unknown, options?: unknown) => Promise<unknown>
  const lookup = (hostname: unknown, options?: unknown): Promise<unknown> => {
    if (!isName(hostname)) return nodeLookup(hostname, options)
    void nodeLookup(LITERAL, options)
    const query = readQuery(ns, options, node)
    const owner = ownerHere(ns)
    return new ns.intrinsics.Promise((fulfil, reject) => {
      const answer = (error: Error | null, addresses: readonly LookupAddress[]): void =>
        deliver(owner, 'io', () => {
          if (error !== null) reject(error)
          else fulfil(query.all ? addresses : addresses[0])
        })
      resolve(ns, { hostname, port: 0, query }, answer, (finish) => {
        const { family, hints, order } = query
        const found = callNative(nodeLookup, hostname, { family, hints, order, all: true }) as Promise<LookupAddress[]>
        found.then(
          (addresses) => finish(null, addresses),
          (error: Error) => finish(error, []),
        )
      })
    })
  }
  return lookup as unknown as typeof dns.promises.lookup
}

type Answer = (error: Error | null, addresses: readonly LookupAddress[]) => void

interface Request {
  readonly hostname: string
  readonly port: number
  readonly query: Query
}

/**
 * @param askHost - asks the host's resolver and passes on what it says
 */
function resolve(ns: Namespace, request: Request, answer: Answer, askHost: (finish: Answer) => void): void {
  const { hostname, port, query } = request
  const stack = ns.get(netStack)
  const waiting = holdAlive(ns)
  const finish: Answer = (error, addresses) => {
    waiting[Symbol.dispose]()
    if (ns.trace.enabled) {
      const failure = (error as { code?: string } | null)?.code
      ns.trace.emit({ area: 'net', operation: 'lookup', target: hostname, ...(failure && { error: failure }) })
    }
    answer(error, addresses)
  }
  stack.lookup(hostname, (known) => {
    if (known.length > 0) {
      const addresses = select(known, query)
      if (addresses.length > 0) return finish(null, addresses)
      return finish(ns.errors.dns('ENOTFOUND', 'getaddrinfo', hostname), [])
    }
    if (!ns.policy.egress(hostname, port)) {
      const what = port === 0 ? `Looking up ${hostname}` : `A connection to ${hostname}:${port}`
      return finish(denied(what, `Allow it in the egress policy of '${ns.name}'.`), [])
    }
    askHost((error, addresses) => {
      if (error === null) for (const { address } of addresses) rememberName(ns, hostname, address)
      finish(error, addresses)
    })
  })
}

/** What `getaddrinfo` would make of the addresses that a name has. */
function select(known: readonly string[], { family, hints, order }: Query): LookupAddress[] {
  const all = known.map((text) => {
    const parsed = parseAddress(text)
    invariant(parsed !== undefined, `'${text}' of the hosts file is an address`)
    return { address: parsed.address, family: parsed.family as number }
  })
  let selected = family === 0 ? all : all.filter((entry) => entry.family === family)
  if (family === 6 && selected.length === 0 && (hints & AI_V4MAPPED) !== 0) {
    selected = all.map(({ address }) => ({ address: `::ffff:${address}`, family: 6 }))
  }
  // The flag drops the families of which the machine has no address but loopback: a stack has none of IPv6.
  const four = selected.filter((entry) => entry.family === 4)
  if (family === 0 && (hints & AI_ADDRCONFIG) !== 0 && four.length > 0) selected = four
  if (order === 'ipv4first') selected.sort((a, b) => a.family - b.family)
  if (order === 'ipv6first') selected.sort((a, b) => b.family - a.family)
  return selected
}

function isName(hostname: unknown): hostname is string {
  return (
    typeof hostname === 'string' && hostname !== '' && !hostname.includes('\0') && parseAddress(hostname) === undefined
  )
}

/** Reads options that Node has found valid. */
function readQuery(ns: Namespace, options: unknown, node: typeof dns): Query {
  const order = resultOrder(ns, node).getDefaultResultOrder()
  if (typeof options === 'number') return { family: options as 0 | Family, hints: 0, all: false, order }
  if (typeof options !== 'object' || options === null) return { family: 0, hints: 0, all: false, order }
  const given = options as { family?: unknown; hints?: number; all?: boolean; verbatim?: boolean; order?: string }
  const { family = 0, hints, all, verbatim } = given
  return {
    family: family === 'IPv4' ? 4 : family === 'IPv6' ? 6 : ((family ?? 0) as 0 | Family),
    hints: hints ?? 0,
    all: all ?? false,
    order: given.order ?? (verbatim === undefined || verbatim === null ? order : verbatim ? 'verbatim' : 'ipv4first'),
  }
}

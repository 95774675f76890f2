import { apply } from '@libvisor/abi'
import { callNative, deliver, deliverNow, denied, ownerHere } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { parseAddress } from '../state/address.ts'
import { netStack } from '../slot.ts'
import { createLookup, createPromisesLookup } from './dns-lookup.ts'
import type { LookupOriginals } from './dns-lookup.ts'
import { defaultResolvers } from './default-resolvers.ts'
import { resultOrder } from './guest-settings.ts'
import { holdAlive } from './liveness.ts'
import { rememberName } from './looked-up-names.ts'

/** The functions of `dns`, and the methods of its resolvers, that ask name servers. */
export const RESOLVE_METHODS: readonly string[] = Object.freeze([
  'resolve',
  'resolve4',
  'resolve6',
  'resolveAny',
  'resolveCaa',
  'resolveCname',
  'resolveMx',
  'resolveNaptr',
  'resolveNs',
  'resolvePtr',
  'resolveSoa',
  'resolveSrv',
  'resolveTlsa',
  'resolveTxt',
  'reverse',
])

/** The functions of `dns` that say how and whom to ask. */
export const SETTINGS: readonly string[] = Object.freeze([
  'getDefaultResultOrder',
  'getServers',
  'setDefaultResultOrder',
  'setServers',
])

/** The functions of `dns` that a namespace has of its own. */
export type DnsFunctions = Readonly<Record<string, (...args: never[]) => unknown>>

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown

/** Names of services, where they are not their numbers: the part of `/etc/services` that programs meet. */
const services: Readonly<Record<number, string>> = Object.freeze({
  22: 'ssh',
  25: 'smtp',
  53: 'domain',
  80: 'http',
  443: 'https',
})

/** The functions of `dns` as one namespace sees them. */
export function createDnsFunctions(ns: Namespace, originals: LookupOriginals): DnsFunctions {
  const { callback: node } = originals
  const functions: Record<string, AnyFunction> = {
    lookup: createLookup(ns, originals) as unknown as AnyFunction,
    lookupService: (...args) => {
      const [address, port, done] = args
      if (args.length !== 3 || !isServiceQuery(address, port) || typeof done !== 'function') {
        return apply(node.lookupService as unknown as AnyFunction, undefined, args)
      }
      const owner = ownerHere(ns)
      const answer = (error: Error | null, result?: ServiceName): void =>
        deliver(owner, 'io', () =>
          apply(done as AnyFunction, undefined, error ? [error] : [null, result!.hostname, result!.service]),
        )
      lookupService(ns, { address, port: Number(port) }, answer, (finish) => {
        callNative(
          node.lookupService,
          address,
          Number(port),
          (error: Error | null, hostname: string, service: string) => finish(error, { hostname, service }),
        )
      })
      return {}
    },
  }
  const { resolver, ...servers } = defaultResolvers(ns, originals)
  for (const name of RESOLVE_METHODS) {
    const original = (node as unknown as Record<string, AnyFunction | undefined>)[name]
    if (original !== undefined)
      functions[name] = guardResolve(
        ns,
        askedOf(() => resolver().callback, name),
      )
  }
  return { ...functions, ...resultOrder(ns, node), ...servers }
}

/** The functions of `dns.promises` as one namespace sees them. */
export function createDnsPromisesFunctions(ns: Namespace, originals: LookupOriginals): DnsFunctions {
  const { promises } = originals
  const functions: Record<string, AnyFunction> = {
    lookup: createPromisesLookup(ns, originals) as unknown as AnyFunction,
    lookupService: (...args) => {
      const [address, port] = args
      const original = promises.lookupService as unknown as AnyFunction
      if (args.length !== 2 || !isServiceQuery(address, port)) return apply(original, undefined, args)
      const owner = ownerHere(ns)
      return new ns.intrinsics.Promise((fulfil, reject) => {
        const answer = (error: Error | null, result?: ServiceName): void =>
          deliver(owner, 'io', () => (error ? reject(error) : fulfil(result)))
        lookupService(ns, { address, port: Number(port) }, answer, (finish) => {
          const found = callNative(promises.lookupService, address, Number(port))
          found.then(
            (result) => finish(null, result),
            (error: Error) => finish(error),
          )
        })
      })
    },
  }
  const { resolver, ...servers } = defaultResolvers(ns, originals)
  for (const name of RESOLVE_METHODS) {
    const original = (promises as unknown as Record<string, AnyFunction | undefined>)[name]
    if (original !== undefined)
      functions[name] = guardPromisesResolve(
        ns,
        askedOf(() => resolver().promises, name),
      )
  }
  return { ...functions, ...resultOrder(ns, originals.callback), ...servers }
}

/** A function of `dns` that asks a namespace's resolver in place of the thread's. */
function askedOf(resolver: () => object, name: string): AnyFunction {
  return (...args) => {
    const target = resolver() as Record<string, AnyFunction>
    return apply(target[name]!, target, args)
  }
}

/**
 * Lets a function of the host's resolver run where the policy allows the name.
 *
 * @param ns - who asks
 * @param original - takes a name first and a callback last
 */
export function guardResolve(ns: Namespace, original: AnyFunction): AnyFunction {
  return function (this: unknown, ...args) {
    const [name] = args
    const done = args.at(-1)
    if (typeof name !== 'string' || typeof done !== 'function') return apply(original, this, args)
    if (!ns.policy.egress(name, 0)) {
      deliver(ownerHere(ns), 'io', () => apply(done as AnyFunction, undefined, [resolveDenied(ns, name)]))
      return {}
    }
    const owner = ownerHere(ns)
    const waiting = holdAlive(ns)
    const answer = (...results: unknown[]): void => {
      waiting[Symbol.dispose]()
      remember(ns, name, results[1])
      deliverNow(owner, 'io', () => void apply(done as AnyFunction, undefined, results))
    }
    try {
      return callNative(() => apply(original, this, [...args.slice(0, -1), answer]))
    } catch (error) {
      waiting[Symbol.dispose]()
      throw error
    }
  }
}

/** The same for a function that returns a promise. */
export function guardPromisesResolve(ns: Namespace, original: AnyFunction): AnyFunction {
  return function (this: unknown, ...args) {
    const [name] = args
    if (typeof name !== 'string') return apply(original, this, args)
    if (!ns.policy.egress(name, 0)) return ns.intrinsics.Promise.reject(resolveDenied(ns, name))
    const owner = ownerHere(ns)
    const found = callNative(() => apply(original, this, args)) as Promise<unknown>
    const waiting = holdAlive(ns)
    return new ns.intrinsics.Promise((fulfil, reject) => {
      const settle = (settled: () => void): void => {
        waiting[Symbol.dispose]()
        deliverNow(owner, 'io', settled)
      }
      found.then(
        (result) => {
          remember(ns, name, result)
          settle(() => fulfil(result))
        },
        (error: unknown) => settle(() => reject(error)),
      )
    })
  }
}

function resolveDenied(ns: Namespace, name: string): Error {
  return denied(`Resolving ${name}`, `Allow it in the egress policy of '${ns.name}'.`)
}

/** Remembers the addresses among what a resolver found. */
function remember(ns: Namespace, name: string, result: unknown): void {
  if (!Array.isArray(result)) return
  for (const entry of result as readonly unknown[]) {
    const address = typeof entry === 'string' ? entry : (entry as { address?: unknown } | null)?.address
    if (typeof address === 'string' && parseAddress(address) !== undefined) rememberName(ns, name, address)
  }
}

interface ServiceName {
  readonly hostname: string
  readonly service: string
}

type ServiceAnswer = (error: Error | null, result?: ServiceName) => void

function lookupService(
  ns: Namespace,
  { address, port }: { address: string; port: number },
  answer: ServiceAnswer,
  askHost: (finish: ServiceAnswer) => void,
): void {
  const stack = ns.get(netStack)
  const waiting = holdAlive(ns)
  const finish: ServiceAnswer = (error, result) => {
    waiting[Symbol.dispose]()
    answer(error, result)
  }
  if (stack.covers(address)) {
    return stack.reverse(address, (name) =>
      finish(null, { hostname: name ?? address, service: services[port] ?? `${port}` }),
    )
  }
  if (!ns.policy.egress(address, 0)) return finish(resolveDenied(ns, address))
  askHost(finish)
}

function isServiceQuery(address: unknown, port: unknown): address is string {
  const number =
    typeof port === 'number' || (typeof port === 'string' && port.trim() !== '') ? Number(port) : Number.NaN
  return (
    typeof address === 'string' &&
    parseAddress(address) !== undefined &&
    Number.isInteger(number) &&
    number >= 0 &&
    number < 65536
  )
}

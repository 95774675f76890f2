import { apply } from '@libvisor/abi'
import { callNative, deliver, denied, ownerHere } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { parseAddress } from '../state/address.ts'
import { netStack } from '../slot.ts'
import { createLookup, createPromisesLookup } from './dns-lookup.ts'
import type { LookupOriginals } from './dns-lookup.ts'
import { defaultResolvers } from './default-resolvers.ts'
import { resultOrder } from './guest-settings.ts'
import { RESOLVE_METHODS } from './dns-question.ts'
import { holdAlive } from './liveness.ts'
import { guardPromisesResolve, guardResolve, resolverMethod } from './resolver-guard.ts'

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
    if (typeof (node as unknown as Record<string, unknown>)[name] !== 'function') continue
    functions[name] = guardResolve(
      ns,
      resolverMethod(originals.callback.Resolver, name, () => resolver().callback),
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
    if (typeof (promises as unknown as Record<string, unknown>)[name] !== 'function') continue
    functions[name] = guardPromisesResolve(
      ns,
      resolverMethod(originals.promises.Resolver, name, () => resolver().promises),
    )
  }
  return { ...functions, ...resultOrder(ns, originals.callback), ...servers }
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
  if (!ns.policy.egress(address, 0))
    return finish(denied(`Resolving ${address}`, `Allow it in the egress policy of '${ns.name}'.`))
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

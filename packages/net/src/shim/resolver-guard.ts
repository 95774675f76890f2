import { apply } from '@libvisor/abi'
import { callNative, deliver, deliverNow, denied, ownerHere } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { parseAddress, pointerName } from '../state/address.ts'
import { readQuestion } from './dns-question.ts'
import type { Question } from './dns-question.ts'
import { findKnownRecords } from './known-records.ts'
import { holdAlive } from './liveness.ts'
import { rememberName } from './looked-up-names.ts'
import { expectAnswer } from './pending-answers.ts'
import { serversOf } from './name-servers.ts'
import type { ResolverServers } from './name-servers.ts'

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown

/** A method of Node's resolvers that asks name servers. */
export interface ResolverMethod {
  readonly name: string
  readonly original: AnyFunction
  /** The one that asks for the names of an address. */
  readonly resolvePtr: AnyFunction
  /** The resolver that is asked. @defaultValue the one whose method is called */
  readonly resolver?: () => object
}

/**
 * A method of a class of Node's.
 *
 * @param Resolver - the class
 * @param name - the method's name
 * @param resolver - what is asked, where the method is called as a function
 */
export function resolverMethod(
  Resolver: { readonly prototype: object },
  name: string,
  resolver?: () => object,
): ResolverMethod {
  const methods = Resolver.prototype as Record<string, AnyFunction>
  return { name, original: methods[name]!, resolvePtr: methods['resolvePtr']!, ...(resolver && { resolver }) }
}

/** Gives an answer to the guest. `isNew` where nothing has been waited for. */
type Reply = (error: Error | null, result: unknown, isNew: boolean) => void

/** How the host's resolver is asked, by a method with its arguments; it is not told who asks. */
type AskHost = (
  method: AnyFunction,
  args: readonly unknown[],
  finish: (error: Error | null, result?: unknown) => void,
) => unknown

/**
 * A function of the host's resolver for a namespace. What the guests' network knows is answered here. A resolver with
 * servers of its own asks those in the network freely, and others where the policy allows them; the host's servers are
 * asked where it allows the name.
 *
 * @param ns - who asks
 * @param method - takes a name first and a callback last
 */
export function guardResolve(ns: Namespace, method: ResolverMethod): AnyFunction {
  return function (this: unknown, ...args) {
    const done = args.at(-1)
    const resolver = method.resolver?.() ?? this
    const rest = args.slice(0, -1)
    const question = typeof done === 'function' ? readQuestion(method.name, rest) : undefined
    if (question === undefined || !isResolver(resolver)) return apply(method.original, resolver, args)
    const owner = ownerHere(ns)
    const reply: Reply = (error, result, isNew) => {
      const gate = isNew ? deliver : deliverNow
      gate(owner, 'io', () => void apply(done as AnyFunction, undefined, error === null ? [null, result] : [error]))
    }
    return ask(ns, { resolver, method, question, args: rest }, reply, (original, given, finish) =>
      callNative(() => apply(original, resolver, [...given, finish])),
    )
  }
}

/** The same for a function that returns a promise. */
export function guardPromisesResolve(ns: Namespace, method: ResolverMethod): AnyFunction {
  return function (this: unknown, ...args) {
    const resolver = method.resolver?.() ?? this
    const given = method.name === 'resolve' && args.length > 1 && args[1] === undefined ? args.slice(0, 1) : args
    const question = readQuestion(method.name, given)
    if (question === undefined || !isResolver(resolver)) return apply(method.original, resolver, args)
    const owner = ownerHere(ns)
    return new ns.intrinsics.Promise((fulfil, reject) => {
      const reply: Reply = (error, result, isNew) => {
        const gate = isNew ? deliver : deliverNow
        gate(owner, 'io', () => (error === null ? fulfil(result) : reject(error)))
      }
      ask(ns, { resolver, method, question, args: given }, reply, (original, passed, finish) => {
        const found = callNative(() => apply(original, resolver, [...passed])) as Promise<unknown>
        found.then(
          (result) => finish(null, result),
          (error: Error) => finish(error),
        )
      })
    })
  }
}

/** A question, and of whom it is asked by which method. */
interface Asked {
  readonly resolver: object
  readonly method: ResolverMethod
  readonly question: Question
  readonly args: readonly unknown[]
}

function ask(ns: Namespace, asked: Asked, reply: Reply, askHost: AskHost): unknown {
  const { resolver, question } = asked
  const servers = serversOf(resolver)
  const waiting = holdAlive(ns)
  const answer: Reply = (error, result, isNew) => {
    waiting[Symbol.dispose]()
    if (ns.trace.enabled) {
      const failure = (error as { code?: string } | null)?.code
      ns.trace.emit({
        area: 'net',
        operation: 'resolve',
        target: `${question.name} ${question.type}`,
        ...(failure && { error: failure }),
      })
    }
    reply(error, result, isNew)
  }
  let request: unknown = {}
  const askServers = (): void => {
    const refusal = refusalOf(ns, servers, question)
    if (refusal !== undefined) return answer(refusal, undefined, true)
    try {
      request = askNameServers(ns, { ...asked, servers }, answer, askHost)
    } catch (error) {
      waiting[Symbol.dispose]()
      throw error
    }
  }
  // As Node does, a resolver with servers of its own looks into the hosts file for the names of an address only.
  const isLiteral = question.type !== 'REVERSE' || parseAddress(question.name) !== undefined
  if (!isLiteral || (servers !== undefined && question.type !== 'REVERSE')) {
    askServers()
    return request
  }
  let outcome: { readonly error: Error | null; readonly result?: unknown } | undefined
  const settle = (given: NonNullable<typeof outcome>): void => {
    const isFirst = outcome === undefined
    outcome = given
    if (!isFirst) return
    deliver(ownerHere(ns), 'io', () => {
      owed()
      answer(outcome!.error, outcome!.result, false)
    })
  }
  // The names of an address are in the hosts file, which natively is read at once.
  const owed =
    question.type === 'REVERSE'
      ? () => {}
      : expectAnswer(resolver, () => settle({ error: resolveError(ns, 'ECANCELLED', question) }))
  findKnownRecords(ns, question, (known) => {
    if (outcome !== undefined) return
    if (known === undefined || ('code' in known && servers !== undefined)) {
      owed()
      askServers()
    } else if ('records' in known) settle({ error: null, result: known.records })
    else settle({ error: resolveError(ns, known.code, question) })
  })
  return request
}

function askNameServers(
  ns: Namespace,
  { method, question, args, servers }: Asked & { readonly servers: ResolverServers | undefined },
  answer: Reply,
  askHost: AskHost,
): unknown {
  const relays = servers?.relays ?? []
  const isHosts = servers === undefined || (relays.length === 0 && servers.outside.every((server) => server.isHosts))
  const address = question.type === 'REVERSE' && servers !== undefined ? parseAddress(question.name) : undefined
  const finish = (error: Error | null, result?: unknown): void => {
    for (const relay of relays) relay.end()
    if (error !== null) return answer(failureOf(ns, error, { question, servers }), undefined, false)
    // What a server says that is not the host's vouches for no address.
    if (isHosts) remember(ns, question.name, result)
    answer(null, result, false)
  }
  for (const relay of relays) relay.begin()
  try {
    // Node's own `reverse` reads the host's hosts file.
    return address === undefined
      ? askHost(method.original, args, finish)
      : askHost(method.resolvePtr, [pointerName(address.address)], finish)
  } catch (error) {
    for (const relay of relays) relay.end()
    throw error
  }
}

/** What keeps a resolver from asking, if anything does. */
function refusalOf(ns: Namespace, servers: ResolverServers | undefined, { name }: Question): Error | undefined {
  const hint = `Allow it in the egress policy of '${ns.name}'.`
  if (servers === undefined) return ns.policy.egress(name, 0) ? undefined : denied(`Resolving ${name}`, hint)
  const refused = servers.outside.find(
    ({ address, port, isHosts }) => !ns.policy.egress(address, port) && !(isHosts && ns.policy.egress(name, 0)),
  )
  return refused && denied(`Asking the name server ${refused.address}:${refused.port}`, hint)
}

/** An error as the resolver would have made it without the ways by which it asks. */
function failureOf(
  ns: Namespace,
  error: Error,
  { question, servers }: { readonly question: Question; readonly servers: ResolverServers | undefined },
): Error {
  const { code } = error as { readonly code?: string }
  if (servers === undefined || typeof code !== 'string') return error
  if (question.type === 'REVERSE') {
    return resolveError(ns, code === 'ECANCELLED' || code === 'EDESTRUCTION' ? code : 'ENOTFOUND', question)
  }
  const { relays, outside } = servers
  const isRefused = code === 'ESERVFAIL' && outside.length === 0 && relays.every((relay) => relay.refused)
  return isRefused ? resolveError(ns, 'ECONNREFUSED', question) : error
}

function resolveError(ns: Namespace, code: string, { syscall, name }: Question): Error {
  return Object.assign(ns.errors.dns(code, syscall, name), { errno: undefined })
}

/** Remembers the addresses among what a resolver found. */
function remember(ns: Namespace, name: string, result: unknown): void {
  if (!Array.isArray(result)) return
  for (const entry of result as readonly unknown[]) {
    const address = typeof entry === 'string' ? entry : (entry as { address?: unknown } | null)?.address
    if (typeof address === 'string' && parseAddress(address) !== undefined) rememberName(ns, name, address)
  }
}

function isResolver(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

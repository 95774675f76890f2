import type * as http from 'node:http'
import { apply, construct, defineProperty, getOwnPropertyDescriptor } from '@libvisor/abi'
import { mimic } from '@libvisor/core'
import type { CurrentNamespace, Namespace, Realm } from '@libvisor/core'

/** Marks the options of a request with the namespace that made it. Node copies them from object to object. */
const madeBy = Symbol('namespace')

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown
type GetName = (this: http.Agent, options?: object) => string

/**
 * Keeps the connections of different namespaces apart in every agent of a realm that they share: an agent finds the
 * sockets it may use again by a name, which gets the namespace's number.
 *
 * @param realm - a realm that namespaces share
 * @param current - who makes a request
 * @param exports - the exports of `http`
 */
export function separateAgents(realm: Realm, current: CurrentNamespace, exports: Record<PropertyKey, unknown>): void {
  const { prototype } = exports['Agent'] as { prototype: { getName: GetName } }
  const original = prototype.getName
  const getName: GetName = function (this: http.Agent, options = {}) {
    const marked = options as { [madeBy]?: Namespace | null }
    // Sockets become free and end in whatever context: the one that made the request counts.
    const ns = madeBy in marked ? marked[madeBy] : (marked[madeBy] = current() ?? null)
    const name = apply(original, this, [options])
    return ns === null || ns === undefined ? name : `${name}:namespace ${ns.id}`
  }
  realm.patches.patch(prototype, 'getName', { value: mimic(original, getName) })
}

/** Where undici keeps the dispatcher of a realm, newest first. */
const dispatcherSymbols = [Symbol.for('undici.globalDispatcher.2'), Symbol.for('undici.globalDispatcher.1')]

/** The dispatcher that Node itself has made, so that one which the guest has put in its place is noticed. */
let nodeDispatcher: object | undefined

/** The globals that keep connections, as they were before they were patched. Reading a class loads it. */
export interface PoolingGlobals {
  readonly fetch: typeof fetch
  readonly WebSocket: typeof WebSocket
  readonly Headers: typeof Headers
}

/** The globals that keep connections, as one namespace sees them: with a pool of its own. */
export function createPooledGlobals(ns: Namespace, global: PoolingGlobals): PoolingGlobals {
  let own: object | undefined
  const withDispatcher = (options: object): object => {
    const found = globalDispatcher(global)
    nodeDispatcher ??= found
    // A guest that has set a dispatcher of its own gets it.
    if (found === undefined || found !== nodeDispatcher) return options
    own ??= construct(found.constructor as new () => object, [])
    return { dispatcher: own, ...options }
  }
  const boundFetch = (input: unknown, init?: object): unknown =>
    apply(global.fetch as unknown as AnyFunction, undefined, [input, withDispatcher(init ?? {})])
  ns.own({
    [Symbol.dispose]() {
      const { destroy } = (own ?? {}) as { destroy?: () => Promise<void> }
      if (destroy !== undefined) void apply(destroy, own, [])
    },
  })
  let boundWebSocket: typeof WebSocket | undefined
  return {
    fetch: mimic(global.fetch, boundFetch as typeof fetch),
    get WebSocket() {
      return (boundWebSocket ??= bindWebSocket(global.WebSocket, withDispatcher))
    },
    get Headers() {
      return global.Headers
    },
  }
}

function bindWebSocket(Original: typeof WebSocket, withDispatcher: (options: object) => object): typeof WebSocket {
  const Bound = function (this: unknown, ...args: unknown[]): object {
    // Without `new`, the original says what is wrong.
    if (new.target === undefined) return apply(Original as unknown as AnyFunction, undefined, args) as object
    const [url, second] = args
    const isOptions = typeof second === 'object' && second !== null && !Array.isArray(second)
    const options = isOptions ? second : { ...(second !== undefined && { protocols: second }) }
    const Class = (new.target as unknown) === Bound ? Original : new.target
    return construct(Original, [url, withDispatcher(options)] as unknown as [string], Class as typeof Original)
  }
  mimic(Original, Bound)
  ;(Bound as { prototype: object }).prototype = Original.prototype
  return Bound as unknown as typeof WebSocket
}

/**
 * Gives each namespace of a realm that they share the globals that keep connections.
 *
 * @param realm - the realm
 * @param current - who reads a global
 * @param ask - called before a namespace uses one: what they ride on must be patched
 */
export function separateGlobals(realm: Realm, current: CurrentNamespace, ask: () => void): void {
  const global = realm.global as unknown as Record<string, unknown>
  const originals = {} as PoolingGlobals
  for (const name of ['fetch', 'WebSocket', 'Headers']) {
    const descriptor = getOwnPropertyDescriptor(global, name)
    if (descriptor !== undefined) defineProperty(originals, name, { ...descriptor, configurable: true })
  }
  const made = new WeakMap<Namespace, PoolingGlobals>()
  const globalsOf = (ns: Namespace): PoolingGlobals => {
    ask()
    let globals = made.get(ns)
    if (globals === undefined) made.set(ns, (globals = createPooledGlobals(ns, originals)))
    return globals
  }
  for (const name of ['fetch', 'WebSocket'] as const) {
    realm.patches.patch(global, name, {
      get() {
        const ns = current()
        return ns === undefined ? originals[name] : globalsOf(ns)[name]
      },
      set(value: unknown) {
        defineProperty(global, name, { value, writable: true, enumerable: name === 'fetch', configurable: true })
      },
    })
  }
}

/** Asking for a class of undici's loads it, and with it makes the dispatcher. */
function globalDispatcher(global: PoolingGlobals): object | undefined {
  void global.Headers
  for (const symbol of dispatcherSymbols) {
    const found = (globalThis as unknown as Record<symbol, object | undefined>)[symbol]
    if (found !== undefined) return found
  }
  return undefined
}

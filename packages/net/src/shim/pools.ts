import type * as http from 'node:http'
import { apply, construct, defineProperty, getOwnPropertyDescriptor, host } from '@libvisor/abi'
import { callNative, captureContext, mimic, ownerOf, perNamespace, setOwner } from '@libvisor/core'
import type { CurrentNamespace, Namespace, Realm } from '@libvisor/core'
import { usedProxies, whileProxied } from './guest-proxy.ts'

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
    const ns = madeBy in marked ? marked[madeBy] : (current() ?? null)
    if (!(madeBy in marked) && Object.isExtensible(options)) marked[madeBy] = ns
    const name = apply(original, this, [options])
    if (ns === null || ns === undefined) return name
    // The first namespace that uses an agent is nearly always the only one, and sees the names that Node gives.
    const owner = ownerOf(this)
    if (owner === undefined) setOwner(this, ns)
    return owner === undefined || owner === ns ? name : `${name}:namespace ${ns.id}`
  }
  realm.patches.patch(prototype, 'getName', { value: mimic(original, getName) })
}

const legacySymbol = Symbol.for('undici.globalDispatcher.1')
const newestSymbol = Symbol.for('undici.globalDispatcher.2')

/**
 * Where Node's undici looks for the dispatcher of a realm. The `undici` package, of whatever version, sets both: one to what takes the
 * handlers of undici 8, the other to what takes older ones as well.
 *
 * @source lib/global.js of undici 6.28 (Node 22.23), 7.29 (Node 24.21) and 8.10 (Node 26.10)
 */
const dispatcherSymbol = Number.parseInt(host.process.versions.undici ?? '', 10) >= 8 ? newestSymbol : legacySymbol

/** The dispatcher that Node itself has made, so that one which the guest has put in its place is noticed. */
let nodeDispatcher: object | undefined

/** The globals that keep connections, as they were before they were patched. Reading a class loads it. */
export interface PoolingGlobals {
  readonly fetch: typeof fetch
  readonly WebSocket: typeof WebSocket
  readonly Headers: typeof Headers
  /** Where Node has it. */
  readonly EventSource?: typeof EventSource
}

/** Both places in which a dispatcher is looked for. */
type GlobalDispatchers = Record<symbol, object | undefined>

/**
 * Puts what makes the requests of `fetch` where a guest's own realm has it, as the `undici` package does.
 *
 * @param ns - a namespace with a global object of its own
 * @param dispatchers - by the symbols under which they are looked for
 * @returns what was there
 */
export function setDispatchers(ns: Namespace, dispatchers: GlobalDispatchers): GlobalDispatchers {
  const global = globalOf(ns) as GlobalDispatchers
  const before: GlobalDispatchers = {}
  for (const symbol of [legacySymbol, newestSymbol]) {
    before[symbol] = global[symbol]
    defineProperty(global, symbol, { value: dispatchers[symbol], writable: true })
  }
  return before
}

/** The dispatchers of the thread. */
export const readDispatchers = (): GlobalDispatchers =>
  Object.fromEntries(
    [legacySymbol, newestSymbol].map((symbol) => [symbol, (globalThis as unknown as GlobalDispatchers)[symbol]]),
  )

type SocketClass = new (url: string, options?: object) => object

/** The async context in which this module was loaded, which is nobody's. */
const enterHost = captureContext()

/** Made once: what is behind a dispatcher ticks for the whole thread, in the async context of whoever came first. */
let ticking: boolean | undefined

/**
 * Has undici start the clock of its timeouts outside of every guest: it starts with the first connection, and whoever
 * made that would keep it for all others, beyond its end.
 */
function startClock(Dispatcher: DispatcherClass): void {
  if (ticking) return
  ticking = true
  enterHost(() =>
    callNative(() => {
      const dispatcher = new Dispatcher({ connect: { socketPath: '/dev/null/nothing' } })
      const forget = (): void => void dispatcher.destroy().catch(() => {})
      const request = { origin: 'http://localhost', path: '/', method: 'GET' }
      dispatcher.dispatch(request, { ...ignoresResponse, onError: forget, onResponseError: forget })
    }),
  )
}

/** The callbacks of a request under their names before and since undici 7. */
const ignoresResponse = Object.fromEntries(
  ['onConnect', 'onHeaders', 'onData', 'onComplete', 'onUpgrade']
    .concat(['onRequestStart', 'onRequestUpgrade', 'onResponseStart', 'onResponseData', 'onResponseEnd'])
    .map((name) => [name, () => {}]),
)

type DispatcherClass = new (options?: object) => {
  dispatch(options: object, handler: object): boolean
  destroy(): Promise<void>
}

/** The global object of the realm to which a namespace's objects belong. */
function globalOf(ns: Namespace): object {
  const { Object: RealmObject } = ns.intrinsics
  if (RealmObject === Object) return globalThis
  return (RealmObject.constructor as FunctionConstructor)('return globalThis')() as object
}

/**
 * The globals that keep connections, as one namespace sees them: with a pool of its own. A program that has set a
 * dispatcher (as the `undici` package does) gets that one.
 *
 * @param ns - the namespace
 * @param global - Node's own globals
 */
export function createPooledGlobals(ns: Namespace, global: PoolingGlobals): PoolingGlobals {
  const ownGlobal = globalOf(ns)
  let own: object | undefined
  const makeOwn = (found: object): object => {
    const Dispatcher = found.constructor as DispatcherClass
    startClock(Dispatcher)
    const proxies = usedProxies(ns)
    const proxied =
      proxies && (whileProxied(proxies, () => dispatcherOf(globalThis)) as InstanceType<DispatcherClass> | undefined)
    const made = proxied ?? new Dispatcher()
    ns.own({ [Symbol.dispose]: () => void made.destroy().catch(() => {}) })
    return made
  }
  const dispatcher = (): object | undefined => {
    const nodes = enterHost(() => globalDispatcher(global))
    nodeDispatcher ??= nodes
    if (ownGlobal === globalThis) {
      return nodes === undefined || nodes !== nodeDispatcher ? undefined : (own ??= makeOwn(nodes))
    }
    const set = dispatcherOf(ownGlobal)
    if (set !== undefined || nodes === undefined) return set
    own ??= makeOwn(nodes)
    for (const symbol of [legacySymbol, newestSymbol]) {
      const given = enterHost(() => Reflect.get(globalThis, symbol) as object | undefined)
      if (given === undefined) continue
      // What stands there for older handlers leads to the other one.
      const value = given === nodes ? own : new (given.constructor as new (dispatcher: object) => object)(own)
      defineProperty(ownGlobal, symbol, { value, writable: true })
    }
    return own
  }
  const withDispatcher = (options: object): object => {
    const chosen = dispatcher()
    return chosen === undefined ? options : { dispatcher: chosen, ...options }
  }
  const boundFetch = (input: unknown, init?: object): unknown =>
    apply(global.fetch as unknown as AnyFunction, undefined, [input, withDispatcher(init ?? {})])
  let boundWebSocket: typeof WebSocket | undefined
  let boundEventSource: typeof EventSource | undefined
  return {
    fetch: mimic(global.fetch, boundFetch as typeof fetch),
    get WebSocket() {
      return (boundWebSocket ??= bindClass(global.WebSocket as SocketClass, (second) => {
        const isOptions = typeof second === 'object' && second !== null && !Array.isArray(second)
        return withDispatcher(isOptions ? second : { ...(second !== undefined && { protocols: second }) })
      }) as typeof WebSocket)
    },
    get EventSource() {
      const { EventSource: Original } = global
      if (Original === undefined) return Original as never
      return (boundEventSource ??= bindClass(Original as SocketClass, (options) =>
        withDispatcher((options as object | undefined) ?? {}),
      ) as typeof EventSource)
    },
    get Headers() {
      return global.Headers
    },
  }
}

/** A class whose instances connect with a namespace's dispatcher, which is among their options. */
function bindClass(Original: SocketClass, optionsOf: (given: unknown) => object): SocketClass {
  const Bound = function (this: unknown, ...args: unknown[]): object {
    // Without `new`, the original says what is wrong.
    if (new.target === undefined) return apply(Original as unknown as AnyFunction, undefined, args) as object
    const [url, options] = args
    const Class = (new.target as unknown) === Bound ? Original : new.target
    return construct(Original, [url, optionsOf(options)] as [string, object], Class)
  }
  mimic(Original, Bound)
  ;(Bound as { prototype: object }).prototype = Original.prototype as object
  return Bound as unknown as SocketClass
}

/**
 * Gives each namespace of a realm that they share the globals that keep connections.
 *
 * @param realm - the realm
 * @param current - who reads a global
 * @param ask - called before a namespace uses one: what they ride on must be patched
 * @returns gives those of a namespace
 */
export function separateGlobals(
  realm: Realm,
  current: CurrentNamespace,
  ask: () => void,
): (ns: Namespace) => PoolingGlobals {
  const global = realm.global as unknown as Record<string, unknown>
  const originals = {} as PoolingGlobals
  for (const name of ['fetch', 'WebSocket', 'EventSource', 'Headers']) {
    const descriptor = getOwnPropertyDescriptor(global, name)
    if (descriptor !== undefined) defineProperty(originals, name, { ...descriptor, configurable: true })
  }
  const globalsOf = perNamespace((ns) => {
    ask()
    return createPooledGlobals(ns, originals)
  })
  for (const name of ['fetch', 'WebSocket', 'EventSource'] as const) {
    if (getOwnPropertyDescriptor(originals, name) === undefined) continue
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
  return globalsOf
}

/** Asking for a class of undici's loads it, and with it makes the dispatcher. */
function globalDispatcher(global: PoolingGlobals): object | undefined {
  void global.Headers
  return dispatcherOf(globalThis)
}

function dispatcherOf(global: object): object | undefined {
  return (global as Record<symbol, object | undefined>)[dispatcherSymbol]
}

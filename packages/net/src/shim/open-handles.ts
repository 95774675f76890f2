import { apply, builtin, defineProperty, host } from '@libvisor/abi'
import { perNamespace } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { netStack } from '../slot.ts'
import type { NetStack } from '../state/net-stack.ts'
import { boundSession, valueBehind } from './bound-session.ts'
import { nodeInternals } from './node-internals.native.ts'
import type { NativeHandle } from './node-internals.native.ts'

/** What a namespace has open on its network, and what went through it. */
export interface NetUsage {
  /** Sockets that are connected or connect, of the guests' network and of the host's kernel; bound sockets of UDP. */
  readonly sockets: number
  /** Servers that listen. */
  readonly servers: number
  /** What sockets have read until now, closed ones too. @units bytes */
  readonly bytesRead: number
  /** What sockets have written until now, closed ones too. @units bytes */
  readonly bytesWritten: number
}

/** The handle of a socket or server, as far as its bytes are counted. */
type CountedHandle = { readonly bytesRead?: number; readonly bytesWritten?: number }

type ClosableHandle = CountedHandle & { close(): void }

/** All that a namespace has open, as one thing of its network. */
class OpenHandles implements Disposable {
  readonly handles = new Set<TrackedHandle>()
  bytesRead = 0
  bytesWritten = 0
  #network: NetStack | undefined

  add(handle: TrackedHandle, network: NetStack): void {
    this.handles.add(handle)
    if (this.#network === network) return
    this.#network = network
    network.own(this)
  }

  [Symbol.dispose](): void {
    this.#network = undefined
    for (const handle of [...this.handles].reverse()) handle[Symbol.dispose]()
  }
}

const openHandlesOf = perNamespace(() => new OpenHandles())

/**
 * A handle that counts as open, and is closed with the network of its namespace. There are as many as open sockets: what they do is the
 * class's.
 */
export class TrackedHandle implements Disposable {
  readonly kind: 'server' | 'socket'
  readonly handle: ClosableHandle
  /** Whether it is the host's kernel's. */
  readonly isNative: boolean
  readonly #ns: Namespace

  constructor(ns: Namespace, kind: TrackedHandle['kind'], handle: ClosableHandle, isNative = false) {
    this.kind = kind
    this.isNative = isNative
    this.handle = handle
    this.#ns = ns
    openHandlesOf(ns).add(this, ns.get(netStack))
  }

  /** It has been closed. */
  forget(): void {
    const kept = openHandlesOf(this.#ns)
    if (!kept.handles.delete(this)) return
    const { bytesRead, bytesWritten } = bytesOf(this)
    kept.bytesRead += bytesRead
    kept.bytesWritten += bytesWritten
  }

  /** Closes it at the end of its guest, which hears nothing of that. */
  [Symbol.dispose](): void {
    this.forget()
    abandonOwner(this.#ns, this.handle)
    this.handle.close()
  }
}

/** A server's handle has the accessors of a native one without its fields. */
function bytesOf({ kind, handle }: TrackedHandle): Required<CountedHandle> {
  const { bytesRead = 0, bytesWritten = 0 } = kind === 'server' ? {} : handle
  return { bytesRead, bytesWritten }
}

/** The same for a handle of the host's kernel, which says itself when it is closed. */
export function trackNative(ns: Namespace, handle: NativeHandle): void {
  const { close, reset } = handle
  const tracked = new TrackedHandle(ns, 'socket', handle, true)
  handle.close = (done) => {
    tracked.forget()
    apply(close, handle, [done])
  }
  handle.reset = (done) => {
    tracked.forget()
    return apply(reset, handle, [done])
  }
}

/**
 * What a namespace has open on its network.
 *
 * @param ns - the namespace
 * @returns the counts of this moment
 * @example
 * ```ts
 * import { createNamespace } from '@libvisor/core'
 * import { createNetInterceptor, createNetStack, netStack, netUsage } from '@libvisor/net'
 * import assert from 'node:assert/strict'
 * import { once } from 'node:events'
 * import type * as net from 'node:net'
 *
 * using ns = createNamespace({ name: 'api' })
 * using stack = createNetStack()
 * ns.provide(netStack, stack)
 * const { createServer } = createNetInterceptor().bind(ns).modules['net']!() as typeof net
 * await once(createServer().listen(80), 'listening')
 * assert.deepEqual(netUsage(ns), { sockets: 0, servers: 1, bytesRead: 0, bytesWritten: 0 })
 * ```
 */
export function netUsage(ns: Namespace): NetUsage {
  const kept = openHandlesOf(ns)
  let { bytesRead, bytesWritten } = kept
  let servers = 0
  for (const open of kept.handles) {
    if (open.kind === 'server') servers++
    const bytes = bytesOf(open)
    bytesRead += bytes.bytesRead
    bytesWritten += bytes.bytesWritten
  }
  return { sockets: kept.handles.size - servers, servers, bytesRead, bytesWritten }
}

/** The sockets of a namespace that are the host's kernel's. */
export function nativeHandles(ns: Namespace): object[] {
  return Array.from(openHandlesOf(ns).handles).flatMap(({ handle, isNative }) => (isNative ? handle : []))
}

/** Sockets of TLS by the handle under them, which does not lead to them. */
const tlsOver = new WeakMap<object, object>()

/** Notes that a socket of TLS has wrapped a handle. */
export function noteTls(socket: object): void {
  const { _handle: handle } = socket as { _handle?: { _parent?: object } | null }
  if (handle?._parent !== undefined) tlsOver.set(handle._parent, socket)
}

/** Whether native code of TLS reads from a handle. */
export function isUnderTls(handle: object): boolean {
  return tlsOver.has(handle)
}

/** Sessions of http2 and their streams are held by native objects, which nothing but destroying them frees. */
function abandonSession(ns: Namespace, session: object): void {
  const { streams } = (valueBehind(session, 'state') ?? {}) as { streams?: ReadonlyMap<number, object> }
  for (const object of [...(streams?.values() ?? []), session]) {
    abandon(ns, object)
    const handle = valueBehind(object, 'kHandle') as { destroy(code: number, isSocketGone: boolean): void } | undefined
    handle?.destroy(0, true)
  }
}

/** A native parser of http, which nothing but closing it frees. */
interface HttpParser {
  /** Takes it from its server's list of connections. */
  remove(): void
  close(): void
}

/** The parser of undici on its socket, with a timer for the next piece of the response. */
interface FetchParser {
  destroy(): void
}

function closeParser(ns: Namespace, parser: HttpParser): void {
  parser.remove()
  // It may be what has called the code that ends the guest.
  ns.scheduler.schedule('io', () => parser.close())
}

/**
 * Frees the parsers of http that are kept for use again. Each holds the async context of whom it was used for last.
 */
export function closePooledParsers(): void {
  const { parsers } = builtin('_http_common') as { parsers: { list: HttpParser[] } }
  for (const parser of parsers.list.splice(0)) parser.close()
}

/** What keeps running on its own, by what Node calls the symbols behind which it keeps it. */
const TIMERS: ReadonlySet<string | undefined> = new Set(['timeout', 'http.server.connectionsCheckingInterval'])

function abandonOwner(ns: Namespace, handle: object): void {
  const owner = (handle as Record<symbol, object | undefined>)[nodeInternals().owner]
  if (owner !== undefined) abandon(ns, owner)
  const secure = tlsOver.get(handle)
  if (secure !== undefined && secure !== owner) abandon(ns, secure)
}

/** Stops what Node's socket, server or session does by itself. The guest is gone: no event tells it. */
function abandon(ns: Namespace, object: object): void {
  defineProperty(object, 'emit', { value: () => false, writable: true, configurable: true })
  for (const symbol of Object.getOwnPropertySymbols(object)) {
    const { description } = symbol
    const timers = object as Record<symbol, NodeJS.Timeout | null | undefined>
    if (!TIMERS.has(description) || !timers[symbol]) continue
    host.clearTimeout(timers[symbol])
    // Node refreshes one that is still there.
    timers[symbol] = null
  }
  const session = boundSession(object)
  if (session !== undefined) abandonSession(ns, session)
  const { parser } = object as { parser?: HttpParser | null }
  if (typeof parser?.close === 'function') closeParser(ns, parser)
  const fetchParser = valueBehind(object, 'parser') as FetchParser | null | undefined
  if (typeof fetchParser?.destroy === 'function') ns.scheduler.schedule('io', () => fetchParser.destroy())
}

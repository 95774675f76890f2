import type * as http2 from 'node:http2'
import { apply, defineProperty, host } from '@libvisor/abi'
import { perNamespace } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { netStack } from '../slot.ts'
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

/** A handle that is open. */
export interface OpenHandle {
  readonly kind: 'server' | 'socket'
  readonly handle: CountedHandle & object
  /** Closes it at the end of its guest, which hears nothing of that. */
  readonly close: () => void
}

interface OpenHandles {
  readonly handles: Set<OpenHandle>
  bytesRead: number
  bytesWritten: number
}

const openHandlesOf = perNamespace((): OpenHandles => ({ handles: new Set(), bytesRead: 0, bytesWritten: 0 }))

/**
 * Counts a handle as open, and closes it with the network of its namespace.
 *
 * @param ns - the namespace
 * @param open - the handle
 * @returns to be called when it is closed
 */
export function trackHandle(ns: Namespace, open: OpenHandle): () => void {
  const kept = openHandlesOf(ns)
  const { handles } = kept
  handles.add(open)
  const closed = (): void => {
    if (!handles.delete(open)) return
    forget()
    const { bytesRead, bytesWritten } = bytesOf(open)
    kept.bytesRead += bytesRead
    kept.bytesWritten += bytesWritten
  }
  const forget = ns.get(netStack).own({
    [Symbol.dispose]() {
      closed()
      abandonOwner(open.handle)
      open.close()
    },
  })
  return closed
}

/** A server's handle has the accessors of a native one without its fields. */
function bytesOf({ kind, handle }: OpenHandle): Required<CountedHandle> {
  const { bytesRead = 0, bytesWritten = 0 } = kind === 'server' ? {} : handle
  return { bytesRead, bytesWritten }
}

/** The same for a handle of the host's kernel, which says itself when it is closed. */
export function trackNative(ns: Namespace, handle: NativeHandle): void {
  const { close, reset } = handle
  const closed = trackHandle(ns, { kind: 'socket', handle, close: () => apply(close, handle, []) })
  handle.close = (done) => {
    closed()
    apply(close, handle, [done])
  }
  handle.reset = (done) => {
    closed()
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

/** Sockets of TLS by the handle under them, which does not lead to them. */
const tlsOver = new WeakMap<object, object>()

/** Notes that a socket of TLS has wrapped a handle. */
export function noteTls(socket: object): void {
  const { _handle: handle } = socket as { _handle?: { _parent?: object } | null }
  if (handle?._parent !== undefined) tlsOver.set(handle._parent, socket)
}

/** What keeps running on its own, by what Node calls the symbols behind which it keeps it. */
const TIMERS: ReadonlySet<string | undefined> = new Set(['timeout', 'http.server.connectionsCheckingInterval'])
const SESSION = 'kBoundSession'

function abandonOwner(handle: object): void {
  const owner = (handle as Record<symbol, object | undefined>)[nodeInternals().owner]
  if (owner !== undefined) abandon(owner)
  const secure = tlsOver.get(handle)
  if (secure !== undefined && secure !== owner) abandon(secure)
}

/** Stops what Node's socket, server or session does by itself. The guest is gone: no event tells it. */
function abandon(object: object): void {
  defineProperty(object, 'emit', { value: () => false, writable: true, configurable: true })
  for (const symbol of Object.getOwnPropertySymbols(object)) {
    const { description } = symbol
    const value = (object as Record<symbol, unknown>)[symbol]
    if (value === null || value === undefined) continue
    if (TIMERS.has(description)) host.clearTimeout(value as NodeJS.Timeout)
    else if (description === SESSION) abandon(value as http2.Http2Session)
  }
}

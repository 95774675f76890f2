import type * as net from 'node:net'
import { apply } from '@libvisor/abi'
import { setOwner } from '@libvisor/core'
import type { CurrentNamespace, Namespace } from '@libvisor/core'
import { parseAddress } from '../state/address.ts'
import { adopt, replaceHandle, transportOf } from './handle-replacement.ts'
import { connectDefaults } from './guest-settings.ts'
import { setDestination } from './looked-up-names.ts'
import { netOriginals, nodeInternals } from './node-internals.native.ts'
import { isVirtualHandle, streamHandles } from './stream-handle.ts'

/** The methods of `net.Socket.prototype` that know namespaces. */
export interface SocketHooks {
  connect(this: net.Socket, ...args: unknown[]): net.Socket
  /** Takes the place of the method that replaces a socket's handle. */
  reinitialize(this: net.Socket, handle: object): void
}

/** A look-up of names as `net.connect` takes it. */
export type LookupFunction = (hostname: string, options: object, callback: (...results: unknown[]) => void) => void

/** What the hooks of sockets depend on. */
export interface SocketHookOptions {
  readonly current: CurrentNamespace
  /** The methods to call in the end: the originals, or those of a base class. */
  readonly base: SocketHooks
  /**
   * The look-up that a namespace uses where the guest names none, for a port.
   *
   * @returns `undefined` to leave it to Node, which takes `dns.lookup`
   */
  readonly lookupFor: (ns: Namespace, port: number) => LookupFunction | undefined
}

interface ConnectOptions {
  readonly path?: unknown
  readonly host?: unknown
  readonly port?: unknown
  readonly lookup?: unknown
}

/**
 * Makes the methods of sockets that know namespaces: before Node connects, the socket gets a virtual handle.
 *
 * @param options - who is asking, and what to call in the end
 */
export function createSocketHooks(options: SocketHookOptions): SocketHooks {
  const { current, base, lookupFor } = options
  return {
    connect(this: net.Socket, ...args: unknown[]): net.Socket {
      const ns = current(this)
      const normalized = ns === undefined ? undefined : normalize(args)
      if (ns === undefined || normalized === undefined) return apply(base.connect, this, args)
      prepare(ns, this, normalized)
      return apply(base.connect, this, [withDefaults(ns, normalized, lookupFor)])
    },

    reinitialize(this: net.Socket, handle: object): void {
      const ns = current(this)
      apply(base.reinitialize, this, [ns === undefined ? handle : virtualize(ns, this, handle)])
    },
  }
}

type Normalized = [options: ConnectOptions, callback: unknown]

/** The arguments as Node normalizes them, or `undefined` where it will refuse them before it makes a handle. */
function normalize(args: unknown[]): Normalized | undefined {
  const [first] = args
  const normalized = (
    Array.isArray(first) && Object.getOwnPropertySymbols(first).length > 0 ? first : normalizeArgs(args)
  ) as Normalized
  const { path, port } = normalized[0]
  return port === undefined && (path === undefined || path === null) ? undefined : normalized
}

function normalizeArgs(args: unknown[]): unknown {
  return netOriginals().normalizeArgs(args)
}

/** Gives a socket that is about to connect a virtual handle, unless it has one or brings one of its own. */
function prepare(ns: Namespace, socket: net.Socket, [options]: Normalized): void {
  setOwner(socket, ns)
  const parent = (socket as unknown as { _parent?: net.Socket | null })._parent
  if (parent?.connecting === true) return
  const { path, host } = options
  setDestination(socket, typeof host === 'string' && host !== '' ? host : 'localhost')
  const transport = transportOf(socket)
  if (transport === undefined) return
  const reusable = transport !== null && !socket.destroyed && !isNative(transport)
  if (reusable) return
  const { VirtualTCP, VirtualPipe } = streamHandles()
  const usesPipe = Boolean(path)
  replaceHandle(socket, new (usesPipe ? VirtualPipe : VirtualTCP)({ ns }))
}

/** What the guest leaves out is the namespace's own where Node would take the thread's. */
function withDefaults(ns: Namespace, normalized: Normalized, lookupFor: SocketHookOptions['lookupFor']): Normalized {
  const [options] = normalized
  const { path, host, port, lookup } = options
  if (Boolean(path) || (typeof host === 'string' && parseAddress(host) !== undefined)) return normalized
  const own = lookup === undefined || lookup === null ? lookupFor(ns, Number(port)) : undefined
  const defaults = connectDefaults(ns, options)
  if (own !== undefined) defaults['lookup'] = { value: own, enumerable: true }
  if (Object.keys(defaults).length === 0) return normalized
  // Inherits from the guest's object, whose properties need not be its own.
  const replaced = Object.create(options, defaults) as ConnectOptions
  const copy = [...normalized] as Normalized
  for (const symbol of Object.getOwnPropertySymbols(normalized)) Reflect.set(copy, symbol, true)
  copy[0] = replaced
  return copy
}

function isNative(handle: object): boolean {
  const { TCP, Pipe } = nodeInternals()
  return (handle instanceof TCP || handle instanceof Pipe) && !isVirtualHandle(handle)
}

/** What a socket of a guest gets where Node makes it a native handle, for the next address that it tries. */
function virtualize(ns: Namespace, socket: net.Socket, handle: object): object {
  if (!isNative(handle)) return handle
  const { TCP } = nodeInternals()
  const { VirtualTCP, VirtualPipe } = streamHandles()
  ;(handle as { close(): void }).close()
  const replacement = new (handle instanceof TCP ? VirtualTCP : VirtualPipe)({ ns })
  adopt(socket, replacement)
  return replacement
}

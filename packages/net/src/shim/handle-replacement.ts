import { apply } from '@libvisor/abi'
import { callNativeSync } from '@libvisor/core'
import { netOriginals, nodeInternals } from './node-internals.native.ts'

/** The parts of a `net.Socket` that replacing its handle touches. */
interface Replaceable {
  _handle: { readonly _parent?: object; readonly _parentWrap?: object | null } | null
  ssl?: object | null
  _peername?: object | null
}

/**
 * The handle at the bottom of a socket: below TLS, if the socket made the handle under it by itself.
 *
 * @param socket - a `net.Socket`
 * @returns `undefined` when it has none, or when the handle belongs to another socket
 */
export function transportOf(socket: object): object | null | undefined {
  const { _handle: handle } = socket as Replaceable
  if (handle === null || handle === undefined) return null
  if (handle._parent === undefined) return handle
  return handle._parentWrap === null || handle._parentWrap === undefined ? handle._parent : undefined
}

/**
 * Gives a socket another handle, as Node itself does between two attempts to connect. A TLS socket wraps it anew.
 *
 * @param socket - a `net.Socket`
 * @param handle - its new handle; the old one is closed
 */
export function replaceHandle(socket: object, handle: object): void {
  const replaceable = socket as Replaceable
  const method = (socket as Record<symbol, (this: object, handle: object) => void>)[netOriginals().reinitializeSymbol]!
  replaceable._peername = null
  adopt(socket, handle)
  callNativeSync(() => apply(method, socket, [handle]))
  // Node forgets it on the way, and then never frees the session.
  if ('ssl' in replaceable) replaceable.ssl = replaceable._handle
}

/** Says whose a handle is: Node itself does that only for the handle on top, which with TLS is another one. */
export function adopt(socket: object, handle: object): void {
  ;(handle as Record<symbol, object>)[nodeInternals().owner] = socket
}

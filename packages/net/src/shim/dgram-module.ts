import type * as dgram from 'node:dgram'
import { apply, construct, invariant } from '@libvisor/abi'
import { mimic, setOwner } from '@libvisor/core'
import type { CurrentNamespace, Namespace } from '@libvisor/core'
import { DatagramHandle } from './datagram-handle.ts'

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown
type SocketClass = typeof dgram.Socket

/** What Node keeps of a socket behind a symbol. */
interface SocketState {
  handle: (object & { lookup?: unknown; close(): void }) | null
}

/** The exports of `dgram` that make sockets. */
export interface DgramFunctions {
  readonly Socket: SocketClass
  readonly createSocket: typeof dgram.createSocket
}

/**
 * Makes the exports of `dgram` that know namespaces: a socket of a guest gets a virtual handle before it is used.
 *
 * @param current - who is asking
 * @param node - Node's own
 */
export function createDgramFunctions(current: CurrentNamespace, node: typeof dgram): DgramFunctions {
  const virtualize = (socket: object): void => {
    const ns = current(socket)
    if (ns !== undefined) replaceHandle(ns, socket as dgram.Socket)
  }
  const Socket = function (this: unknown, ...args: unknown[]): object | undefined {
    if (new.target === undefined) {
      apply(node.Socket as unknown as AnyFunction, this, args)
      virtualize(this as object)
      return undefined
    }
    const Class = (new.target as unknown) === Socket ? node.Socket : new.target
    const socket = construct(node.Socket as unknown as new (...given: unknown[]) => object, args, Class) as object
    virtualize(socket)
    return socket
  }
  mimic(node.Socket, Socket)
  ;(Socket as { prototype: object }).prototype = node.Socket.prototype
  const createSocket = (...args: unknown[]): unknown => {
    const socket = apply(node.createSocket as unknown as AnyFunction, undefined, args) as object
    virtualize(socket)
    return socket
  }
  return {
    Socket: Socket as unknown as SocketClass,
    createSocket: mimic(node.createSocket, createSocket) as unknown as typeof dgram.createSocket,
  }
}

function replaceHandle(ns: Namespace, socket: dgram.Socket): void {
  const state = stateOf(socket)
  const native = state.handle
  // An aborted signal has closed it already.
  if (native === null) return
  const handle = new DatagramHandle(ns, socketType(socket) === 'udp6' ? 6 : 4) as DatagramHandle &
    NonNullable<SocketState['handle']>
  handle.lookup = native.lookup
  for (const symbol of Object.getOwnPropertySymbols(native)) {
    if (symbol.description === 'owner_symbol') Reflect.set(handle, symbol, socket)
  }
  state.handle = handle
  native.close()
  setOwner(socket, ns)
}

function stateOf(socket: object): SocketState {
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'state symbol')
  invariant(symbol !== undefined, 'a socket of dgram has a state')
  return (socket as Record<symbol, SocketState>)[symbol]!
}

function socketType(socket: dgram.Socket): string {
  return (socket as unknown as { type: string }).type
}

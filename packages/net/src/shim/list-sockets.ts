import { apply } from '@libvisor/abi'
import type { Namespace } from '@libvisor/core'
import { netStack } from '../slot.ts'
import type { SocketRow } from '../state/socket-rows.ts'
import { nativeHandles } from './open-handles.ts'

/** Asks a native handle where it, or its other side, is. */
type Ask = (into: { address?: string; port?: number }) => number

/**
 * What a namespace has open on its network, socket by socket.
 *
 * @param ns - the namespace
 * @returns rows, of datagrams, of servers, of connections and of unix sockets
 * @example
 * ```ts
 * import { createNamespace } from '@libvisor/core'
 * import { createNetStack, listSockets, netStack } from '@libvisor/net'
 * import assert from 'node:assert/strict'
 *
 * using ns = createNamespace({ name: 'api' })
 * assert.deepEqual(listSockets(ns), [])
 * using stack = createNetStack()
 * ns.provide(netStack, stack)
 * stack.listen({ address: '0.0.0.0', port: 3000, privileged: false, accept() {} })
 * assert.deepEqual(listSockets(ns).map(({ state, local }) => [state, local.port]), [['LISTEN', 3000]])
 * ```
 */
export function listSockets(ns: Namespace): readonly SocketRow[] {
  if (!ns.has(netStack)) return []
  const rows = ns.get(netStack).sockets()
  const isUnix = ({ protocol }: SocketRow): boolean => protocol === 'unix'
  return [...rows.filter((row) => !isUnix(row)), ...nativeRows(ns), ...rows.filter(isUnix)]
}

function nativeRows(ns: Namespace): SocketRow[] {
  return nativeHandles(ns).flatMap((handle) => {
    const { getsockname, getpeername } = handle as { getsockname?: Ask; getpeername?: Ask }
    const place = (ask: Ask | undefined): { address: string; port: number } | undefined => {
      const found: { address?: string; port?: number } = {}
      if (ask === undefined || apply(ask, handle, [found]) !== 0) return undefined
      return { address: found.address ?? '', port: found.port ?? 0 }
    }
    const [local, peer] = [place(getsockname), place(getpeername)]
    if (local === undefined) return []
    const state = peer === undefined ? ('CLOSING' as const) : ('ESTAB' as const)
    return [{ protocol: 'tcp' as const, state, recvQueueBytes: 0, sendQueueBytes: 0, local, peer, isOfHost: true }]
  })
}

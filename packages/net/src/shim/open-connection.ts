import type * as net from 'node:net'
import type { Namespace } from '@libvisor/core'
import { bindNet } from './bound-net.ts'

const modules = new WeakMap<Namespace, typeof net>()

/**
 * Opens a connection inside a namespace from outside it: how the host itself reaches its guests.
 *
 * @param ns - the namespace, with its network stack
 * @param destination - a name or an address as the namespace sees them, and a port
 * @returns the socket, connecting
 * @example
 * ```ts
 * import { createNamespace } from '@libvisor/core'
 * import { createNetStack, netStack, openConnection } from '@libvisor/net'
 * import assert from 'node:assert/strict'
 * import { once } from 'node:events'
 *
 * using ns = createNamespace({ name: 'host' })
 * using stack = createNetStack()
 * ns.provide(netStack, stack)
 * const [error] = await once(openConnection(ns, { host: 'localhost', port: 81 }), 'error')
 * assert.equal(error.message, 'connect ECONNREFUSED 127.0.0.1:81')
 * ```
 */
export function openConnection(
  ns: Namespace,
  destination: { readonly host: string; readonly port: number },
): net.Socket {
  let module = modules.get(ns)
  if (module === undefined) modules.set(ns, (module = bindNet(ns)))
  const { connect } = module
  return ns.run(() => connect({ ...destination }))
}

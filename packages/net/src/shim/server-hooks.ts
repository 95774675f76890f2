import type * as net from 'node:net'
import { apply } from '@libvisor/abi'
import { setOwner, unsupported } from '@libvisor/core'
import type { CurrentNamespace, Namespace } from '@libvisor/core'
import { WILDCARD_V4, WILDCARD_V6 } from '../state/address.ts'
import { createServerHandle } from './server-handle.ts'
import type { ServerTarget } from './server-handle.ts'

/** libuv's flags of `bind`. */
const UV_TCP_IPV6ONLY = 1
const UV_TCP_REUSEPORT = 2

/** Node's method that makes a server listen, under its old name: everything that listens comes here. */
export type Listen2 = (
  this: net.Server,
  address: string | null,
  port: number | null,
  addressType: number | null,
  backlog: number,
  fd: number | undefined,
  flags: number | undefined,
) => void

/**
 * Makes the method of servers that knows namespaces: before Node listens, the server gets a virtual handle.
 *
 * @param current - who is asking
 * @param base - the method to call in the end
 */
export function createListen2(current: CurrentNamespace, base: Listen2): Listen2 {
  return function (this: net.Server, address, port, addressType, backlog, fd, flags): void {
    const ns = current(this)
    if (ns === undefined || this.listening) return apply(base, this, [address, port, addressType, backlog, fd, flags])
    if (typeof fd === 'number') {
      // Node emits EINVAL for a descriptor that is no socket, as the guest's standard streams are none.
      if (fd > 2) throw unsupported('net.Server.listen({ fd })', 'a guest has no sockets of the host')
      setHandle(this, refusing(-ns.personality.errno.EINVAL[0]))
      return apply(base, this, [address, port, addressType, backlog, fd, flags])
    }
    setOwner(this, ns)
    if (port === -1 && address !== null) {
      setHandle(this, createServerHandle(ns, { path: address }))
      return apply(base, this, [address, port, addressType, backlog, fd, flags])
    }
    const bits = flags ?? 0
    const target = (bound: string): ServerTarget => ({
      address: bound,
      port: port ?? 0,
      ipv6Only: (bits & UV_TCP_IPV6ONLY) !== 0,
      reusePort: (bits & UV_TCP_REUSEPORT) !== 0,
    })
    const bound = address ?? WILDCARD_V6
    setHandle(this, createServerHandle(ns, target(bound)))
    return apply(base, this, [bound, port, bound.includes(':') ? 6 : 4, backlog, fd, flags])
  }
}

/** What `net._createServerHandle` gives a namespace: a handle, or a negative error number. */
export function createUnboundHandle(
  ns: Namespace,
  address: string | null,
  port: number,
  addressType: number,
  fd?: number,
): object | number {
  if (typeof fd === 'number' && fd >= 0) return -ns.personality.errno.EINVAL[0]
  if (port === -1 && addressType === -1) return createServerHandle(ns, { path: address ?? '' })
  const bound = address ?? (addressType === 4 ? WILDCARD_V4 : WILDCARD_V6)
  const handle = createServerHandle(ns, { address: bound, port, ipv6Only: false, reusePort: false })
  const error = handle.listen()
  return error === 0 ? handle : error
}

/** A handle on which `listen` fails: Node makes its error of the number. */
function refusing(error: number): object {
  return { listen: () => error, close() {}, getAsyncId: () => 0 }
}

function setHandle(server: net.Server, handle: object): void {
  ;(server as unknown as { _handle: object })._handle = handle
}

import { apply } from '@libvisor/abi'
import { deliver, denied } from '@libvisor/core'
import type { Namespace, Owner } from '@libvisor/core'
import { HOST_ADDRESS, HOST_NAME, LOOPBACK_V4 } from '../state/address.ts'
import type { Family } from '../state/address.ts'
import { replaceHandle } from './handle-replacement.ts'
import { nameFor } from './looked-up-names.ts'
import { nodeInternals } from './node-internals.native.ts'
import type { ConnectRequestWrap, NativeHandle } from './node-internals.native.ts'
import { trackNative } from './open-handles.ts'

/** A connection that is to leave the guests' network. */
export interface EgressRequest {
  readonly ns: Namespace
  /** On whose behalf a denial is delivered. */
  readonly owner: Owner
  /** The `net.Socket` that connects. */
  readonly socket: object
  readonly request: ConnectRequestWrap
  readonly address: string
  readonly port: number
  readonly family: Family
  /** Whether the socket keeps the event loop alive. */
  readonly referenced: boolean
}

/**
 * Connects to where the policy allows: the socket gets a native handle, and is Node's own from then on. A denial
 * destroys the socket with an error that names host and port, as a failed connection would.
 *
 * @param egress - the connection
 * @returns 0 or a negative error number
 */
export function connectByEgress(egress: EgressRequest): number {
  const { ns, request, address, port, family, referenced } = egress
  const socket = egress.socket as EgressSocket
  const isHost = address === HOST_ADDRESS
  const name = isHost ? HOST_NAME : nameFor(ns, socket, address)
  if (!ns.policy.egress(name, port)) {
    if (ns.trace.enabled) {
      ns.trace.emit({ area: 'net', operation: 'connect', target: `${name}:${port}`, error: 'VISOR_DENIED' })
    }
    const error = denied(`A connection to ${name}:${port}`, `Allow it in the egress policy of '${ns.name}'.`)
    deliver(egress.owner, 'connection', () => socket.destroy(error))
    return 0
  }
  if (ns.trace.enabled) ns.trace.emit({ area: 'net', operation: 'connect', target: `${name}:${port}` })

  const { TCP } = nodeInternals()
  const native = new TCP(0)
  replaceHandle(socket, native)
  if (!referenced) native.unref()
  trackNative(ns, native)
  if (isHost) return connectToHost(native, request, port)
  return family === 6 ? native.connect6(request, address, port) : native.connect(request, address, port)
}

interface EgressSocket {
  destroy(error?: Error): void
}

/** The host itself is behind its loopback; the guest sees the address that it knows the host by. */
function connectToHost(native: NativeHandle, request: ConnectRequestWrap, port: number): number {
  const { getpeername } = native
  native.getpeername = (out) => {
    const error = apply(getpeername, native, [out])
    if (error === 0) out.address = HOST_ADDRESS
    return error
  }
  return native.connect(request, LOOPBACK_V4, port)
}

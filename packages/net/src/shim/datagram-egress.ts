import type * as dgram from 'node:dgram'
import { callNative, denied } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { HOST_ADDRESS, HOST_NAME, LOOPBACK_V4, parseAddress } from '../state/address.ts'
import type { Endpoint, Family } from '../state/address.ts'
import { netStack } from '../slot.ts'
import type { Datagram } from '../types.ts'
import { bindHostDatagrams } from './host-datagrams.ts'
import { namesOf } from './looked-up-names.ts'

/** Called when a datagram has been sent, or with why not. */
export type Sent = (error: Error | null) => void

/**
 * A guest's socket of UDP as the world outside of the guests' network sees it: one of the host's, as behind a NAT. It is made
 * for the first datagram that leaves, which the policy must allow, and hears whoever answers.
 */
export class DatagramEgress implements Disposable {
  readonly #ns: Namespace
  readonly #family: Family
  readonly #receive: (datagram: Datagram) => void
  #socket: dgram.Socket | undefined
  #forget: () => void = () => {}

  constructor(ns: Namespace, family: Family, receive: (datagram: Datagram) => void) {
    this.#ns = ns
    this.#family = family
    this.#receive = receive
  }

  /**
   * Why a datagram may not leave.
   *
   * @param destination - where it would go
   * @returns a VisorError, or `undefined` when it may
   */
  refusal({ address, port }: Endpoint): Error | undefined {
    const { policy, trace, name } = this.#ns
    const names = address === HOST_ADDRESS ? [HOST_NAME] : [address, ...namesOf(this.#ns, address)]
    const allowed = names.some((host) => policy.egress(host, port))
    if (trace.enabled) {
      const error = allowed ? {} : { error: 'VISOR_DENIED' }
      trace.emit({ area: 'net', operation: 'send', target: `${address}:${port}`, ...error })
    }
    if (allowed) return undefined
    return denied(`Sending UDP to ${address}:${port}`, `Allow it in the egress policy of '${name}'.`)
  }

  /** Sends a datagram that may leave. */
  send(destination: Endpoint, bytes: Uint8Array, sent: Sent): void {
    const { address, port } = destination
    callNative(() => this.#open().send(bytes, port, address === HOST_ADDRESS ? LOOPBACK_V4 : address, sent))
  }

  [Symbol.dispose](): void {
    this.#forget()
    this.#socket?.close()
    this.#socket = undefined
  }

  #open(): dgram.Socket {
    if (this.#socket !== undefined) return this.#socket
    const socket = bindHostDatagrams(this.#family)
    socket.on('error', () => {})
    socket.on('message', (bytes, { address, port }) =>
      this.#receive({ source: { address: shownSource(address), port }, bytes }),
    )
    this.#socket = socket
    this.#forget = this.#ns.get(netStack).own(this)
    return socket
  }
}

/** The guest knows the host by another address than that at which the host hears it. */
function shownSource(text: string): string {
  const address = parseAddress(text)?.address ?? text
  return address === LOOPBACK_V4 ? HOST_ADDRESS : address
}

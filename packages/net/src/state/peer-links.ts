import type { ErrnoCode } from '@libvisor/abi'
import type { ConnectResult } from '../types.ts'
import type { Connection } from './connection.ts'
import { LinkDirection } from './link-direction.ts'
import type { LinkTimers } from './link-direction.ts'
import { perfectLink } from './link-shape.ts'
import type { PeerLink } from './link-shape.ts'

/** When the first packet of a connection is sent again, after the first time. @source Linux `net.ipv4.tcp_syn_retries` = 6 @units milliseconds */
const CONNECT_AGAIN_MS = [1000, 3000, 7000, 15_000, 31_000, 63_000]
/** When that is given up. @units milliseconds */
const CONNECT_TIMEOUT_MS = 127_000

/** Opens a connection on a link that is perfect. */
type Open = (done: (result: ConnectResult) => void) => void

const noTimers: LinkTimers = {
  nowMs: () => 0,
  after(_ms, task) {
    task()
    return () => {}
  },
}

interface Peer {
  readonly outgoing: LinkDirection
  readonly incoming: LinkDirection
}

/** The links of one stack to those that it has been told something about. */
export class PeerLinks {
  readonly #timers: LinkTimers
  readonly #peers = new Map<string, Peer>()
  /** Connections whose other ends are behind a link that was once not perfect. */
  readonly #carried = new WeakSet<Connection>()

  /** @param timers - @defaultValue time does not pass: links differ in what is refused and lost alone */
  constructor(timers: LinkTimers = noTimers) {
    this.#timers = timers
  }

  /** @param links - all that are not perfect */
  update(links: readonly PeerLink[]): void {
    for (const { address } of links) {
      if (this.#peers.has(address)) continue
      this.#peers.set(address, {
        outgoing: new LinkDirection(this.#timers),
        incoming: new LinkDirection(this.#timers),
      })
    }
    const told = new Map(links.map((link) => [link.address, link]))
    for (const [address, { outgoing, incoming }] of this.#peers) {
      outgoing.shape = told.get(address)?.outgoing ?? perfectLink
      incoming.shape = told.get(address)?.incoming ?? perfectLink
    }
  }

  /** The stack goes: the links change no more. */
  leave(): void {
    for (const { outgoing } of this.#peers.values()) outgoing.leave()
  }

  /** Has what a connection sends go through its link, if it has one that was ever not perfect. */
  carry(connection: Connection): void {
    const peer = this.#peers.get(connection.remote.address)
    if (peer === undefined || this.#carried.has(connection)) return
    this.#carried.add(connection)
    connection.sendThrough((link) => peer.outgoing.carry(link))
  }

  /**
   * Opens a connection as over its link: it takes a round trip, and longer where packets are lost.
   *
   * @param address - of the other stack
   * @param open - asks for the connection
   * @param done - called as by `open`
   */
  connect(address: string, open: Open, done: (result: ConnectResult) => void): void {
    const peer = this.#peers.get(address)
    if (peer === undefined || (peer.outgoing.isPerfect && peer.incoming.isPerfect)) return open(done)
    const { outgoing, incoming } = peer
    const { nowMs, after } = this.#timers
    const startedAt = nowMs()
    const answer = (result: ConnectResult): void => void after(incoming.travelMs(0), () => done(result))
    const refuse = (code: ErrnoCode): void => answer(code)
    let tries = 0
    const attempt = (): void => {
      if (outgoing.loses() || incoming.loses()) {
        const next = CONNECT_AGAIN_MS[tries++]
        const waitMs = startedAt + (next ?? CONNECT_TIMEOUT_MS) - nowMs()
        after(Math.max(0, waitMs), next === undefined ? () => done('ETIMEDOUT') : attempt)
        return
      }
      after(outgoing.travelMs(0), () => (outgoing.shape.refuse ? refuse('ECONNREFUSED') : open(answer)))
    }
    attempt()
  }

  /** Sends a datagram to one other stack. */
  send(address: string, sizeBytes: number, arrive: () => void): void {
    const peer = this.#peers.get(address)
    if (peer === undefined || peer.outgoing.isPerfect) arrive()
    else peer.outgoing.sendDatagram(sizeBytes, arrive)
  }

  /** Receives a datagram that one stack has sent to many: only who hears it knows the link. */
  receive(address: string, sizeBytes: number, arrive: () => void): void {
    const peer = this.#peers.get(address)
    if (peer === undefined || peer.incoming.isPerfect) arrive()
    else peer.incoming.sendDatagram(sizeBytes, arrive)
  }
}

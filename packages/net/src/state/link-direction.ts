import type { Link } from './connection.ts'
import { perfectLink } from './link-shape.ts'
import type { LinkShape } from './link-shape.ts'
import { copyPieces } from './pieces.ts'

/** How time passes on links: the host's. */
export interface LinkTimers {
  /** Time that never goes back. @units milliseconds */
  nowMs(): number
  /** Calls a function later. @returns calls it no more */
  after(ms: number, task: () => void): () => void
}

/** What TCP puts into a packet of Ethernet. @units bytes */
const SEGMENT_BYTES = 1448
/** What a packet has beside its content: of Ethernet, IP and TCP. @units bytes */
const HEADER_BYTES = 66
/** When what is lost of a stream is sent again for the first time. @source Linux `include/net/tcp.h`: TCP_RTO_MIN @units milliseconds */
const FIRST_RETRY_MS = 200
/** @source Linux `include/net/tcp.h`: TCP_RTO_MAX @units milliseconds */
const LAST_RETRY_MS = 120_000

/** One direction of a link: everything that is sent to one other stack goes through it. */
export class LinkDirection {
  readonly #timers: LinkTimers
  readonly #streams = new Set<ShapedLink>()
  #shape: LinkShape = perfectLink
  #random: () => number = () => 1
  /** When the last bit that was sent has left. @units milliseconds */
  #freeAt = 0

  constructor(timers: LinkTimers) {
    this.#timers = timers
  }

  get shape(): LinkShape {
    return this.#shape
  }

  set shape(shape: LinkShape) {
    if (shape.seed !== this.#shape.seed) this.#random = createRandom(shape.seed)
    this.#shape = shape
    for (const stream of [...this.#streams]) stream.resume()
  }

  /** Whether what is sent arrives at once. */
  get isPerfect(): boolean {
    return this.#shape === perfectLink
  }

  get timers(): LinkTimers {
    return this.#timers
  }

  /** How long a packet is under way, behind those that were sent before. @units milliseconds */
  travelMs(sizeBytes: number): number {
    const { delayMs, jitterMs, bitsPerSecond } = this.#shape
    const now = this.#timers.nowMs()
    if (bitsPerSecond !== undefined && sizeBytes > 0) {
      const packets = Math.ceil(sizeBytes / SEGMENT_BYTES)
      const bits = (sizeBytes + packets * HEADER_BYTES) * 8
      this.#freeAt = Math.max(this.#freeAt, now) + (bits / bitsPerSecond) * 1000
    }
    const jitter = jitterMs === 0 ? 0 : (this.#random() * 2 - 1) * jitterMs
    return Math.max(0, this.#freeAt - now) + Math.max(0, delayMs + jitter)
  }

  /** How long what is lost of a stream's piece waits until it has arrived, being sent again. @units milliseconds */
  retryMs(sizeBytes: number): number {
    if (this.#shape.loss === 0) return 0
    let waited = 0
    let retry = FIRST_RETRY_MS
    for (let packets = Math.ceil(sizeBytes / SEGMENT_BYTES); packets > 0; retry = Math.min(retry * 2, LAST_RETRY_MS)) {
      packets = this.#lostOf(packets)
      if (packets > 0) waited += retry
      // A link that loses everything never delivers.
      if (this.#shape.loss === 1) return Infinity
    }
    return waited
  }

  /** Whether a packet by itself is lost: a datagram, or the first one of a connection. */
  loses(): boolean {
    return this.#shape.isCut || this.#lostOf(1) > 0
  }

  /** Whoever sends goes. What is under way arrives; where nothing does, nobody is left to send it when that changes. */
  leave(): void {
    if (!this.#shape.isCut) return
    for (const stream of [...this.#streams]) stream.vanish()
  }

  /** Sends a datagram. @param arrive - called when it arrives, if it does */
  sendDatagram(sizeBytes: number, arrive: () => void): void {
    if (this.#shape.refuse || this.loses()) return
    const ms = this.travelMs(sizeBytes)
    if (ms > 0) this.#timers.after(ms, arrive)
    else arrive()
  }

  /** Has what one end of a stream sends go through this link. */
  carry(link: Link): Link {
    const stream = new ShapedLink(this, link, () => this.#streams.delete(stream))
    this.#streams.add(stream)
    return stream
  }

  #lostOf(packets: number): number {
    const { loss } = this.#shape
    if (loss === 0) return 0
    let lost = 0
    for (let index = 0; index < packets; index++) if (this.#random() < loss) lost++
    return lost
  }
}

/** Something under way. */
interface Frame {
  readonly sizeBytes: number
  readonly arrive: () => void
  /** `undefined` while the link is cut. @units milliseconds */
  arrivesAt: number | undefined
}

/** What one end of a stream sends, in order. What waits is bounded, since a writer waits for its reader. */
class ShapedLink implements Link {
  readonly arrivesInTurn: boolean
  readonly #outgoing: LinkDirection
  readonly #inner: Link
  readonly #released: () => void
  #frames: Frame[] = []
  #cancel: (() => void) | undefined

  constructor(outgoing: LinkDirection, inner: Link, released: () => void) {
    this.arrivesInTurn = inner.arrivesInTurn
    this.#outgoing = outgoing
    this.#inner = inner
    this.#released = released
  }

  get hasMore(): boolean {
    return this.#inner.hasMore
  }

  send(bytes: Uint8Array): void {
    this.#put(bytes.length, () => this.#inner.send(bytes))
  }

  lend(pieces: readonly Uint8Array[], sizeBytes: number): void {
    if (this.#arrivesAtOnce) this.#inner.lend(pieces, sizeBytes)
    else this.send(copyPieces(pieces, sizeBytes))
  }

  end(): void {
    this.#put(0, () => this.#inner.end())
  }

  reset(): void {
    this.#put(0, () => this.#inner.reset())
  }

  credit(sizeBytes: number): void {
    this.#put(0, () => this.#inner.credit(sizeBytes))
  }

  release(): void {
    this.#put(0, () => {
      this.#released()
      this.#inner.release()
    })
  }

  vanish(): void {
    this.#frames = []
    this.#released()
    this.#inner.vanish()
    this.#inner.release()
  }

  /** As what this end sends would be answered. */
  lost(heard: (wasSilent: boolean) => void): void {
    const isSilent = this.#arrivesAtOnce
    this.#put(0, () => heard(isSilent))
  }

  /** The link behaves otherwise from now on. */
  resume(): void {
    for (const frame of this.#frames) this.#schedule(frame)
    this.#wait()
  }

  get #arrivesAtOnce(): boolean {
    return this.#frames.length === 0 && this.#outgoing.isPerfect
  }

  #put(sizeBytes: number, arrive: () => void): void {
    if (this.#arrivesAtOnce) return arrive()
    const frame: Frame = { sizeBytes, arrive, arrivesAt: undefined }
    this.#schedule(frame)
    this.#frames.push(frame)
    if (this.#frames.length === 1) this.#wait()
  }

  /** Decides when a frame arrives, unless that is decided, or nothing arrives. */
  #schedule(frame: Frame): void {
    const { shape, timers } = this.#outgoing
    if (shape.isCut || (frame.arrivesAt !== undefined && frame.arrivesAt !== Infinity)) return
    const ms = this.#outgoing.travelMs(frame.sizeBytes) + this.#outgoing.retryMs(frame.sizeBytes)
    frame.arrivesAt = timers.nowMs() + ms
  }

  /** Waits for the first frame: those behind it wait with it. */
  #wait(): void {
    this.#cancel?.()
    this.#cancel = undefined
    const [first] = this.#frames
    const at = this.#outgoing.shape.isCut ? undefined : first?.arrivesAt
    if (at === undefined || at === Infinity) return
    const { timers } = this.#outgoing
    this.#cancel = timers.after(Math.max(0, at - timers.nowMs()), () => this.#arrive())
  }

  #arrive(): void {
    this.#cancel = undefined
    const { timers } = this.#outgoing
    // What arrives may have something sent, or the link changed.
    while (!this.#outgoing.shape.isCut) {
      const [first] = this.#frames
      if (first?.arrivesAt === undefined || first.arrivesAt > timers.nowMs()) break
      this.#frames.shift()
      first.arrive()
    }
    this.#wait()
  }
}

/** A generator that is small, and good enough for a network. @source Steele, Lea and Flood 2014, SplitMix with 32 bits */
function createRandom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
  }
}

import type { MessagePort } from 'node:worker_threads'
import { FrameKind, RingReader, RingWriter } from './frame-ring.ts'
import type { RingPlace } from './frame-ring.ts'
import { otherSide } from './frames.ts'
import type { FrameEnd, FrameReceiver, Frames, Side } from './frames.ts'
import { copyPieces } from './pieces.ts'
import type { ThreadMeans } from './thread-means.ts'

/** Frames of one direction that wait in shared memory. A power of two. @units bytes */
const RING_BYTES = 64 * 1024

/** Bytes from this size on move to the other thread in a message instead of being copied. @units bytes */
const TRANSFER_BYTES = 16 * 1024

/** How many turns of the event loop in a row may find nothing before the channel sleeps, when it is woken soon again each time. */
const MOST_PATIENCE = 32

/** A sleep that is shorter has cost more than looking on would have. @units milliseconds */
const SHORT_SLEEP_MS = 0.1

/**
 * For how long the other side may be left asleep while there is more to deliver here, which will probably be answered, too: waking costs as
 * much as a small request. @units milliseconds
 */
const UNHEARD_MS = 0.25

/** What each side shows the other. Both write to `awake`: who writes a frame wakes the other one. */
const words = { written: 0, read: 1, awake: 2, taken: 3 } as const

/** Words lie as far apart as the caches of two processors need. @units elements of an Int32Array */
const SPACING = 16
const HEADER_BYTES = Object.keys(words).length * 2 * SPACING * Int32Array.BYTES_PER_ELEMENT

const wordOf = (name: keyof typeof words, side: Side): number => (words[name] * 2 + side) * SPACING

/** The ring that one side writes to and the other reads from. */
const ringOf = (memory: SharedArrayBuffer, writer: Side): RingPlace => ({
  memory,
  offset: HEADER_BYTES + writer * RING_BYTES,
  sizeBytes: RING_BYTES,
  written: wordOf('written', writer),
  read: wordOf('read', writer),
})

/** One end of a channel. Can be sent to another thread, with `port` in the list of transfers. */
export interface ChannelEnd {
  readonly side: Side
  readonly port: MessagePort
  readonly memory: SharedArrayBuffer
}

/**
 * Makes both ends of a channel.
 *
 * @param means - of this thread
 */
export function createChannel({ Channel }: ThreadMeans): [own: ChannelEnd, other: ChannelEnd] {
  const { port1, port2 } = new Channel()
  const memory = new SharedArrayBuffer(HEADER_BYTES + 2 * RING_BYTES)
  return [
    { side: 0, port: port1, memory },
    { side: 1, port: port2, memory },
  ]
}

/**
 * What a trunk between two threads goes over.
 *
 * @param end - belongs to the trunk from now on
 * @param means - of this thread
 */
export function overChannel(end: ChannelEnd, means: ThreadMeans): FrameEnd {
  return { side: end.side, open: (receiver) => new FrameChannel(end, means, receiver) }
}

/** A frame that goes in a message. */
type Posted = readonly [kind: FrameKind, connection: number, value: number, bytes?: Uint8Array]

/** The message that says that there is something in the ring. */
const WAKE = 0

/**
 * One end of the way between two threads: frames, in order.
 *
 * Frames lie in a ring in shared memory. Each thread looks into it in each turn of its event loop for as long as it finds something there, and for some
 * turns more; then it says that it sleeps, and whoever writes next wakes it with a message. So two busy threads wake each other hardly ever, and
 * waking is most of what a message costs. What the ring has no room for, and large pieces, go in messages, and with them all that follows, until the other side
 * has taken them.
 *
 * Frames are delivered in immediates only, with Node's queues emptied between two: in a callback of the port, an error of a `nextTick` would end the process.
 * The channel does not keep the event loop alive.
 */
export class FrameChannel implements Frames {
  readonly #port: MessagePort
  readonly #means: ThreadMeans
  readonly #receiver: FrameReceiver
  readonly #shared: Int32Array
  readonly #writer: RingWriter
  readonly #reader: RingReader
  readonly #awakeHere: number
  readonly #awakeThere: number
  readonly #takenHere: number
  readonly #takenThere: number
  /** Messages that have come and wait for what lies in the ring before them. */
  #arrived: Posted[] = []
  #posted = 0
  #taken = 0
  #isLookSet = false
  #isLooking = false
  #isClosing = false
  #isClosed = false
  #isAsleep = true
  #sleptAtMs = 0
  #patience = 1
  #emptyTurns = 0
  /** Since when something has been written that the other side sleeps over. @units milliseconds */
  #unheardSinceMs: number | undefined

  /**
   * @param end - belongs to the channel from now on
   * @param means - of this thread
   * @param receiver - gets what arrives
   */
  constructor({ port, memory, side }: ChannelEnd, means: ThreadMeans, receiver: FrameReceiver) {
    const other = otherSide(side)
    this.#port = port
    this.#means = means
    this.#receiver = receiver
    this.#shared = new Int32Array(memory)
    this.#writer = new RingWriter(ringOf(memory, side))
    this.#reader = new RingReader(ringOf(memory, other))
    this.#awakeHere = wordOf('awake', side)
    this.#awakeThere = wordOf('awake', other)
    this.#takenHere = wordOf('taken', side)
    this.#takenThere = wordOf('taken', other)
    port.on('message', (message: Posted | typeof WAKE) => {
      if (message !== WAKE) this.#arrived.push(message)
      this.#setLook()
    })
    port.on('close', () => {
      this.#isClosing = true
      this.#setLook()
    })
    port.unref()
  }

  send(kind: FrameKind, connection: number, value: number, bytes?: Uint8Array): void {
    if (this.#isClosed || this.#write(kind, connection, value, bytes)) return
    if (bytes === undefined) return this.#post([kind, connection, value])
    const isWhole = bytes.byteLength === bytes.buffer.byteLength
    this.#postBytes(kind, connection, isWhole ? bytes : copyPieces([bytes], value))
  }

  lend(connection: number, bytes: Uint8Array): void {
    const { length } = bytes
    if (this.#isClosed || this.#write(FrameKind.data, connection, length, bytes)) return
    this.#postBytes(FrameKind.data, connection, copyPieces([bytes], length))
  }

  hasDataOf(connection: number): boolean {
    const isOfIt = ([kind, key]: Posted): boolean => key === connection && kind === FrameKind.data
    return this.#reader.hasDataOf(connection) || this.#arrived.some(isOfIt)
  }

  close(): void {
    this.#isClosed = true
    this.#port.close()
  }

  /** @returns whether there is a way for it in the ring */
  #write(kind: FrameKind, connection: number, value: number, bytes: Uint8Array | undefined): boolean {
    // Nothing overtakes what is on its way in a message.
    if (bytes !== undefined && bytes.length >= TRANSFER_BYTES) return false
    if (this.#posted !== Atomics.load(this.#shared, this.#takenThere)) return false
    if (!this.#writer.write(kind, connection, value, bytes)) return false
    if (Atomics.load(this.#shared, this.#awakeThere) === 0) {
      // A writer that waits for room is to go on while the rest is read.
      if (this.#isLooking && kind !== FrameKind.credit) this.#unheardSinceMs ??= this.#means.nowMs()
      else this.#wake()
    }
    return true
  }

  /** @param bytes - alone in their memory */
  #postBytes(kind: FrameKind, connection: number, bytes: Uint8Array): void {
    this.#post([kind, connection, bytes.length, bytes], [bytes.buffer as ArrayBuffer])
  }

  #post(message: Posted, transferred?: ArrayBuffer[]): void {
    this.#posted = (this.#posted + 1) | 0
    this.#port.postMessage(message, transferred)
  }

  #wake(): void {
    this.#unheardSinceMs = undefined
    if (Atomics.exchange(this.#shared, this.#awakeThere, 1) === 0) this.#port.postMessage(WAKE)
  }

  get #hasAny(): boolean {
    return this.#reader.read !== this.#reader.written || this.#arrived.length > 0
  }

  #setLook(): void {
    if (this.#isLookSet || this.#isClosed) return
    this.#isLookSet = true
    this.#means.lookInTurn(this.#look)
  }

  /** Delivers what has come by now. */
  readonly #look = (): void => {
    this.#isLookSet = false
    if (this.#isClosed) return
    const until = this.#reader.written
    // What comes in messages needs nobody to look for it. Whom the other side has woken it does not wake again.
    if (this.#isAsleep && Atomics.load(this.#shared, this.#awakeHere) === 1) this.#getUp()
    this.#emptyTurns = this.#reader.read === until ? this.#emptyTurns + 1 : 0
    this.#isLooking = true
    try {
      this.#takeAll(until)
    } finally {
      this.#isLooking = false
      if (this.#unheardSinceMs !== undefined) this.#wake()
      this.#goOn()
    }
  }

  /** @param until - how far the ring is read */
  #takeAll(until: number): void {
    const reader = this.#reader
    const { drain, nowMs } = this.#means
    let since = nowMs()
    while (!this.#isClosed) {
      if (reader.read !== until) this.#takeFromRing()
      // While a message is on its way nothing is written to the ring: what lay there before it has been read.
      else if (this.#arrived.length > 0 && reader.read === reader.written) this.#takeMessage()
      else return
      // Without it Node empties them between two immediates.
      if (drain === undefined) return
      drain()
      if (this.#unheardSinceMs === undefined) continue
      const now = nowMs()
      if (now - Math.min(since, this.#unheardSinceMs) >= UNHEARD_MS) this.#wake()
      since = now
    }
  }

  #takeFromRing(): void {
    const reader = this.#reader
    const { kind, connection, value } = reader
    let bytes: Uint8Array | undefined
    if (kind === FrameKind.data) reader.copyTo((bytes = this.#means.allocate(value)))
    reader.next()
    this.#receiver.take(kind, connection, value, bytes)
  }

  #takeMessage(): void {
    const [kind, connection, value, bytes] = this.#arrived.shift()!
    this.#taken = (this.#taken + 1) | 0
    Atomics.store(this.#shared, this.#takenHere, this.#taken)
    this.#receiver.take(kind, connection, value, bytes)
  }

  /** Sets the next look, or sleeps. */
  #goOn(): void {
    if (this.#isClosed) return
    if (this.#isClosing && !this.#hasAny) {
      this.#isClosed = true
      return this.#receiver.closed()
    }
    // Looks would keep an event loop alive that nothing else does.
    const isTired = this.#emptyTurns >= this.#patience || !this.#means.isKeptAlive()
    if (isTired && !this.#isAsleep) this.#sleep()
    if (!this.#isAsleep || this.#arrived.length > 0) this.#setLook()
  }

  #sleep(): void {
    Atomics.store(this.#shared, this.#awakeHere, 0)
    // Whoever has written before that has not woken this side.
    if (this.#reader.read !== this.#reader.written) return void Atomics.store(this.#shared, this.#awakeHere, 1)
    this.#isAsleep = true
    this.#sleptAtMs = this.#means.nowMs()
  }

  #getUp(): void {
    this.#isAsleep = false
    const isShort = this.#means.nowMs() - this.#sleptAtMs < SHORT_SLEEP_MS
    this.#patience = isShort ? Math.min(this.#patience * 2, MOST_PATIENCE) : Math.max(this.#patience >> 1, 1)
  }
}

import type { ByteStream } from './byte-stream.ts'
import type { ControlPort } from './control-port.ts'
import { FrameKind } from './frame-ring.ts'
import type { FrameEnd, FrameReceiver, Frames, Side } from './frames.ts'
import { copyPieces } from './pieces.ts'
import type { ThreadMeans } from './thread-means.ts'
import { encodeMessage, frameHeader, MOST_FRAME_BYTES, WireReader } from './wire-format.ts'
import type { Arrival } from './wire-format.ts'

/** So much is sent at once, and not gathered any longer. @units bytes */
const MOST_GATHERED_BYTES = 64 * 1024

/** Datagrams get lost where so much waits to leave, as in the queue of a real interface. @units bytes */
const MOST_WAITING_BYTES = 1024 * 1024

const nobody: FrameReceiver = { take() {}, closed() {} }

/**
 * One end of the way between two processes: what a stack and its switch say to each other, and the frames of all of its connections, in one order.
 *
 * What comes is delivered in immediates only, with Node's queues emptied between two, as between threads: an error of one receiver keeps nothing from the
 * others. What is said meanwhile leaves together. The way does not keep the event loop alive once `unref` has been called.
 */
export class StreamWire<Incoming extends object, Outgoing extends object>
  implements ControlPort<Incoming, Outgoing>, FrameEnd, Frames
{
  readonly side: Side
  readonly #stream: ByteStream
  readonly #means: ThreadMeans
  #hear: (message: Incoming) => void = () => {}
  #closed: () => void = () => {}
  #receiver = nobody
  #arrived: Arrival[] = []
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0
  #isLookSet = false
  #isLooking = false
  #isEnding = false
  #isClosed = false

  /**
   * @param stream - belongs to the wire from now on
   * @param side - the other end has the other one
   * @param means - of this thread
   */
  constructor(stream: ByteStream, side: Side, means: ThreadMeans) {
    this.side = side
    this.#stream = stream
    this.#means = means
    const reader = new WireReader(means.allocate)
    stream.read({
      take: (bytes) => {
        if (this.#isEnding || this.#isClosed) return
        try {
          for (const arrival of reader.read(bytes)) this.#arrived.push(arrival)
        } catch {
          // Nothing after that can be understood.
          stream.end()
          this.#isEnding = true
        }
        this.#setLook()
      },
      ended: () => {
        this.#isEnding = true
        this.#setLook()
      },
    })
  }

  on(event: 'message', listener: (message: Incoming) => void): void
  on(event: 'close', listener: () => void): void
  on(event: 'close' | 'message', listener: ((message: Incoming) => void) & (() => void)): void {
    if (event === 'message') this.#hear = listener
    else this.#closed = listener
  }

  open(receiver: FrameReceiver): Frames {
    this.#receiver = receiver
    return this
  }

  postMessage(message: Outgoing): void {
    if ('datagram' in message && this.#stream.waitingBytes > MOST_WAITING_BYTES) return
    this.#write(encodeMessage(message))
  }

  send(kind: FrameKind, connection: number, value: number, bytes?: Uint8Array): void {
    if (bytes === undefined) return this.#write([frameHeader(kind, connection, value)])
    for (let at = 0; at < bytes.length; at += MOST_FRAME_BYTES) {
      const part = bytes.subarray(at, at + MOST_FRAME_BYTES)
      this.#write([frameHeader(kind, connection, part.length), part])
    }
  }

  lend(connection: number, bytes: Uint8Array): void {
    this.send(FrameKind.data, connection, bytes.length, copyPieces([bytes], bytes.length))
  }

  hasDataOf(connection: number): boolean {
    return this.#arrived.some((arrival) => arrival.kind === FrameKind.data && arrival.connection === connection)
  }

  unref(): void {
    this.#stream.unref()
  }

  close(): void {
    if (this.#isClosed) return
    this.#flush()
    this.#isClosed = true
    this.#arrived = []
    this.#stream.end()
    this.#closed()
  }

  #write(pieces: readonly Uint8Array[]): void {
    if (this.#isClosed) return
    this.#gathered.push(...pieces)
    for (const { length } of pieces) this.#gatheredBytes += length
    if (!this.#isLooking || this.#gatheredBytes >= MOST_GATHERED_BYTES) this.#flush()
  }

  #flush(): void {
    if (this.#gatheredBytes === 0) return
    const pieces = this.#gathered
    this.#gathered = []
    this.#gatheredBytes = 0
    this.#stream.write(pieces)
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
    let taken = 0
    this.#isLooking = true
    const { drain } = this.#means
    const arrived = this.#arrived
    try {
      while (taken < arrived.length && !this.#isClosed) {
        this.#deliver(arrived[taken++]!)
        // Without it Node empties them between two immediates.
        if (drain === undefined) break
        drain()
      }
    } finally {
      arrived.splice(0, taken)
      this.#isLooking = false
      this.#flush()
      this.#goOn()
    }
  }

  #deliver(arrival: Arrival): void {
    if (arrival.kind === 'message') return this.#hear(arrival.message as Incoming)
    const { kind, connection, value, bytes } = arrival
    this.#receiver.take(kind, connection, value, bytes)
  }

  /** Sets the next look, or ends. */
  #goOn(): void {
    if (this.#isClosed) return
    if (this.#arrived.length > 0) return this.#setLook()
    if (!this.#isEnding) return
    this.#isClosed = true
    this.#stream.end()
    this.#receiver.closed()
    this.#closed()
  }
}

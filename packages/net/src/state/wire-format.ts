import { FrameKind } from './frame-ring.ts'

/** Beside the frames of connections, what a stack and its switch say to each other. */
const MESSAGE = 7

/** Three numbers stand before what a frame carries: its kind, its connection, and its value. @units bytes */
const HEADER_BYTES = 12

/** The most that one frame carries: more of a connection is in several. @units bytes */
export const MOST_FRAME_BYTES = 1024 * 1024

/** A message is never longer: whoever says so speaks something else. @units bytes */
const MOST_MESSAGE_BYTES = 16 * 1024 * 1024

/** What comes over a stream. */
export type Arrival = ArrivedFrame | ArrivedMessage

/** A frame of a connection. */
export interface ArrivedFrame {
  readonly kind: FrameKind
  readonly connection: number
  readonly value: number
  readonly bytes?: Uint8Array | undefined
}

/** What is said to a stack or to a switch. */
export interface ArrivedMessage {
  readonly kind: 'message'
  readonly message: unknown
}

/** A message with bytes in it: they go as they are, behind the text. */
interface WithDatagram {
  readonly datagram: { readonly bytes: Uint8Array }
}

/**
 * A frame of a connection as it goes over a stream.
 *
 * @param kind - what it says
 * @param connection - of which
 * @param value - with bytes, how many there are
 */
export function frameHeader(kind: FrameKind, connection: number, value: number): Uint8Array {
  return header(kind, connection, value)
}

/** A message as it goes over a stream. */
export function encodeMessage(message: object): Uint8Array[] {
  const tail = 'datagram' in message ? (message as WithDatagram).datagram.bytes : new Uint8Array(0)
  const isTail = (value: unknown): boolean => value === tail
  const text = new TextEncoder().encode(JSON.stringify(message, (_key, value) => (isTail(value) ? undefined : value)))
  return [header(MESSAGE, text.length, text.length + tail.length), text, tail]
}

function header(kind: number, first: number, second: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  view.setInt32(0, kind)
  view.setInt32(4, first)
  view.setInt32(8, second)
  return bytes
}

/** Reads what comes over a stream, in whatever pieces it comes. */
export class WireReader {
  readonly #allocate: (sizeBytes: number) => Uint8Array
  readonly #header = new Uint8Array(HEADER_BYTES)
  readonly #numbers = new DataView(this.#header.buffer)
  #headerLength = 0
  /** What the last header has announced, and how much of it is missing. */
  #body: Uint8Array = new Uint8Array(0)
  #missing = 0

  /** @param allocate - makes memory for what is read */
  constructor(allocate: (sizeBytes: number) => Uint8Array) {
    this.#allocate = allocate
  }

  /**
   * Reads a piece.
   *
   * @param piece - what it holds is copied
   * @throws {SyntaxError} when it is nothing that the other side may say
   */
  *read(piece: Uint8Array): Generator<Arrival> {
    for (let at = 0; at < piece.length;) {
      if (this.#missing === 0) {
        const wanted = piece.subarray(at, at + HEADER_BYTES - this.#headerLength)
        this.#header.set(wanted, this.#headerLength)
        this.#headerLength += wanted.length
        at += wanted.length
        if (this.#headerLength < HEADER_BYTES) return
        const frame = this.#begin()
        if (frame !== undefined) yield frame
      } else {
        const part = piece.subarray(at, at + this.#missing)
        at += part.length
        this.#body.set(part, this.#body.length - this.#missing)
        this.#missing -= part.length
        if (this.#missing === 0) yield this.#end()
      }
    }
  }

  get #kind(): number {
    return this.#numbers.getInt32(0)
  }

  get #connection(): number {
    return this.#numbers.getInt32(4)
  }

  get #value(): number {
    return this.#numbers.getInt32(8)
  }

  /** @returns what is complete with its header */
  #begin(): Arrival | undefined {
    this.#headerLength = 0
    const [kind, value] = [this.#kind, this.#value]
    if (kind === MESSAGE || kind === FrameKind.data) {
      const most = kind === MESSAGE ? MOST_MESSAGE_BYTES : MOST_FRAME_BYTES
      if (value <= 0 || value > most) throw new SyntaxError(`No frame is of ${value} bytes`)
      this.#body = this.#allocate(value)
      this.#missing = value
      return undefined
    }
    if (kind < FrameKind.opened || kind > FrameKind.reset || value < 0) throw new SyntaxError('There is no such frame')
    return { kind: kind as FrameKind, connection: this.#connection, value }
  }

  /** @returns what is complete with its body */
  #end(): Arrival {
    const bytes = this.#body
    this.#body = new Uint8Array(0)
    if (this.#kind === MESSAGE) return decodeMessage(bytes, this.#connection)
    return { kind: FrameKind.data, connection: this.#connection, value: bytes.length, bytes }
  }
}

/** @param textLength - how much of it is text; the bytes of a datagram follow */
function decodeMessage(body: Uint8Array, textLength: number): ArrivedMessage {
  const message: unknown = JSON.parse(new TextDecoder().decode(body.subarray(0, textLength)))
  if (typeof message !== 'object' || message === null) throw new SyntaxError('A message is an object')
  if ('datagram' in message)
    Object.assign(message.datagram as object, { bytes: new Uint8Array(body.subarray(textLength)) })
  return { kind: 'message', message }
}

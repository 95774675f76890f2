/**
 * What a frame says of a connection. `opened` is the first that there is of one: the side that was asked has accepted it.
 */
export const FrameKind = { opened: 0, data: 1, credit: 2, end: 3, reset: 4 } as const
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind]

/** The largest number that a frame carries beside its kind. */
export const MAX_FRAME_VALUE = 2 ** 29 - 1

/** Two numbers stand before the bytes of a frame: kind and value, and the connection. @units bytes */
const HEADER_BYTES = 8

/** Frames begin where a header never lies across the end of the ring. @units bytes */
const ALIGNMENT = 8

const aligned = (sizeBytes: number): number => (sizeBytes + ALIGNMENT - 1) & -ALIGNMENT

/** Where a ring lies in shared memory. */
export interface RingPlace {
  readonly memory: SharedArrayBuffer
  /** Of the frames. A multiple of 8. @units bytes */
  readonly offset: number
  /** A power of two. @units bytes */
  readonly sizeBytes: number
  /** Where the number of bytes stands that have been written. It wraps around. @units elements of an Int32Array */
  readonly written: number
  /** Where the number of bytes stands that have been read. @units elements of an Int32Array */
  readonly read: number
}

/** What both sides of a ring know of it. */
class Ring {
  protected readonly words: Int32Array
  protected readonly headers: Int32Array
  protected readonly bytes: Uint8Array
  protected readonly place: RingPlace
  protected readonly mask: number

  constructor(place: RingPlace) {
    const { memory, offset, sizeBytes } = place
    this.place = place
    this.mask = sizeBytes - 1
    this.words = new Int32Array(memory)
    this.headers = new Int32Array(memory, offset, sizeBytes / Int32Array.BYTES_PER_ELEMENT)
    this.bytes = new Uint8Array(memory, offset, sizeBytes)
  }
}

/** The side of one thread that writes frames. No other may. */
export class RingWriter extends Ring {
  #written = 0
  /** What the reader had read when the ring last seemed full: it may be ahead of that. */
  #read = 0

  /**
   * Writes a frame, and shows it to the reader.
   *
   * @param kind - what it says
   * @param connection - of which
   * @param value - up to {@link MAX_FRAME_VALUE}; with bytes, how many there are
   * @param bytes - copied
   * @returns whether there was room
   */
  write(kind: FrameKind, connection: number, value: number, bytes?: Uint8Array): boolean {
    const size = HEADER_BYTES + (bytes === undefined ? 0 : aligned(value))
    if (!this.#hasRoomFor(size)) return false
    const at = this.#written & this.mask
    this.headers[at >> 2] = kind | (value << 3)
    this.headers[(at >> 2) + 1] = connection
    if (bytes !== undefined) this.#copy(bytes, (at + HEADER_BYTES) & this.mask)
    this.#written = (this.#written + size) | 0
    Atomics.store(this.words, this.place.written, this.#written)
    return true
  }

  #hasRoomFor(size: number): boolean {
    const { sizeBytes, read } = this.place
    if (sizeBytes - ((this.#written - this.#read) | 0) >= size) return true
    this.#read = Atomics.load(this.words, read)
    return sizeBytes - ((this.#written - this.#read) | 0) >= size
  }

  #copy(bytes: Uint8Array, at: number): void {
    const toEnd = this.bytes.length - at
    if (bytes.length <= toEnd) return this.bytes.set(bytes, at)
    this.bytes.set(bytes.subarray(0, toEnd), at)
    this.bytes.set(bytes.subarray(toEnd), 0)
  }
}

/** The side of one thread that reads frames. No other may. */
export class RingReader extends Ring {
  #read = 0
  #at = 0

  /** How far the writer has come. */
  get written(): number {
    return Atomics.load(this.words, this.place.written)
  }

  /** How far this side has come. */
  get read(): number {
    return this.#read
  }

  /** The kind of the next frame, which must be there. */
  get kind(): FrameKind {
    return this.#kindAt(this.#at)
  }

  /** Its value. */
  get value(): number {
    return this.#valueAt(this.#at)
  }

  /** Its connection. */
  get connection(): number {
    return this.#connectionAt(this.#at)
  }

  /** Whether there is data of a connection that has not been read. */
  hasDataOf(connection: number): boolean {
    const { written } = this
    for (let position = this.#read; position !== written;) {
      const at = position & this.mask
      if (this.#connectionAt(at) === connection && this.#kindAt(at) === FrameKind.data) return true
      position = (position + this.#sizeAt(at)) | 0
    }
    return false
  }

  /** Copies the bytes of the next frame. @param target - as long as they are */
  copyTo(target: Uint8Array): void {
    const at = (this.#at + HEADER_BYTES) & this.mask
    const toEnd = this.bytes.length - at
    if (target.length <= toEnd) return target.set(this.bytes.subarray(at, at + target.length))
    target.set(this.bytes.subarray(at))
    target.set(this.bytes.subarray(0, target.length - toEnd), toEnd)
  }

  /** Goes on to the frame after this one, and gives the writer the room of this one. */
  next(): void {
    this.#read = (this.#read + this.#sizeAt(this.#at)) | 0
    this.#at = this.#read & this.mask
    Atomics.store(this.words, this.place.read, this.#read)
  }

  #kindAt(at: number): FrameKind {
    return (this.headers[at >> 2]! & 7) as FrameKind
  }

  #valueAt(at: number): number {
    return this.headers[at >> 2]! >>> 3
  }

  #connectionAt(at: number): number {
    return this.headers[(at >> 2) + 1]!
  }

  #sizeAt(at: number): number {
    return HEADER_BYTES + (this.#kindAt(at) === FrameKind.data ? aligned(this.#valueAt(at)) : 0)
  }
}

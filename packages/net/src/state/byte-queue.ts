/** Memory that is not cleared first: a piece is given out only as far as it has been written to. */
const { allocUnsafeSlow } = Buffer

/** The longest piece that one read gives, as libuv's. @units bytes */
export const READ_BYTES = 64 * 1024

/** From this size on a piece is given as it is: copying it would cost more than a read of its own. @units bytes */
const LARGE_BYTES = 16 * 1024

/**
 * The bytes of a stream that have arrived and have not been read. What arrives in small pieces is put together when it arrives, so that a read gives
 * as much as the kernel's would.
 */
export class ByteQueue {
  /** Pieces to which nothing is added, in front of the open one. */
  #closed: Uint8Array[] = []
  /** The memory of the piece to which bytes are added. */
  #open: Uint8Array | undefined
  #openLength = 0
  #length = 0
  /** How much merged pieces have held of late. @units bytes */
  #usual = 0

  /** How many bytes there are. */
  get length(): number {
    return this.#length
  }

  /**
   * Adds a piece.
   *
   * @param bytes - belong to the queue from now on
   */
  add(bytes: Uint8Array): void {
    const { length } = bytes
    if (length < LARGE_BYTES && this.#open !== undefined) return this.addCopy([bytes], length)
    this.#length += length
    this.#close()
    if (length >= LARGE_BYTES) this.#closed.push(bytes)
    else this.#begin(bytes, length)
  }

  /**
   * Adds a copy of pieces: it is made before this returns.
   *
   * @param pieces - in order
   * @param sizeBytes - of all together
   */
  addCopy(pieces: readonly Uint8Array[], sizeBytes: number): void {
    this.#length += sizeBytes
    let missing = sizeBytes
    for (const piece of pieces) {
      for (let at = 0; at < piece.length;) {
        const memory = this.#roomFor(missing)
        const room = memory.length - this.#openLength
        const part = at === 0 && piece.length <= room ? piece : piece.subarray(at, at + room)
        memory.set(part, this.#openLength)
        this.#openLength += part.length
        at += part.length
        missing -= part.length
      }
    }
  }

  /**
   * Takes bytes from the front. There must be some.
   *
   * @param limit - how many at most
   * @returns a piece that nothing writes to any more. It may lie in memory with others of this queue
   */
  take(limit: number): Uint8Array {
    const bytes = this.#takeFrom(limit)
    this.#length -= bytes.length
    return bytes
  }

  /** Forgets all bytes. */
  clear(): void {
    this.#closed = []
    this.#open = undefined
    this.#length = 0
  }

  #takeFrom(limit: number): Uint8Array {
    const closed = this.#closed
    if (closed.length === 0) this.#close()
    const first = closed[0]!
    if (first.length > limit) {
      closed[0] = first.subarray(limit)
      return first.subarray(0, limit)
    }
    // Most often it is the only one, and taking the last one costs a tenth.
    return (closed.length === 1 ? closed.pop() : closed.shift())!
  }

  #begin(memory: Uint8Array, length: number): void {
    this.#open = memory
    this.#openLength = length
  }

  /** Adds nothing more to the open piece. */
  #close(): void {
    const memory = this.#open
    if (memory === undefined) return
    const length = this.#openLength
    this.#closed.push(length === memory.length ? memory : memory.subarray(0, length))
    this.#usual = Math.max(length, this.#usual >> 1)
    this.#open = undefined
  }

  /** @param wanted - how much is to be added; there may be room for less */
  #roomFor(wanted: number): Uint8Array {
    if (this.#open !== undefined && this.#openLength === this.#open.length) this.#grow(wanted)
    if (this.#open === undefined) {
      // Exactly what is needed, unless more is to be expected: memory costs more than copying into it.
      const isMuch = this.#closed.length > 0 || this.#usual >= LARGE_BYTES
      this.#begin(allocUnsafeSlow(isMuch ? READ_BYTES : Math.min(wanted, READ_BYTES)), 0)
    }
    return this.#open!
  }

  /** Makes room behind a piece that fills its memory, or closes it. */
  #grow(wanted: number): void {
    const piece = this.#open!
    if (piece.length >= READ_BYTES) return this.#close()
    const memory = allocUnsafeSlow(Math.min(READ_BYTES, Math.max(2 * piece.length, piece.length + wanted)))
    memory.set(piece)
    this.#begin(memory, piece.length)
  }
}

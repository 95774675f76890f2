/**
 * The bytes of a file in memory: one array that grows while the file is small, then pieces of one size, so that a
 * large file is never copied to grow. Pieces that nobody wrote are holes and take no memory.
 *
 * What a file holds at one moment can be kept without copying it: pieces are shared until they are written to.
 */

/** @units bytes */
const PIECE = 1 << 20

/** Growing by doubling starts here. @units bytes */
const FIRST_GROWTH = 256

const empty = new Uint8Array(0)

/** What a file holds at one moment. Can be cloned; nobody writes to the pieces. */
export interface ContentState {
  readonly size: number
  /** The first one of any length, which may be more or less than `size`; the others of 1 MiB each. What is missing is a hole. */
  readonly pieces: readonly (Uint8Array | undefined)[]
}

export class MemoryContent {
  size = 0
  /** The first piece, of any length up to PIECE. */
  #head: Uint8Array = empty
  /** The others, each of length PIECE. */
  #pieces: (Uint8Array | undefined)[] | undefined
  /** Whether a state holds the first piece, too: it is copied before it is written to. */
  #headShared = false
  /** The others that a state holds. */
  #shared: Set<Uint8Array> | undefined

  /** Keeps what there is now. */
  share(): ContentState {
    const { size } = this
    this.#headShared = true
    if (this.#pieces === undefined) return { size, pieces: [this.#head] }
    this.#shared = new Set(this.#pieces.filter((piece) => piece !== undefined))
    return { size, pieces: [this.#head, ...this.#pieces] }
  }

  /** Holds what a state holds, which stays as it is. */
  restore({ size, pieces: [head = empty, ...others] }: ContentState): void {
    this.size = size
    this.#head = head
    this.#headShared = true
    this.#pieces = others.length === 0 ? undefined : others
    this.#shared = others.length === 0 ? undefined : new Set(others.filter((piece) => piece !== undefined))
  }

  /** How many bytes it takes. */
  get allocated(): number {
    let bytes = this.#head.length
    if (this.#pieces !== undefined) for (const piece of this.#pieces) if (piece !== undefined) bytes += PIECE
    return bytes
  }

  /**
   * Copies out at most `length` bytes.
   *
   * @param into - where to, of that length
   * @returns the bytes: the beginning of `into`, where it is given
   */
  read(length: number, position: number, into?: Uint8Array): Uint8Array {
    const end = Math.min(position + length, this.size)
    if (end <= position) return new Uint8Array(0)
    if (into === undefined && end <= this.#head.length) return this.#head.slice(position, end)
    const result = into?.subarray(0, end - position) ?? new Uint8Array(end - position)
    for (let at = position; at < end;) {
      const index = Math.floor(at / PIECE)
      const start = at - index * PIECE
      const stop = Math.min(PIECE, end - index * PIECE)
      const piece = (index === 0 ? this.#head : this.#pieces?.[index - 1]) ?? empty
      const written = Math.max(start, Math.min(stop, piece.length))
      if (start < written) result.set(piece.subarray(start, written), at - position)
      // The caller's may hold something, where holes are to be zeros.
      if (into !== undefined) result.fill(0, at - position + written - start, at - position + stop - start)
      at += stop - start
    }
    return result
  }

  /** All bytes, in memory that changes with the file; `undefined` when they are not in one piece. */
  peek(): Uint8Array | undefined {
    const head = this.#head
    const { size } = this
    if (head.length === size) return head
    return head.length > size ? head.subarray(0, size) : undefined
  }

  /** Holds other bytes than before: as cutting to nothing and writing. */
  replace(data: Uint8Array): void {
    const { length } = data
    const head = this.#head
    const fits = head.length >= length && head.length <= Math.max(2 * length, FIRST_GROWTH)
    if (fits && !this.#headShared && this.#pieces === undefined) {
      head.set(data)
      // What lies behind the end is zeros.
      if (length < this.size) head.fill(0, length, this.size)
      this.size = length
    } else {
      this.truncate(0)
      this.write(data, 0)
    }
  }

  /** Copies in all bytes; what lies between the old end and `position` reads as zeros. */
  write(data: Uint8Array, position: number): void {
    const end = position + data.length
    if (end <= PIECE) {
      if (position === 0 && this.size === 0) {
        this.#setHead(new Uint8Array(data))
        this.size = end
        return
      }
      if (end > this.#head.length) this.#growHead(end)
      else if (this.#headShared) this.#setHead(this.#head.slice())
      this.#head.set(data, position)
    } else {
      for (let at = position; at < end;) {
        const index = Math.floor(at / PIECE)
        const start = at - index * PIECE
        const stop = Math.min(PIECE, end - index * PIECE)
        this.#piece(index, stop).set(data.subarray(at - position, at - position + stop - start), start)
        at += stop - start
      }
    }
    if (end > this.size) this.size = end
  }

  truncate(size: number): void {
    if (size < this.size) {
      if (size === 0) {
        this.#setHead(empty)
        this.#pieces = undefined
      } else {
        this.#cut(size)
      }
    }
    this.size = size
  }

  /** Forgets what lies behind `size`, so that growing again shows zeros. */
  #cut(size: number): void {
    if (size < this.#head.length) this.#setHead(this.#head.slice(0, size))
    const pieces = this.#pieces
    if (pieces === undefined) return
    const kept = Math.ceil(size / PIECE) - 1
    if (kept <= 0) {
      this.#pieces = undefined
      return
    }
    pieces.length = Math.min(pieces.length, kept)
    const last = pieces[kept - 1]
    if (last !== undefined) this.#own(last, kept - 1).fill(0, size - kept * PIECE)
  }

  #growHead(size: number): void {
    const capacity = Math.min(PIECE, Math.max(size, this.#head.length * 2, FIRST_GROWTH))
    const grown = new Uint8Array(capacity)
    grown.set(this.#head)
    this.#setHead(grown)
  }

  #setHead(head: Uint8Array): void {
    this.#head = head
    this.#headShared = false
  }

  #piece(index: number, needed: number): Uint8Array {
    if (index === 0) {
      if (this.#head.length < needed) this.#growHead(needed)
      else if (this.#headShared) this.#setHead(this.#head.slice())
      return this.#head
    }
    const pieces = (this.#pieces ??= [])
    while (pieces.length < index) pieces.push(undefined)
    const piece = (pieces[index - 1] ??= new Uint8Array(PIECE))
    return this.#own(piece, index - 1)
  }

  /** A piece behind the first one that may be written to. */
  #own(piece: Uint8Array, at: number): Uint8Array {
    if (this.#pieces === undefined || !this.#shared?.delete(piece)) return piece
    return (this.#pieces[at] = piece.slice())
  }
}

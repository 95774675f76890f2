/**
 * The bytes of a file in memory: one array that grows while the file is small, then pieces of one size, so that a
 * large file is never copied to grow. Pieces that nobody wrote are holes and take no memory.
 */

/** @units bytes */
const PIECE = 1 << 20

/** Growing by doubling starts here. @units bytes */
const FIRST_GROWTH = 256

const empty = new Uint8Array(0)

export class MemoryContent {
  size = 0
  /** The first piece, of any length up to PIECE. */
  #head: Uint8Array = empty
  /** The others, each of length PIECE. */
  #pieces: (Uint8Array | undefined)[] | undefined

  /** How many bytes it takes. */
  get allocated(): number {
    let bytes = this.#head.length
    if (this.#pieces !== undefined) for (const piece of this.#pieces) if (piece !== undefined) bytes += PIECE
    return bytes
  }

  /** Copies out at most `length` bytes. */
  read(length: number, position: number): Uint8Array {
    const end = Math.min(position + length, this.size)
    if (end <= position) return new Uint8Array(0)
    if (end <= this.#head.length) return this.#head.slice(position, end)
    const result = new Uint8Array(end - position)
    for (let at = position; at < end;) {
      const index = Math.floor(at / PIECE)
      const start = at - index * PIECE
      const stop = Math.min(PIECE, end - index * PIECE)
      const piece = index === 0 ? this.#head : this.#pieces?.[index - 1]
      if (piece !== undefined && start < piece.length) {
        result.set(piece.subarray(start, Math.min(stop, piece.length)), at - position)
      }
      at += stop - start
    }
    return result
  }

  /** Copies in all bytes; what lies between the old end and `position` reads as zeros. */
  write(data: Uint8Array, position: number): void {
    const end = position + data.length
    if (end <= PIECE) {
      if (position === 0 && this.size === 0) {
        this.#head = new Uint8Array(data)
        this.size = end
        return
      }
      if (end > this.#head.length) this.#growHead(end)
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
        this.#head = empty
        this.#pieces = undefined
      } else {
        this.#cut(size)
      }
    }
    this.size = size
  }

  /** Forgets what lies behind `size`, so that growing again shows zeros. */
  #cut(size: number): void {
    if (size < this.#head.length) this.#head = this.#head.slice(0, size)
    const pieces = this.#pieces
    if (pieces === undefined) return
    const kept = Math.ceil(size / PIECE) - 1
    if (kept <= 0) {
      this.#pieces = undefined
      return
    }
    pieces.length = Math.min(pieces.length, kept)
    const last = pieces[kept - 1]
    if (last !== undefined) last.fill(0, size - kept * PIECE)
  }

  #growHead(size: number): void {
    const capacity = Math.min(PIECE, Math.max(size, this.#head.length * 2, FIRST_GROWTH))
    const grown = new Uint8Array(capacity)
    grown.set(this.#head)
    this.#head = grown
  }

  #piece(index: number, needed: number): Uint8Array {
    if (index === 0) {
      if (this.#head.length < needed) this.#growHead(needed)
      return this.#head
    }
    const pieces = (this.#pieces ??= [])
    while (pieces.length < index) pieces.push(undefined)
    return (pieces[index - 1] ??= new Uint8Array(PIECE))
  }
}

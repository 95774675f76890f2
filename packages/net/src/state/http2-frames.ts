/** What a client of HTTP/2 says first. @source RFC 9113, section 3.4 */
const PREFACE_BYTES = 24
const PREFACE_START = 0x50

/** The header of a frame: the length of what follows in its first three bytes. @source RFC 9113, section 4.1 */
const HEADER_BYTES = 9

/** Finds where the frames of HTTP/2 end in a stream of bytes that comes in pieces. */
export class FrameCutter {
  /** How many bytes of what has begun are still to come; unknown while its header is not complete. */
  #rest = 0
  #header: number[] = []
  #isFirst = true

  /**
   * Cuts a piece after each frame that ends in it.
   *
   * @param bytes - what follows the piece before
   * @returns views of it; the last may be a part of a frame
   */
  cut(bytes: Uint8Array): Uint8Array[] {
    const pieces: Uint8Array[] = []
    let start = 0
    let at = 0
    while (at < bytes.length) {
      if (this.#isFirst) {
        this.#isFirst = false
        // The length of a frame that would begin with the same byte is more than any side allows.
        if (bytes[0] === PREFACE_START) this.#rest = PREFACE_BYTES
      }
      if (this.#rest === 0) {
        const header = this.#header
        while (header.length < HEADER_BYTES && at < bytes.length) header.push(bytes[at++]!)
        if (header.length < HEADER_BYTES) break
        this.#rest = (header[0]! << 16) | (header[1]! << 8) | header[2]!
        this.#header = []
      }
      const taken = Math.min(this.#rest, bytes.length - at)
      this.#rest -= taken
      at += taken
      if (this.#rest > 0) break
      pieces.push(bytes.subarray(start, at))
      start = at
    }
    if (start < bytes.length) pieces.push(bytes.subarray(start))
    return pieces
  }
}

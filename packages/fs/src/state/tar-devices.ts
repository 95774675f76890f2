/**
 * The numbers of devices in tar's headers, the one field of them that `modern-tar` neither writes nor reads. A stream of it is followed
 * from header to header as it passes.
 *
 * @source POSIX.1-2024, pax, "ustar Interchange Format"
 */

const BLOCK = 512
const SIZE = { at: 124, length: 12 }
const CHECKSUM = { at: 148, length: 8 }
const TYPE = 156
const MAJOR = { at: 329, length: 8 }
const MINOR = { at: 337, length: 8 }

const flags = { file: 0x30, link: 0x31, character: 0x33, block: 0x34, fifo: 0x36, pax: 0x78, paxGlobal: 0x67 }
/** GNU's entries for long names. */
const longNames = new Set([0x4b, 0x4c])

/** Follows a tar stream. */
class HeaderWalk {
  readonly #onHeader: (header: Uint8Array) => void
  #header = new Uint8Array(BLOCK)
  #filled = 0
  /** How much of an entry's content, padding included, is still to come. */
  #left = 0
  /** What is in the PAX header that is passing. */
  #records: Uint8Array[] | undefined
  /** The size of the next entry, where PAX says it. */
  #size: number | undefined

  /** @param onHeader - may change the header */
  constructor(onHeader: (header: Uint8Array) => void) {
    this.#onHeader = onHeader
  }

  /** @param emit - is given all of the bytes, in pieces */
  push(chunk: Uint8Array, emit: (piece: Uint8Array) => void): void {
    for (let at = 0; at < chunk.length;) {
      const wanted = this.#left > 0 ? this.#left : BLOCK - this.#filled
      const piece = chunk.subarray(at, at + wanted)
      at += piece.length
      if (this.#left > 0) {
        this.#records?.push(piece.slice())
        this.#left -= piece.length
        if (this.#left === 0) this.#endRecords()
        emit(piece)
        continue
      }
      this.#header.set(piece, this.#filled)
      this.#filled += piece.length
      if (this.#filled < BLOCK) continue
      const header = this.#header
      this.#header = new Uint8Array(BLOCK)
      this.#filled = 0
      this.#begin(header)
      this.#onHeader(header)
      emit(header)
    }
  }

  /** What has come of a header that is not whole. */
  rest(): Uint8Array {
    return this.#header.subarray(0, this.#filled)
  }

  #begin(header: Uint8Array): void {
    const type = header[TYPE] ?? 0
    const isMeta = type === flags.pax || type === flags.paxGlobal || longNames.has(type)
    let size = readNumber(header, SIZE)
    if (!isMeta) {
      size = type >= flags.link && type <= flags.fifo ? 0 : (this.#size ?? size)
      this.#size = undefined
    }
    this.#left = Math.ceil(size / BLOCK) * BLOCK
    this.#records = type === flags.pax && size > 0 ? [] : undefined
  }

  #endRecords(): void {
    if (this.#records !== undefined) this.#size = sizeOf(Buffer.concat(this.#records))
    this.#records = undefined
  }
}

/** What PAX records say about the size of the next entry. */
function sizeOf(records: Buffer): number | undefined {
  let size: number | undefined
  for (let at = 0; at < records.length;) {
    const length = parseInt(records.toString('latin1', at, at + 20), 10)
    if (!(length > 0)) break
    const match = /^\d+ size=(\d+)\n$/.exec(records.toString('latin1', at, at + length))
    if (match !== null) size = Number(match[1])
    at += length
  }
  return size
}

type Field = typeof SIZE

function readNumber(header: Uint8Array, { at, length }: Field): number {
  const field = header.subarray(at, at + length)
  const first = field[0] ?? 0
  // GNU's way for what is too large: bytes in place of digits.
  if ((first & 0x80) !== 0) return field.slice(1).reduce((sum, byte) => sum * 256 + byte, first & 0x7f)
  const digits = /^[\0 ]*([0-7]+)/.exec(Buffer.from(field).toString('latin1'))
  return digits === null ? 0 : parseInt(digits[1] ?? '', 8)
}

function writeNumber(header: Uint8Array, { at, length }: Field, value: number): void {
  header.set(Buffer.from(`${value.toString(8).padStart(length - 1, '0')}\0`, 'latin1'), at)
}

function isDevice(header: Uint8Array): boolean {
  return header[TYPE] === flags.character || header[TYPE] === flags.block
}

/** @source glibc `sysdeps/unix/sysv/linux/makedev.h`, for the 12 and 20 bits that Linux has */
function numberOf(major: number, minor: number): number {
  return (((minor & 0xfff00) << 12) | ((major & 0xfff) << 8) | (minor & 0xff)) >>> 0
}

/**
 * Writes numbers of devices into a tar stream.
 *
 * @param numbers - `st_rdev` of each device, in the order in which they are in the stream; what has been used is taken out
 * @returns what the stream is to be piped through
 */
export function writeDevices(numbers: number[]): TransformStream<Uint8Array, Uint8Array> {
  const walk = new HeaderWalk((header) => {
    const number = isDevice(header) ? numbers.shift() : undefined
    if (number === undefined) return
    writeNumber(header, MAJOR, (number >>> 8) & 0xfff)
    writeNumber(header, MINOR, (number & 0xff) | ((number >>> 12) & 0xfff00))
    header.fill(0x20, CHECKSUM.at, CHECKSUM.at + CHECKSUM.length)
    const sum = header.reduce((total, byte) => total + byte, 0)
    writeNumber(header, { at: CHECKSUM.at, length: CHECKSUM.length - 1 }, sum)
  })
  return new TransformStream({
    transform: (chunk, controller) => walk.push(chunk, (piece) => controller.enqueue(piece)),
    flush: (controller) => controller.enqueue(walk.rest()),
  })
}

/**
 * Reads numbers of devices out of a tar stream.
 *
 * @param source - passes as it is
 * @param numbers - is given `st_rdev` of each device, before the bytes of its header pass
 */
export async function* readDevices(
  source: AsyncIterable<Uint8Array>,
  numbers: number[],
): AsyncGenerator<Uint8Array, void> {
  const walk = new HeaderWalk((header) => {
    if (isDevice(header)) numbers.push(numberOf(readNumber(header, MAJOR), readNumber(header, MINOR)))
  })
  for await (const chunk of source) {
    walk.push(chunk, () => {})
    yield chunk
  }
}

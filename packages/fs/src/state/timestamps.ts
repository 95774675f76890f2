/**
 * The times of an inode in memory: whole seconds, and the nanoseconds behind them. They stand in the inode itself, where BigInts would be
 * objects of their own: memory, and one more place to fetch for each that is read.
 */

const NS_PER_SECOND = 1_000_000_000

/** A moment as 64 bits, and the halves of them. */
const bits = new BigInt64Array(1)
const high = new Int32Array(bits.buffer, 4)
const low = new Uint32Array(bits.buffer, 0, 1)

/** What was split last. */
let seconds = 0
let nanoseconds = 0

/** Puts a moment into {@link seconds} and {@link nanoseconds}, which is never negative. */
function split(ns: bigint): void {
  bits[0] = ns
  if (bits[0] === ns) {
    const upper = high[0]!
    const lower = low[0]!
    // Perhaps one too many or too few: 64 bits do not fit a number. What is left tells, and does fit its 32 bits.
    seconds = Math.floor(upper * (2 ** 32 / NS_PER_SECOND) + lower / NS_PER_SECOND)
    nanoseconds = (lower - Math.imul(seconds, NS_PER_SECOND)) | 0
    if (nanoseconds < 0) {
      seconds--
      nanoseconds += NS_PER_SECOND
    } else if (nanoseconds >= NS_PER_SECOND) {
      seconds++
      nanoseconds -= NS_PER_SECOND
    }
    return
  }
  // Before 1677, or after 2262.
  const rest = ns % BigInt(NS_PER_SECOND)
  nanoseconds = Number(rest < 0n ? rest + BigInt(NS_PER_SECOND) : rest)
  seconds = Number((ns - BigInt(nanoseconds)) / BigInt(NS_PER_SECOND))
}

const join = (whole: number, rest: number): bigint => BigInt(whole) * BigInt(NS_PER_SECOND) + BigInt(rest)
const milliseconds = (whole: number, rest: number): number => whole * 1000 + rest / 1e6

/** What has four times. */
export class Timestamps {
  #atime: number
  #atimeRest: number
  #mtime: number
  #mtimeRest: number
  #ctime: number
  #ctimeRest: number
  #birthtime: number
  #birthtimeRest: number

  /** @param now - all four */
  constructor(now: bigint) {
    split(now)
    this.#atime = this.#mtime = this.#ctime = this.#birthtime = seconds
    this.#atimeRest = this.#mtimeRest = this.#ctimeRest = this.#birthtimeRest = nanoseconds
  }

  get atimeNs(): bigint {
    return join(this.#atime, this.#atimeRest)
  }

  set atimeNs(ns: bigint) {
    split(ns)
    this.#atime = seconds
    this.#atimeRest = nanoseconds
  }

  get mtimeNs(): bigint {
    return join(this.#mtime, this.#mtimeRest)
  }

  set mtimeNs(ns: bigint) {
    split(ns)
    this.#mtime = seconds
    this.#mtimeRest = nanoseconds
  }

  get ctimeNs(): bigint {
    return join(this.#ctime, this.#ctimeRest)
  }

  set ctimeNs(ns: bigint) {
    split(ns)
    this.#ctime = seconds
    this.#ctimeRest = nanoseconds
  }

  get birthtimeNs(): bigint {
    return join(this.#birthtime, this.#birthtimeRest)
  }

  set birthtimeNs(ns: bigint) {
    split(ns)
    this.#birthtime = seconds
    this.#birthtimeRest = nanoseconds
  }

  /** @units milliseconds, with fractions */
  get atimeMs(): number {
    return milliseconds(this.#atime, this.#atimeRest)
  }

  /** @units milliseconds, with fractions */
  get mtimeMs(): number {
    return milliseconds(this.#mtime, this.#mtimeRest)
  }

  /** @units milliseconds, with fractions */
  get ctimeMs(): number {
    return milliseconds(this.#ctime, this.#ctimeRest)
  }

  /** @units milliseconds, with fractions */
  get birthtimeMs(): number {
    return milliseconds(this.#birthtime, this.#birthtimeRest)
  }

  /** Moves mtime and ctime. */
  protected setModified(ns: bigint): void {
    split(ns)
    this.#mtime = this.#ctime = seconds
    this.#mtimeRest = this.#ctimeRest = nanoseconds
  }

  /** Moves ctime to another inode's. */
  protected setChangedWith(other: Timestamps): void {
    this.#ctime = other.#ctime
    this.#ctimeRest = other.#ctimeRest
  }

  /** Moves mtime and ctime to another inode's ctime. */
  protected setModifiedWith(other: Timestamps): void {
    this.#mtime = this.#ctime = other.#ctime
    this.#mtimeRest = this.#ctimeRest = other.#ctimeRest
  }

  /** Whether the last access was after the last change of anything. */
  protected get isAccessedLast(): boolean {
    return this.#accessedAfter(this.#mtime, this.#mtimeRest) && this.#accessedAfter(this.#ctime, this.#ctimeRest)
  }

  #accessedAfter(whole: number, rest: number): boolean {
    return this.#atime > whole || (this.#atime === whole && this.#atimeRest > rest)
  }
}

/** How much a file system may hold. */
import { Errno } from '../types.ts'

/** What a block is. @units bytes */
export const BLOCK = 4096

/** What a mount may hold; what is left out has no limit. */
export interface QuotaLimits {
  /** @units bytes; whole blocks of 4096 count */
  readonly sizeBytes?: number
  /** How many inodes there may be, the root's among them. */
  readonly inodes?: number
}

/** Which of the counters is what. */
const counter = Object.freeze({ blocks: 0, inodes: 1, count: 2 })

const { add, compareExchange, load, store } = Atomics

/**
 * What a file system holds, and may hold. The counters can be in memory that several threads share, each of which has a file
 * system over the same files.
 */
export class Quota {
  /** How many blocks there may be; `Infinity` without a limit. */
  readonly blocks: number
  /** How many inodes there may be; `Infinity` without a limit. */
  readonly inodes: number
  readonly #used: Int32Array

  /**
   * @param limits - what there may be
   * @param counters - from {@link createQuotaCounters}, where others count, too
   */
  constructor(limits: QuotaLimits, counters: SharedArrayBuffer = createQuotaCounters()) {
    this.blocks = limits.sizeBytes === undefined ? Infinity : Math.floor(limits.sizeBytes / BLOCK)
    this.inodes = limits.inodes ?? Infinity
    this.#used = new Int32Array(counters)
  }

  get usedBlocks(): number {
    return load(this.#used, counter.blocks)
  }

  get usedInodes(): number {
    return load(this.#used, counter.inodes)
  }

  /** @throws Errno ENOSPC when there are as many as there may be */
  takeInode(): void {
    if (this.#take(counter.inodes, 1, this.inodes) === 0) throw Errno.of('ENOSPC')
  }

  giveInode(): void {
    add(this.#used, counter.inodes, -1)
  }

  /** Takes as many blocks as there is room for. @returns how many */
  takeBlocks(wanted: number): number {
    return this.#take(counter.blocks, wanted, this.blocks)
  }

  giveBlocks(count: number): void {
    add(this.#used, counter.blocks, -count)
  }

  /** Counts what is there already, whether it fits or not. */
  reset(blocks: number, inodes: number): void {
    store(this.#used, counter.blocks, blocks)
    store(this.#used, counter.inodes, inodes)
  }

  #take(index: number, wanted: number, limit: number): number {
    for (;;) {
      const used = load(this.#used, index)
      const taken = Math.max(0, Math.min(wanted, limit - used))
      if (taken === 0 || compareExchange(this.#used, index, used, used + taken) === used) return taken
    }
  }
}

/** Makes counters that several threads can share, at zero. */
export function createQuotaCounters(): SharedArrayBuffer {
  return new SharedArrayBuffer(counter.count * Int32Array.BYTES_PER_ELEMENT)
}

/** How many blocks so many bytes take. */
export function blocksOf(bytes: number): number {
  return Math.ceil(bytes / BLOCK)
}

/** Which blocks of a file hold something: as in a kernel, a hole takes no room. */
export class FileBlocks {
  readonly #quota: Quota
  #bits = new Uint8Array(0)
  #count = 0
  /** How often the file is open: its blocks are given back when it is closed for the last time. */
  opens = 0

  constructor(quota: Quota) {
    this.#quota = quota
  }

  /** How many blocks the file has. */
  get count(): number {
    return this.#count
  }

  /**
   * Takes the blocks that a write needs, as far as there is room.
   *
   * @param from - where the first byte goes
   * @param length - how many bytes there are
   * @returns how many of the bytes fit
   * @throws Errno ENOSPC when none does
   */
  take(from: number, length: number): number {
    const end = from + length
    for (let block = Math.floor(from / BLOCK); block * BLOCK < end; block++) {
      if (this.#has(block)) continue
      if (this.#quota.takeBlocks(1) === 0) {
        const fitting = block * BLOCK - from
        if (fitting <= 0) throw Errno.of('ENOSPC')
        return fitting
      }
      this.#set(block)
    }
    return length
  }

  /** Counts a file without holes, whether it fits or not. */
  fill(size: number): void {
    for (let block = (this.#count = 0); block < blocksOf(size); block++) this.#set(block)
    this.#quota.giveBlocks(-this.#count)
  }

  /** Gives back the blocks behind the end of the file. */
  cut(size: number): void {
    const kept = blocksOf(size)
    let given = 0
    for (let block = kept; block < this.#bits.length * 8; block++) {
      if (!this.#has(block)) continue
      this.#bits[block >> 3]! &= ~(1 << (block & 7))
      given++
    }
    if (kept === 0) this.#bits = new Uint8Array(0)
    this.#count -= given
    this.#quota.giveBlocks(given)
  }

  #has(block: number): boolean {
    return ((this.#bits[block >> 3] ?? 0) & (1 << (block & 7))) !== 0
  }

  #set(block: number): void {
    const index = block >> 3
    if (index >= this.#bits.length) {
      const grown = new Uint8Array(Math.max(8, index + 1, this.#bits.length * 2))
      grown.set(this.#bits)
      this.#bits = grown
    }
    this.#bits[index]! |= 1 << (block & 7)
    this.#count++
  }
}

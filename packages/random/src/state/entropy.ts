import type { Entropy } from '@libvisor/core'

/** Makes an endless stream of bytes that a key determines. */
export interface Keystream {
  /** The next bytes of the stream. */
  next(length: number): Uint8Array
}

/** How many bytes are taken from a keystream at a time. */
const POOL_BYTES = 4096

/**
 * Makes a source of randomness that repeats: every number and byte comes from one keystream, in the order in which
 * they are asked for.
 *
 * @param keystream - the stream
 * @returns the source
 */
export function createSeededEntropy(keystream: Keystream): Entropy {
  let pool: Uint8Array = new Uint8Array(0)
  let words = new DataView(pool.buffer)
  let used = 0

  const refill = (): void => {
    pool = keystream.next(POOL_BYTES)
    words = new DataView(pool.buffer, pool.byteOffset, pool.byteLength)
    used = 0
  }

  return Object.freeze({
    seeded: true,

    fill(bytes: Uint8Array): void {
      for (let filled = 0; filled < bytes.length;) {
        if (used === pool.length) refill()
        const part = pool.subarray(used, used + bytes.length - filled)
        bytes.set(part, filled)
        filled += part.length
        used += part.length
      }
    },

    float(): number {
      // What is left at the end of the pool is too short for a number and is passed over.
      if (used + 8 > pool.length) refill()
      const high = words.getUint32(used, true) >>> 5
      const low = words.getUint32(used + 4, true) >>> 6
      used += 8
      // All 53 bits that a number in [0, 1) has room for.
      return (high * 2 ** 26 + low) / 2 ** 53
    },
  })
}

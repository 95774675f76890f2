import { apply, host, original } from '@libvisor/abi'
import type { Entropy } from '@libvisor/core'
import { createSeededEntropy } from './entropy.ts'
import type { Keystream } from './entropy.ts'

/** Where a namespace's randomness comes from. */
export interface EntropyOptions {
  /** What determines every random number and byte. @defaultValue none: the host's randomness */
  readonly seed?: number | string | undefined
}

/**
 * The keystream of ChaCha20 under the SHA-256 of a seed.
 *
 * @source RFC 8439; the nonce and the counter start at zero
 */
function createKeystream(seed: number | string): Keystream {
  // A number and the string of its digits are one seed: on the command line there are only strings.
  const { createCipheriv, createHash } = original('crypto')
  const key = createHash('sha256').update(`libvisor seed ${seed}`).digest()
  const cipher = createCipheriv('chacha20', key, new Uint8Array(16))
  return { next: (length) => cipher.update(new Uint8Array(length)) }
}

/** The host's own randomness. `crypto` is loaded when bytes are first asked for. */
const hostEntropy: Entropy = Object.freeze({
  seeded: false,
  fill(bytes: Uint8Array): void {
    original('crypto').randomFillSync(bytes)
  },
  float: () => apply(host.random, Math, []),
})

/**
 * Makes the source of randomness of a namespace: the host's, or one that a seed determines.
 *
 * With a seed, `Math.random()` and the random functions of `crypto` repeat from run to run, on every version of Node:
 * they take the keystream of ChaCha20 (RFC 8439), keyed by the SHA-256 of the seed, in the order of the calls. A number
 * and the string of its digits are the same seed. This is for repeatable runs and tests; secrets come from a namespace
 * without a seed.
 *
 * @param options - the seed, if any
 * @returns the source
 * @throws {TypeError} when the seed is neither a string nor a finite number
 * @example
 * ```ts
 * import { createEntropy } from '@libvisor/random'
 * import assert from 'node:assert/strict'
 *
 * const [a, b] = [createEntropy({ seed: 7 }), createEntropy({ seed: '7' })]
 * assert.equal(a.float(), b.float())
 * assert.equal(createEntropy().seeded, false)
 * ```
 */
export function createEntropy(options: EntropyOptions = {}): Entropy {
  const { seed } = options
  if (seed === undefined) return hostEntropy
  if (typeof seed !== 'string' && !Number.isFinite(seed)) {
    throw new TypeError(`A seed is a string or a finite number, not ${String(seed)}`)
  }
  return createSeededEntropy(createKeystream(seed))
}

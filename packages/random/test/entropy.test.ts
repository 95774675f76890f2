import { createCipheriv, createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEntropy } from '@libvisor/random'

const bytes = (seed: number | string, length: number): Uint8Array => {
  const result = new Uint8Array(length)
  createEntropy({ seed }).fill(result)
  return result
}

describe('seeded entropy', () => {
  it('is the keystream of ChaCha20 under the SHA-256 of the seed', () => {
    const key = createHash('sha256').update('libvisor seed 7').digest()
    const expected = createCipheriv('chacha20', key, Buffer.alloc(16)).update(Buffer.alloc(10_000))
    expect(Buffer.compare(bytes(7, 10_000), expected)).toBe(0)
  })

  it('takes a number and the string of its digits for one seed, and other seeds for others', () => {
    expect(bytes(7, 64)).toEqual(bytes('7', 64))
    expect(bytes(7, 64)).not.toEqual(bytes(8, 64))
  })

  it('gives the same bytes however they are asked for', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.nat(6000), { maxLength: 8 }), (seed, lengths) => {
        const entropy = createEntropy({ seed })
        const parts = lengths.map((length) => {
          const part = new Uint8Array(length)
          entropy.fill(part)
          return part
        })
        const all = Buffer.concat(parts)
        expect(Buffer.compare(all, bytes(seed, all.length))).toBe(0)
      }),
      { seed: 1, numRuns: 50 },
    )
  })

  it('spreads numbers evenly over [0, 1) and uses all of their 53 bits', () => {
    const entropy = createEntropy({ seed: 'spread' })
    const numbers = Array.from({ length: 20_000 }, () => entropy.float())
    const buckets = Array.from({ length: 10 }, () => 0)
    for (const number of numbers) buckets[Math.floor(number * 10)]! += 1
    for (const count of buckets) expect(Math.abs(count - 2000)).toBeLessThan(250)
    expect(numbers.some((number) => (number * 2 ** 53) % 2 === 1)).toBe(true)
  })

  it('refuses a seed that is no number', () => {
    expect(() => createEntropy({ seed: NaN })).toThrow(TypeError)
  })
})

describe('entropy without a seed', () => {
  it("is the host's, and says so", () => {
    const entropy = createEntropy()
    expect(entropy.seeded).toBe(false)
    const [a, b] = [new Uint8Array(32), new Uint8Array(32)]
    entropy.fill(a)
    entropy.fill(b)
    expect(a).not.toEqual(b)
    expect(entropy.float()).not.toBe(entropy.float())
  })
})

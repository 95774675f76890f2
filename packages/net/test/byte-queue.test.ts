import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteQueue, READ_BYTES } from '../src/state/byte-queue.ts'
import { sizeOf } from '../src/state/pieces.ts'

const PERIOD = 251
const counted = new Uint8Array(PERIOD + 300_000).map((_, at) => at % PERIOD)

/** Bytes that tell where they stand. */
const bytesFrom = (start: number, length: number): Uint8Array =>
  counted.slice(start % PERIOD, (start % PERIOD) + length)

const fill = (length: number): Uint8Array => new Uint8Array(length).fill(7)

function takeAll(queue: ByteQueue): Uint8Array[] {
  const taken: Uint8Array[] = []
  while (queue.length > 0) taken.push(queue.take(READ_BYTES))
  return taken
}

describe('a queue of bytes', () => {
  it('gives small pieces together, up to what one read takes', () => {
    const queue = new ByteQueue()
    for (let count = 0; count < 1000; count++) queue.addCopy([fill(100)], 100)
    expect(takeAll(queue).map(({ length }) => length)).toEqual([READ_BYTES, 100_000 - READ_BYTES])
  })

  it('gives a large piece that belongs to it as it is', () => {
    const queue = new ByteQueue()
    const large = fill(20_000)
    queue.add(fill(10))
    queue.add(large)
    queue.add(fill(20))
    const [first, second, third] = takeAll(queue)
    expect([first!.length, third!.length]).toEqual([10, 20])
    expect(second).toBe(large)
  })

  it('leaves the memory of a piece alone to which it adds nothing', () => {
    const queue = new ByteQueue()
    const small = fill(10)
    queue.add(small)
    queue.add(fill(10))
    queue.addCopy([fill(10)], 10)
    expect(takeAll(queue).map((bytes) => [...bytes])).toEqual([[...fill(30)]])
    expect(small.buffer.byteLength).toBe(10)
  })

  it('gives what one write has brought in memory of its own, which has no more than that', () => {
    const queue = new ByteQueue()
    for (const size of [1, 100, 20_000, READ_BYTES]) {
      queue.addCopy([fill(size - 1), fill(1)], size)
      const bytes = queue.take(READ_BYTES)
      expect([bytes.length, bytes.buffer.byteLength]).toEqual([size, size])
    }
  })

  it('writes to nothing that it has given', () => {
    const queue = new ByteQueue()
    queue.addCopy([fill(READ_BYTES + 10)], READ_BYTES + 10)
    queue.take(READ_BYTES)
    const given = queue.take(4)
    queue.addCopy([new Uint8Array(1000)], 1000)
    expect([...given]).toEqual([7, 7, 7, 7])
    expect([...queue.take(READ_BYTES)]).toEqual([...fill(6), ...new Uint8Array(1000)].slice(0, 6))
  })

  it('has nothing after clear()', () => {
    const queue = new ByteQueue()
    queue.add(fill(20_000))
    queue.addCopy([fill(10)], 10)
    queue.clear()
    expect(queue.length).toBe(0)
    queue.add(fill(3))
    expect(takeAll(queue)).toEqual([fill(3)])
  })

  it('gives what was added, in order, however it came and however it is taken', () => {
    const sizes = fc.oneof(
      fc.nat(300),
      fc.nat(20_000),
      fc.constantFrom(16_383, 16_384, READ_BYTES, READ_BYTES + 1, 200_000),
    )
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), size: sizes.filter((size) => size > 0) }),
      fc.record({ kind: fc.constant('copy' as const), sizes: fc.array(sizes, { minLength: 1, maxLength: 4 }) }),
      fc.record({ kind: fc.constant('take' as const), limit: fc.constantFrom(1, 10, 1000, READ_BYTES) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const queue = new ByteQueue()
        let [added, taken] = [0, 0]
        const take = (limit: number): void => {
          const bytes = queue.take(limit)
          expect(bytes.length).toBeGreaterThan(0)
          expect(bytes.length).toBeLessThanOrEqual(limit)
          expect(Buffer.compare(bytes, bytesFrom(taken, bytes.length))).toBe(0)
          taken += bytes.length
        }
        for (const step of steps) {
          if (step.kind === 'take') {
            if (queue.length > 0) take(step.limit)
          } else if (step.kind === 'add') {
            queue.add(bytesFrom(added, step.size))
            added += step.size
          } else {
            const pieces = step.sizes.map((size) => bytesFrom((added += size) - size, size))
            queue.addCopy(pieces, sizeOf(pieces))
            // They were lent for the call only.
            for (const piece of pieces) piece.fill(255)
          }
          expect(queue.length).toBe(added - taken)
        }
        while (queue.length > 0) take(READ_BYTES)
        expect(taken).toBe(added)
      }),
      { seed: 1, numRuns: 200 },
    )
  })
})

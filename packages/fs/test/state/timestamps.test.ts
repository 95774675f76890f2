/** A moment that an inode in memory keeps as two numbers is the same one when it is asked for. */
import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import { test } from 'vitest'
import { Timestamps } from '../../src/state/timestamps.ts'

const NS_PER_SECOND = 1_000_000_000n

const edges = [
  0n,
  2n ** 31n * NS_PER_SECOND,
  2n ** 32n,
  2n ** 32n * NS_PER_SECOND,
  2n ** 63n,
  8_640_000_000_000_000_000_000n,
]
const near = fc
  .tuple(fc.constantFrom(...edges), fc.bigInt({ min: -3n * NS_PER_SECOND, max: 3n * NS_PER_SECOND }), fc.boolean())
  .map(([edge, distance, isNegative]) => (isNegative ? -edge : edge) + distance)
const moment = fc.oneof(
  near,
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
)

test('each time is what it was set to, to the nanosecond', () => {
  fc.assert(
    fc.property(moment, moment, moment, moment, moment, (made, atime, mtime, ctime, birthtime) => {
      const times = new Timestamps(made)
      for (const name of ['atimeNs', 'mtimeNs', 'ctimeNs', 'birthtimeNs'] as const) assert.equal(times[name], made)
      Object.assign(times, { atimeNs: atime, mtimeNs: mtime, ctimeNs: ctime, birthtimeNs: birthtime })
      assert.deepEqual(
        [times.atimeNs, times.mtimeNs, times.ctimeNs, times.birthtimeNs],
        [atime, mtime, ctime, birthtime],
      )
    }),
    { seed: 1, numRuns: 2000 },
  )
})

test('milliseconds are those of the kernel’s timespec: whole seconds, and the nanoseconds behind them', () => {
  fc.assert(
    fc.property(moment, (ns) => {
      const rest = ((ns % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND
      const expected = Number((ns - rest) / NS_PER_SECOND) * 1000 + Number(rest) / 1e6
      assert.equal(new Timestamps(ns).mtimeMs, expected)
    }),
    { seed: 1, numRuns: 2000 },
  )
})

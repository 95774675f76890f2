import { GCProfiler } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { tellOfFilled, tellOfNew } from '@libvisor/core'

const PIECE_BYTES = 64 * 1024
const MEBIBYTE = 1024 * 1024
const pieces = 2000

/** @returns how much memory buffers had at most while so many were told of @units bytes */
function mostMemory(tell: (piece: Buffer) => void): number {
  let most = 0
  for (let count = 0; count < pieces; count++) {
    tell(Buffer.allocUnsafeSlow(PIECE_BYTES))
    if (count % 16 === 0) most = Math.max(most, process.memoryUsage().arrayBuffers)
  }
  return most
}

/** @returns how often the young generation was looked at in it */
function collections(task: () => void): number {
  const profiler = new GCProfiler()
  profiler.start()
  task()
  return profiler.stop()!.statistics.filter(({ gcType }) => gcType === 'Scavenge').length
}

describe('buffers that a program reads into', () => {
  it('are collected in time', () => {
    const before = process.memoryUsage().arrayBuffers
    expect(mostMemory((piece) => tellOfNew(piece.length)) - before).toBeLessThan(8 * MEBIBYTE)
    expect(mostMemory((piece) => tellOfFilled(piece.buffer)) - before).toBeLessThan(8 * MEBIBYTE)
    // What V8 would let there be by itself.
    expect(mostMemory(() => {}) - before).toBeGreaterThan(16 * MEBIBYTE)
  })

  it('leave nothing to collect when it is one, again and again, or when they are short or very long', () => {
    const same = Buffer.allocUnsafeSlow(PIECE_BYTES).buffer
    const times = collections(() => {
      for (let count = 0; count < pieces; count++) {
        tellOfFilled(same)
        tellOfNew(4 * 1024)
        tellOfNew(4 * MEBIBYTE)
      }
    })
    expect(times).toBeLessThan(3)
    expect(collections(() => mostMemory((piece) => tellOfNew(piece.length)))).toBeGreaterThan(30)
  })

  it('show nobody what collects them', () => {
    mostMemory((piece) => tellOfNew(piece.length))
    expect(runInNewContext('typeof gc')).toBe('undefined')
  })
})

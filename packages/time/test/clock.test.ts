import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createClock } from '@libvisor/time'
import type { HostReadings } from '@libvisor/time'
import { createTimerQueue } from '../src/state/timer-queue.ts'

/** A host whose clocks stand where they are put. */
const host = (wallMs: number, monotonicNs = 0n): HostReadings & { wallMs: number; monotonic: bigint } => ({
  wallMs,
  monotonic: monotonicNs,
  wallNs() {
    return BigInt(this.wallMs) * 1_000_000n
  },
  monotonicNs() {
    return this.monotonic
  },
})

describe('a running clock', () => {
  it("is the host's without options", () => {
    const clock = createClock()
    expect(clock.mode).toBe('real')
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1000)
    expect(clock.zone).toBeUndefined()
  })

  it("runs with the host's, moved by an offset", () => {
    const readings = host(1000)
    const clock = createClock({ offsetMs: -250.5 }, readings)
    expect([clock.mode, clock.now(), clock.nowNs()]).toEqual(['offset', 749.5, 749_500_000n])
    readings.wallMs = 2000
    expect(clock.now()).toBe(1749.5)
  })

  it('starts at a given time and goes on from there', () => {
    const readings = host(5000)
    const clock = createClock({ startMs: 100 }, readings)
    expect(clock.now()).toBe(100)
    readings.wallMs += 7
    expect(clock.now()).toBe(107)
  })

  it('has nanoseconds that never go back', () => {
    const { nowNs } = createClock()
    let last = 0n
    for (let index = 0; index < 10_000; index++) {
      const now = nowNs()
      expect(now >= last).toBe(true)
      last = now
    }
  })

  it.each([{ zone: 'Mars/Olympus' }, { offsetMs: NaN }, { startMs: Infinity }])('refuses %o', (options) => {
    expect(() => createClock(options)).toThrow(RangeError)
  })
})

describe('a manual clock', () => {
  it('stands still until it is advanced, and monotonic time with it', async () => {
    const readings = host(1000, 77n)
    const clock = createClock({ mode: 'manual' }, readings)
    readings.wallMs = 9000
    readings.monotonic = 99n
    expect([clock.now(), clock.monotonicNs()]).toEqual([1000, 77n])
    await clock.advance(1.5)
    expect([clock.now(), clock.monotonicNs()]).toEqual([1001.5, 1_500_077n])
  })

  it('has a machine that has been running for as long as it itself says', async () => {
    let uptimeNs = 500n
    const readings = { ...host(1000, 77n), uptimeNs: () => uptimeNs }
    const clock = createClock({ mode: 'manual' }, readings)
    readings.monotonic = 99n
    uptimeNs = 522n
    expect(clock.machineUptimeNs()).toBe(500n)
    uptimeNs = 9999n
    await clock.advance(1)
    expect(clock.machineUptimeNs()).toBe(1_000_500n)
  })

  it('steps wall time both ways without a change of monotonic time', () => {
    const clock = createClock({ mode: 'manual', startMs: 1000 })
    const before = clock.monotonicNs()
    clock.setTime(5)
    expect([clock.now(), clock.monotonicNs()]).toEqual([5, before])
  })

  it('adds up what two callers advance at once', async () => {
    const clock = createClock({ mode: 'manual', startMs: 0 })
    await Promise.all([clock.advance(3), clock.advance(4)])
    expect(clock.now()).toBe(7)
  })

  it.each([-1, NaN, Infinity])('refuses to advance by %d', (ms) => {
    expect(() => createClock({ mode: 'manual' }).advance(ms)).toThrow(RangeError)
  })
})

describe('the timer queue', () => {
  it('gives timers by due time, then by insertion, whatever was removed between', () => {
    const operation = fc.record({ dueNs: fc.bigInt(0n, 20n), remove: fc.option(fc.nat(30)) })
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const queue = createTimerQueue()
        const model: { dueNs: bigint; fire: () => Promise<void>; order: number }[] = []
        for (const [order, { dueNs, remove }] of operations.entries()) {
          const timer = { dueNs, fire: async () => {}, order }
          queue.add(timer)
          model.push(timer)
          if (remove !== null && remove < model.length) queue.remove(model.splice(remove, 1)[0]!)
        }
        const sorted = model.sort((a, b) => Number(a.dueNs - b.dueNs) || a.order - b.order)
        expect(queue.size).toBe(sorted.length)
        for (const timer of sorted) {
          expect(queue.due(timer.dueNs - 1n)).toBeUndefined()
          expect(queue.due(timer.dueNs)).toBe(timer)
          queue.remove(timer)
        }
        expect(queue.due(1000n)).toBeUndefined()
      }),
      { seed: 1 },
    )
  })
})

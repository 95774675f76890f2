import os from 'node:os'
import { host } from '@libvisor/abi'
import { createClockFrom } from './clock.ts'
import type { ClockOptions, HostReadings, ManualClock, NamespaceClock } from './clock.ts'

const hostNow = host.Date.now
/** Before it is patched. */
const { uptime } = os

/** The millisecond that was read last, and the monotonic reading at which it was first seen. */
let lastMs = 0
let lastNs = 0n
let sinceNs = 0n

/**
 * The host's clocks. Wall time comes in milliseconds; between two of them the monotonic clock counts on, so that two
 * readings in one millisecond differ and never go back.
 */
const hostReadings: HostReadings = Object.freeze({
  wallNs(): bigint {
    const ms = hostNow()
    const monotonic = host.hrtime()
    if (ms !== lastMs) {
      lastMs = ms
      lastNs = BigInt(ms) * 1_000_000n
      sinceNs = monotonic
      return lastNs
    }
    const within = monotonic - sinceNs
    return lastNs + (within < 999_999n ? within : 999_999n)
  },
  monotonicNs: host.hrtime,
  uptimeNs: () => BigInt(Math.round(uptime() * 1e9)),
})

/**
 * Makes the clock of a namespace.
 *
 * @param options - how it differs from the host's clocks
 * @param readings - what stands for the host's clocks
 * @returns the clock; a manual one can be advanced
 * @throws {RangeError} when a number is not finite, or the zone is unknown
 * @example
 * ```ts
 * import { createClock } from '@libvisor/time'
 * import assert from 'node:assert/strict'
 *
 * const clock = createClock({ mode: 'manual', startMs: 1000 })
 * await clock.advance(500)
 * assert.equal(clock.now(), 1500)
 * ```
 */
export function createClock(options: ClockOptions & { readonly mode: 'manual' }, readings?: HostReadings): ManualClock
export function createClock(options?: ClockOptions, readings?: HostReadings): NamespaceClock
export function createClock(options: ClockOptions = {}, readings: HostReadings = hostReadings): NamespaceClock {
  // Fails for a zone that there is not; the constructor is loaded by the engine on first use only.
  if (options.zone !== undefined) new Intl.DateTimeFormat('en-US', { timeZone: options.zone })
  return createClockFrom(readings, options)
}

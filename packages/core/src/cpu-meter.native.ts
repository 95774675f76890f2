import { host } from '@libvisor/abi'
import type { Namespace } from './namespace.ts'

const { threadCpuUsage } = host.process as unknown as {
  /** @units microseconds */
  threadCpuUsage?(): { user: number; system: number }
}

/** Processor time of this thread. @units microseconds */
const readUs = (): number => {
  const usage = threadCpuUsage?.call(host.process)
  return usage === undefined ? 0 : usage.user + usage.system
}

const usedUs = new WeakMap<Namespace, number>()
let metering = false
/** Whom the processor time since `sinceUs` is charged to. */
let charged: Namespace | undefined
let sinceUs = 0

/**
 * Measures from now on how much processor time of this thread goes to each guest. The time between two guests' entries
 * through the delivery gate is the first one's, what its promises and ticks do included; the clock is read only when another guest
 * is entered.
 *
 * @example
 * ```ts
 * import { cpuMsOf, createNamespace, deliverNow, meterCpu, ownerHere } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * meterCpu()
 * const ns = createNamespace({ name: 'a' })
 * deliverNow(ownerHere(ns), 'timer', () => {})
 * assert.ok(cpuMsOf(ns) >= 0)
 * ```
 */
export function meterCpu(): void {
  metering = true
  sinceUs = readUs()
}

/** Charges what was used since the last entry, when another guest is entered. */
export function chargeCpu(ns: Namespace): void {
  if (!metering || ns === charged) return
  const now = readUs()
  if (charged !== undefined) usedUs.set(charged, (usedUs.get(charged) ?? 0) + now - sinceUs)
  charged = ns
  sinceUs = now
}

/**
 * How much processor time has gone to a guest since {@link meterCpu}.
 *
 * @param ns - its namespace
 * @returns 0 where nothing measures it
 * @units milliseconds
 * @example
 * ```ts
 * import { cpuMsOf, createNamespace } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * assert.equal(cpuMsOf(createNamespace({ name: 'a' })), 0)
 * ```
 */
export function cpuMsOf(ns: Namespace): number {
  const running = ns === charged ? readUs() - sinceUs : 0
  return ((usedUs.get(ns) ?? 0) + running) / 1000
}

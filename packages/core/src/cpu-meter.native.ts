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

/** What is charged to a guest. It does not lead to the guest, which may have ended when nothing has been charged since. */
interface Account {
  /** @units microseconds */
  usedUs: number
}

const accounts = new WeakMap<Namespace, Account>()
let metering = false
/** To whom the processor time since `sinceUs` is charged. */
let charged: Account | undefined
let chargedId: number | undefined
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
  if (!metering || ns.id === chargedId) return
  const now = readUs()
  if (charged !== undefined) charged.usedUs += now - sinceUs
  charged = accounts.get(ns)
  if (charged === undefined) accounts.set(ns, (charged = { usedUs: 0 }))
  chargedId = ns.id
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
  const running = ns.id === chargedId ? readUs() - sinceUs : 0
  return ((accounts.get(ns)?.usedUs ?? 0) + running) / 1000
}

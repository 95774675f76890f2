import type { Isolation } from '../config/guest-options.ts'
import type { GuestStats } from './guest.ts'

/** What a thread of the pool uses. What it cannot be asked for, because it is stalled, is `undefined`. */
export interface ThreadStats {
  /** From 1. */
  readonly thread: number
  /** How many guests it has. */
  readonly guests: number
  /** How many contexts there are in its heap: more than guests where V8 has not collected those of ended ones yet. */
  readonly contexts: number
  /** @units bytes */
  readonly heapUsedBytes: number | undefined
  /** @units bytes */
  readonly heapLimitBytes: number | undefined
  /** @units milliseconds */
  readonly cpuMs: number | undefined
  /** How much of the last second or so in which no guest was started its event loop was busy: 0 to 1. */
  readonly utilization: number
  /** How long it has not returned to its event loop. @units milliseconds */
  readonly stalledMs: number
}

/** What a guest uses, as a row of a table. What it cannot be asked for, because its thread is stalled, is `undefined`. */
export type GuestRow = { readonly name: string; readonly isolation: Isolation } & {
  readonly [Key in keyof GuestStats]: GuestStats[Key] | undefined
}

/** What a host's guests and threads use: rows for `console.table`. */
export interface HostStats {
  readonly guests: readonly GuestRow[]
  /** Those of the pool. A guest in a thread of its own is among the guests only. */
  readonly threads: readonly ThreadStats[]
}

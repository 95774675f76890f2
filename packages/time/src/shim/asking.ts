import { slots } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import type { NamespaceClock } from '../state/clock.ts'
import { defaultZoneName, intlZone } from '../state/intl-zone.ts'
import type { Zone } from '../state/zone.ts'

/** Whoever asks for the time: a namespace, and what differs for it from the host. */
export interface Asking {
  readonly ns: Namespace
  readonly clock: NamespaceClock
  /** The time zone, where it is not the engine's. */
  readonly zone: Zone | undefined
  /** Wall time, where it is not the host's. */
  readonly now: (() => number) | undefined
}

/** Answers who asks; `undefined` is the host, or a namespace that has the host's time. */
export type WhoAsks = () => Asking | undefined

/**
 * What differs for a namespace from the host's time.
 *
 * @param ns - the namespace, with a clock in its slot
 * @param zoned - `false` when the engine itself has the namespace's zone
 * @returns who asks when it asks, or `undefined` when nothing differs
 */
export function askingFor(ns: Namespace, zoned = true): Asking | undefined {
  const clock = ns.get(slots.clock) as NamespaceClock
  const name = clock.zone
  const zone = !zoned || name === undefined || name === defaultZoneName() ? undefined : intlZone(name)
  if (clock.mode === 'real' && zone === undefined) return undefined
  return { ns, clock, zone, now: clock.mode === 'real' ? undefined : clock.now }
}

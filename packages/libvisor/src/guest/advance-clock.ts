import { slots, VisorError } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import type { ManualClock } from '@libvisor/time'

/**
 * Moves the manual clock of a namespace on, running the timers that become due.
 *
 * @param ns - the namespace
 * @param ms - how far @units milliseconds
 * @throws {VisorError} VISOR_OPTION_INVALID when the clock is not manual
 */
export async function advanceClock(ns: Namespace, ms: number): Promise<void> {
  const clock = ns.get(slots.clock) as Partial<ManualClock>
  if (clock.advance === undefined) {
    throw new VisorError('VISOR_OPTION_INVALID', `The clock of '${ns.name}' runs by itself: it cannot be advanced`, {
      hint: "Give it time: { mode: 'manual' }.",
    })
  }
  await clock.advance(ms)
}

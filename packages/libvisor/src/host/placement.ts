import { VisorError } from '@libvisor/core'
import type { PlacementOption } from '../config/guest-options.ts'

/** What placement knows of a thread of the pool, running or not. */
export interface Place {
  /** From 1. */
  readonly number: number
  readonly guests: number
  /** The groups of its guests. */
  readonly groups: ReadonlySet<string>
  /** How much of the last second or so in which no guest was started its event loop was busy: 0 to 1. */
  readonly utilization: number
  /** Whether it has not returned to its event loop for long. */
  readonly stalled: boolean
}

/** How many steps of utilization are told apart: a guest goes where there are fewer guests, unless that is busier by one. */
const STEPS = 3

/**
 * Chooses the thread for a guest: the one that it names, the one where its group is, or else the least loaded.
 *
 * @param guest - its name, for messages
 * @param places - all threads that the pool may have
 * @param hints - what the guest asks for
 * @param maxGuests - how many guests a thread may have
 * @returns the number of the thread
 * @throws {VisorError} VISOR_CONFIG_INVALID when there is no such thread, VISOR_POOL_FULL when there is no room
 */
export function choosePlace(
  guest: string,
  places: readonly Place[],
  hints: PlacementOption,
  maxGuests: number,
): number {
  const { thread, group } = hints
  if (thread !== undefined && thread > places.length) {
    throw new VisorError(
      'VISOR_CONFIG_INVALID',
      `'placement.thread' of the guest '${guest}' is ${thread}: the pool has ${places.length} threads`,
      { hint: 'Threads count from 1; createHost({ pool: { threads } }) says how many there are.' },
    )
  }
  const named = thread === undefined ? places : places.filter(({ number }) => number === thread)
  const together = group === undefined ? [] : named.filter(({ groups }) => groups.has(group))
  const eligible = together.length > 0 ? together : named
  const free = eligible.filter(({ guests }) => guests < maxGuests)
  const [best] = [...free].sort(
    (a, b) =>
      Number(a.stalled) - Number(b.stalled) || stepOf(a) - stepOf(b) || a.guests - b.guests || a.number - b.number,
  )
  if (best !== undefined) return best.number
  const where = eligible.length === 1 ? `thread ${eligible[0]?.number}` : `each of the ${eligible.length} threads`
  throw new VisorError('VISOR_POOL_FULL', `There is no room for '${guest}': ${where} has ${maxGuests} guests`, {
    hint: 'Raise threads or maxGuestsPerThread in createHost({ pool }).',
  })
}

const stepOf = ({ utilization }: Place): number => Math.min(STEPS - 1, Math.floor(utilization * STEPS))

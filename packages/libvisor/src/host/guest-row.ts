import { host } from '@libvisor/abi'
import type { GuestHandle } from './guest-handle.native.ts'
import type { GuestRow } from './host-stats.ts'

/** A guest that does not say what it uses is in a thread that is stalled. @units milliseconds */
const ANSWER_MS = 1000

/**
 * Asks a guest what it uses, and does not wait for one that cannot answer.
 *
 * @param guest - the guest
 * @returns the row
 */
export async function readGuestRow(guest: GuestHandle): Promise<GuestRow> {
  const { name, isolation, thread, restarts, startMs } = guest
  const usage = await withinReason(guest.stats())
  return {
    name,
    isolation,
    thread,
    heapUsedBytes: usage?.heapUsedBytes,
    cpuMs: usage?.cpuMs,
    handles: usage?.handles,
    sockets: usage?.sockets,
    timers: usage?.timers,
    startMs,
    restarts,
  }
}

/**
 * What a guest answers, unless it fails or takes too long.
 *
 * @param answer - of the guest
 */
export async function withinReason<Answer>(answer: Promise<Answer>): Promise<Answer | undefined> {
  const silence = Promise.withResolvers<undefined>()
  const timer = host.setTimeout(() => silence.resolve(undefined), ANSWER_MS)
  try {
    return await Promise.race([answer.catch(() => undefined), silence.promise])
  } finally {
    host.clearTimeout(timer)
  }
}

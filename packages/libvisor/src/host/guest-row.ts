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
  const silence = Promise.withResolvers<undefined>()
  const timer = host.setTimeout(() => silence.resolve(undefined), ANSWER_MS)
  const usage = await Promise.race([guest.stats().catch(() => undefined), silence.promise])
  host.clearTimeout(timer)
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

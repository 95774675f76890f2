import { host } from '@libvisor/abi'
import { publishEntries } from '@libvisor/core'

/** How often a thread shows that its event loop turns. @units milliseconds */
export const BEAT_MS = 100

const cells = { beats: 0, entered: 1 } as const

/** What a thread of the pool shows of itself, also while it runs code that does not return. */
export interface Pulse {
  /** Changes as long as the thread's event loop turns. */
  readonly beats: number
  /** The number of the namespace that was entered last, or 0. */
  readonly namespaceId: number
}

/**
 * Makes the memory for a pulse.
 *
 * @returns what the thread passes to {@link startPulse}, and its host to {@link readPulse}
 */
export const createPulse = (): SharedArrayBuffer => new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)

/**
 * Shows from now on that this thread is not stalled, and whose code was entered last.
 *
 * @param memory - made by {@link createPulse}
 */
export function startPulse(memory: SharedArrayBuffer): void {
  const shown = new Int32Array(memory)
  host.setInterval(() => Atomics.add(shown, cells.beats, 1), BEAT_MS).unref()
  publishEntries(shown.subarray(cells.entered))
}

/**
 * Reads the pulse of another thread.
 *
 * @param memory - made by {@link createPulse}
 * @returns what it shows now
 */
export function readPulse(memory: SharedArrayBuffer): Pulse {
  const shown = new Int32Array(memory)
  return { beats: Atomics.load(shown, cells.beats), namespaceId: Atomics.load(shown, cells.entered) }
}

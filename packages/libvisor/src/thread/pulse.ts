import { host } from '@libvisor/abi'
import { publishEntries } from '@libvisor/core'

/** How often a thread shows that its event loop turns. @units milliseconds */
export const BEAT_MS = 100

const cells = { beats: 0, entered: 1, contexts: 2 } as const

/** What a thread of the pool shows of itself, also while it runs code that does not return. */
export interface Pulse {
  /** Changes as long as the thread's event loop turns. */
  readonly beats: number
  /** The number of the namespace that was entered last, or 0. */
  readonly namespaceId: number
  /** How many contexts of guests there are, those of ended guests included that have not been collected. */
  readonly contexts: number
}

/**
 * Makes the memory for a pulse.
 *
 * @returns what the thread passes to {@link startPulse}, and its host to {@link readPulse}
 */
export const createPulse = (): SharedArrayBuffer => new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT)

let shown: Int32Array | undefined
let collected: FinalizationRegistry<undefined> | undefined

/**
 * Shows from now on that this thread is not stalled, and whose code was entered last.
 *
 * @param memory - made by {@link createPulse}
 */
export function startPulse(memory: SharedArrayBuffer): void {
  const counters = new Int32Array(memory)
  shown = counters
  host.setInterval(() => Atomics.add(counters, cells.beats, 1), BEAT_MS).unref()
  publishEntries(counters.subarray(cells.entered))
}

/**
 * Counts a guest's context until it has been collected: one that stays behind when its guest has ended is a leak.
 *
 * @param context - the context's global object
 */
export function countContext(context: object): void {
  const counters = shown
  if (counters === undefined) return
  collected ??= new FinalizationRegistry(() => Atomics.sub(counters, cells.contexts, 1))
  collected.register(context, undefined)
  Atomics.add(counters, cells.contexts, 1)
}

/**
 * Reads the pulse of another thread.
 *
 * @param memory - made by {@link createPulse}
 * @returns what it shows now
 */
export function readPulse(memory: SharedArrayBuffer): Pulse {
  const counters = new Int32Array(memory)
  const load = (cell: keyof typeof cells): number => Atomics.load(counters, cells[cell])
  return { beats: load('beats'), namespaceId: load('entered'), contexts: load('contexts') }
}

import type { MessageChannel } from 'node:worker_threads'

/** What of Node's and of the event loop the ways between threads are made of. */
export interface ThreadMeans {
  readonly Channel: typeof MessageChannel
  /** Makes what nobody can guess, other than the last time. */
  readonly newKey: () => string
  /** Memory whose contents do not matter. */
  readonly allocate: (sizeBytes: number) => Uint8Array
  /** Calls a function in the next turn of the event loop, in nobody's async context. */
  readonly lookInTurn: (look: () => void) => void
  /** Empties the queues of `nextTick` and of microtasks, as Node does between two callbacks of the event loop. */
  readonly drain: (() => void) | undefined
  /** A monotonic clock. @units milliseconds */
  readonly nowMs: () => number
  /** Whether anything of a guest keeps the event loop alive. */
  readonly isKeptAlive: () => boolean
}

/** One thing that a guest did through a virtual API. */
export interface TraceEvent {
  readonly area: string
  /** What was done, such as `open` or `connect`. */
  readonly operation: string
  /** What it was done to: a path, an address, a name. */
  readonly target: string
  /** The code of the error it ended with. */
  readonly error?: string
}

/** Receives events while somebody listens; costs one comparison while nobody does. */
export interface Trace {
  /** Whether anybody listens: ask before making an event. */
  readonly enabled: boolean
  emit(event: TraceEvent): void
  /** Calls a listener for every event until the result is disposed of. */
  subscribe(listener: (event: TraceEvent) => void): Disposable
}

/**
 * Makes a trace that nobody listens to yet.
 *
 * @returns the trace
 * @example
 * ```ts
 * import { createTrace } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const trace = createTrace()
 * const seen: string[] = []
 * using subscription = trace.subscribe((event) => seen.push(event.operation))
 * trace.emit({ area: 'fs', operation: 'open', target: '/a' })
 * assert.deepEqual(seen, ['open'])
 * ```
 */
export function createTrace(): Trace {
  const listeners = new Set<(event: TraceEvent) => void>()
  return {
    get enabled() {
      return listeners.size > 0
    },
    emit(event) {
      for (const listener of listeners) listener(event)
    },
    subscribe(listener) {
      listeners.add(listener)
      return { [Symbol.dispose]: () => void listeners.delete(listener) }
    },
  }
}

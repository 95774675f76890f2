/**
 * Why something reaches a guest from outside its own call. `kernel` is the end of what a kernel does without waiting for
 * anybody: a write that it has room for, a shutdown.
 */
export type DeliveryKind = 'io' | 'kernel' | 'data' | 'connection' | 'timer' | 'signal' | 'message' | 'exit'

/**
 * Decides in which order deliveries reach guests. The event loop's is used now; a seeded one can take its place.
 */
export interface Scheduler {
  /**
   * Runs a task in a later turn of the event loop, after what has been scheduled with `setImmediate` until now, as
   * the completion of real I/O does. Tasks of one scheduler run in order, each in a turn of its own; those of kind
   * `kernel` run among themselves in order, and before what is scheduled with `setImmediate` later.
   */
  schedule(kind: DeliveryKind, task: () => void): void
  /** Empties the queues of `nextTick` and of microtasks between two parts of a task. Where it is not there, each part is a task of its own. */
  readonly drain?: (() => void) | undefined
}

/** The functions of the event loop that a scheduler needs. */
export interface EventLoop {
  setImmediate(callback: () => void): unknown
  /** Empties the queues of `nextTick` and of microtasks, as Node does between two immediates. */
  readonly drain?: (() => void) | undefined
}

/**
 * The scheduler that follows the event loop.
 *
 * @param loop - of Node's functions, as they were before any patch
 * @returns the scheduler
 * @example
 * ```ts
 * import { createEventLoopScheduler } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const order: string[] = []
 * const scheduler = createEventLoopScheduler({ setImmediate })
 * scheduler.schedule('io', () => order.push('completion'))
 * setImmediate(() => order.push('immediate'))
 * await new Promise<void>((resolve) => scheduler.schedule('io', resolve))
 * assert.deepEqual(order, ['immediate', 'completion'])
 * ```
 */
export function createEventLoopScheduler(loop: EventLoop): Scheduler {
  const { setImmediate, drain } = loop
  let pending: (() => void)[] = []

  // One immediate for all: making one costs more than most tasks.
  const runAll = (tasks: readonly (() => void)[], from: number, between: () => void): void => {
    let at = from
    try {
      while (at < tasks.length) {
        if (at > from) between()
        tasks[at++]!()
      }
    } finally {
      if (at < tasks.length) setImmediate(() => runAll(tasks, at, between))
    }
  }

  // Immediates run in the order in which they were set. One set from an immediate runs in the next round, after all
  // that were pending: that is where real I/O completes. The queues of nextTick and of microtasks are emptied between two
  // tasks: by Node where each has an immediate of its own.
  const release = (): void => {
    const tasks = pending
    pending = []
    if (drain !== undefined && tasks.length > 1) setImmediate(() => runAll(tasks, 0, drain))
    else for (const task of tasks) setImmediate(task)
  }

  return {
    drain,
    schedule(kind, task) {
      if (kind === 'kernel') setImmediate(task)
      else if (pending.push(task) === 1) setImmediate(release)
    },
  }
}

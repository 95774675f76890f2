/** A timer that waits for its moment. */
export interface QueuedTimer {
  /** On the monotonic clock. @units nanoseconds */
  readonly dueNs: bigint
  /** Runs the timer; resolves when what it ran has returned and the queues of the event loop have been emptied. */
  readonly fire: () => Promise<void>
}

/** Timers in the order in which they fire: by due time, then by insertion. */
export interface TimerQueue {
  readonly size: number
  add(timer: QueuedTimer): void
  /** Takes a timer out. Taking out one that is not there does nothing. */
  remove(timer: QueuedTimer): void
  /** The timer that fires next, if it is due by a moment. */
  due(byNs: bigint): QueuedTimer | undefined
  clear(): void
}

/**
 * Makes an empty queue.
 *
 * @returns the queue
 */
export function createTimerQueue(): TimerQueue {
  const timers: QueuedTimer[] = []

  /** Where a timer goes: behind all that are due no later. */
  const placeOf = (dueNs: bigint): number => {
    let low = 0
    let high = timers.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((timers[middle] as QueuedTimer).dueNs <= dueNs) low = middle + 1
      else high = middle
    }
    return low
  }

  return {
    get size() {
      return timers.length
    },
    add(timer) {
      timers.splice(placeOf(timer.dueNs), 0, timer)
    },
    remove(timer) {
      const index = timers.indexOf(timer)
      if (index !== -1) timers.splice(index, 1)
    },
    due(byNs) {
      const first = timers[0]
      return first !== undefined && first.dueNs <= byNs ? first : undefined
    },
    clear() {
      timers.length = 0
    },
  }
}

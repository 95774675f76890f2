import { apply } from '@libvisor/abi'
import { deliver, keepAlive, ownerHere, setOwner } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import type { ManualClock } from '../state/clock.ts'
import type { QueuedTimer } from '../state/timer-queue.ts'

/** The timer functions as they were. */
export interface OriginalTimers {
  readonly setTimeout: typeof setTimeout
  readonly setInterval: typeof setInterval
  readonly clearTimeout: typeof clearTimeout
}

type Fn = (...args: unknown[]) => unknown

/** What Node's own timers show of themselves, and what a virtual one keeps up to date. */
interface Shell {
  _idleTimeout: number
  _onTimeout: unknown
  _destroyed: boolean
}

/** The life of one virtual timer. */
interface VirtualTimer {
  readonly ns: Namespace
  readonly refed: boolean
  /** Hears of its number. @returns whether it still waits */
  named(id: number): boolean
  clear(): void
  ref(): void
  unref(): void
  refresh(): void
}

/** Virtual timers of one thread. */
export interface VirtualTimers {
  setTimeout(ns: Namespace, clock: ManualClock, args: readonly unknown[]): NodeJS.Timeout
  setInterval(ns: Namespace, clock: ManualClock, args: readonly unknown[]): NodeJS.Timeout
  /** Clears a virtual timer. @returns `false` when it is none */
  clear(timer: unknown): boolean
}

const NS_PER_MS = 1_000_000n

function holdLoop(ns: Namespace): () => void {
  const reference = keepAlive(ns)
  const release = ns.own(reference)
  return () => {
    reference[Symbol.dispose]()
    release()
  }
}

/**
 * Makes timers that wait for manual clocks.
 *
 * Node makes the object (with its checks, its warnings about delays and its class) and takes it off its own lists again;
 * its prototype is then one that knows the virtual queue.
 *
 * @param original - the timer functions as they were
 * @returns the functions
 */
export function createVirtualTimers(original: OriginalTimers): VirtualTimers {
  const timers = new WeakMap<object, VirtualTimer>()
  /** Timers whose number somebody has asked for, for as long as they wait. */
  const byId = new Map<number, object>()
  let prototype: object | undefined

  const timerOf = (shell: unknown): VirtualTimer => {
    const timer = timers.get(shell as object)
    if (timer === undefined) throw new TypeError('Illegal invocation')
    return timer
  }

  /** Between an object and Node's class: what concerns the queue. */
  const prototypeOf = (shell: object): object => {
    if (prototype !== undefined) return prototype
    const nodes = Object.getPrototypeOf(shell) as object
    const toId = (nodes as { [Symbol.toPrimitive]: Fn })[Symbol.toPrimitive]
    const methods: Record<PropertyKey, Fn> = {
      ref(this: object) {
        timerOf(this).ref()
        return this
      },
      unref(this: object) {
        timerOf(this).unref()
        return this
      },
      hasRef(this: object) {
        return timerOf(this).refed
      },
      refresh(this: object) {
        timerOf(this).refresh()
        return this
      },
      close(this: object) {
        timerOf(this).clear()
        return this
      },
      [Symbol.dispose](this: object) {
        timerOf(this).clear()
      },
      [Symbol.toPrimitive](this: object) {
        const id = apply(toId, this, []) as number
        if (timerOf(this).named(id)) byId.set(id, this)
        return id
      },
    }
    prototype = Object.create(nodes) as object
    for (const key of Reflect.ownKeys(methods)) {
      Object.defineProperty(prototype, key, {
        value: methods[key],
        writable: true,
        enumerable: false,
        configurable: true,
      })
    }
    return prototype
  }

  const start = (ns: Namespace, clock: ManualClock, args: readonly unknown[], repeats: boolean): NodeJS.Timeout => {
    const [callback, , ...rest] = args
    const timeout = apply(
      (repeats ? original.setInterval : original.setTimeout) as Fn,
      undefined,
      args,
    ) as NodeJS.Timeout
    const shell = timeout as unknown as Shell
    const delayMs = shell._idleTimeout
    original.clearTimeout(timeout)
    Object.setPrototypeOf(timeout, prototypeOf(timeout))
    setOwner(timeout, ns)

    const owner = ownerHere(ns)
    let queued: QueuedTimer | undefined
    let refed = true
    let id: number | undefined
    let letGo: (() => void) | undefined

    /** A timer that counts keeps the event loop alive until it has fired, is cleared, or its namespace ends. */
    const holdOn = (): void => {
      if (refed && queued !== undefined) letGo ??= holdLoop(ns)
      else {
        letGo?.()
        letGo = undefined
      }
    }
    const dequeue = (): void => {
      if (queued !== undefined) clock.timers.remove(queued)
      queued = undefined
      holdOn()
    }
    const enqueue = (): void => {
      dequeue()
      queued = { dueNs: clock.monotonicNs() + BigInt(Math.trunc(delayMs)) * NS_PER_MS, fire }
      clock.timers.add(queued)
      shell._idleTimeout = delayMs
      shell._onTimeout = callback
      shell._destroyed = false
      holdOn()
    }
    const finish = (): void => {
      dequeue()
      if (id !== undefined) byId.delete(id)
      shell._idleTimeout = -1
      shell._onTimeout = null
      shell._destroyed = true
    }
    const run = (): void => {
      // Cleared, or started anew, between its moment and its turn.
      if (queued !== firing) return
      queued = undefined
      try {
        apply(callback as Fn, timeout, rest)
      } finally {
        // The callback may have cleared it, or refreshed it.
        if (queued === undefined) {
          if (repeats && !shell._destroyed) enqueue()
          else finish()
        }
      }
    }
    let firing: QueuedTimer | undefined
    function fire(): Promise<void> {
      firing = queued
      return new Promise((resolve) => {
        if (ns.ended) return resolve()
        deliver(owner, 'timer', run)
        // Tasks run in order, each in a turn of its own: this one runs when the timer's turn is over.
        ns.scheduler.schedule('timer', resolve)
      })
    }

    timers.set(timeout, {
      ns,
      get refed() {
        return refed
      },
      named(number) {
        id = number
        return !shell._destroyed
      },
      clear: finish,
      ref() {
        refed = true
        holdOn()
      },
      unref() {
        refed = false
        holdOn()
      },
      refresh() {
        if (!shell._destroyed) enqueue()
      },
    })
    enqueue()
    return timeout
  }

  return {
    setTimeout: (ns, clock, args) => start(ns, clock, args, false),
    setInterval: (ns, clock, args) => start(ns, clock, args, true),
    clear(timer) {
      const shell = typeof timer === 'object' ? timer : byId.get(Number(timer))
      const virtual = timers.get(shell as object)
      if (virtual === undefined) return false
      virtual.clear()
      return true
    },
  }
}

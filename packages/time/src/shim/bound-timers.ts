import { apply } from '@libvisor/abi'
import { bindGuest, currentFrame, enterGate, mimic, ownerHere, requireAlive, restateError } from '@libvisor/core'
import type { DeliveryKind, Namespace } from '@libvisor/core'
import { hostTimers } from '../originals.native.ts'

type Fn = (...args: unknown[]) => unknown

/** What Node's timers and immediates show of themselves. */
interface NodeTimer {
  _onTimeout?: unknown
  _onImmediate?: unknown
  readonly _destroyed: boolean
  readonly _idleNext?: unknown
  hasRef(): boolean | null
}

/** The timer functions of one namespace, over Node's own timers. */
export interface BoundTimers {
  setTimeout(...args: unknown[]): NodeJS.Timeout
  setInterval(...args: unknown[]): NodeJS.Timeout
  startImmediate(...args: unknown[]): NodeJS.Immediate
  clear(timer: unknown): void
  clearImmediate(immediate: unknown): void
  /** A timer that had fired has been started anew. */
  revive(timer: object): void
  /** A timer counts, or does not any more. */
  mark(timer: object, isCounted: boolean): void
}

/** From how many timers on those are looked for that ended without a word: cleared by number, or closed. */
const PRUNE_FROM = 256

/**
 * Makes timers of one namespace out of Node's own, whose class, checks and order they keep. They are counted, come through
 * the gate, and end with the namespace.
 *
 * @param ns - the namespace
 * @returns the functions
 */
export function createBoundTimers(ns: Namespace): BoundTimers {
  const live = new Set<NodeTimer>()
  /** Timers that do not keep the guest alive: Node forgets which ones were, before it runs them. */
  const uncounted = new WeakSet<object>()
  /** What Node calls for timers that are over, should they be started anew. */
  const revivals = new WeakMap<object, Fn>()
  let pruneAt = PRUNE_FROM

  const isWaiting = (timer: NodeTimer): boolean => !timer._destroyed
  const prune = (): void => {
    for (const timer of live) if (!isWaiting(timer)) live.delete(timer)
    pruneAt = Math.max(PRUNE_FROM, live.size * 2)
  }
  const count = (isCounted: (timer: NodeTimer) => boolean): number => {
    prune()
    let number = 0
    for (const timer of live) if (timer.hasRef() === true && isCounted(timer)) number++
    return number
  }
  ns.liveness.count('Timeout', () => count((timer) => '_onTimeout' in timer))
  ns.liveness.count('Immediate', () => count((timer) => '_onImmediate' in timer))
  ns.own({
    [Symbol.dispose]() {
      for (const timer of live) {
        hostTimers.clearTimeout(timer as unknown as NodeJS.Timeout)
        hostTimers.clearImmediate(timer as unknown as NodeJS.Immediate)
      }
      live.clear()
    },
  })

  /** What Node calls in place of the guest's callback. */
  const gated = (callback: Fn, kind: DeliveryKind, isOver: (timer: NodeTimer) => boolean): Fn => {
    // The context in which a timer is made is the one in which Node calls it: mostly the guest's.
    const inside = currentFrame() === ns.frame ? callback : ownerHere(ns).enter(bindGuest, callback)
    const place = kind === 'timer' ? '_onTimeout' : '_onImmediate'
    const stand = function (this: unknown, ...args: unknown[]): void {
      const timer = this as NodeTimer
      // Natively a loop that nothing keeps alive runs no more of these. Here the loop is kept alive by others.
      if (uncounted.has(timer) && ns.liveness.isOver) return
      if (!enterGate(ns, kind)) return
      // Stacks call the guest's function by the name of the property where Node keeps it, whenever they are read.
      if (timer[place] === stand) timer[place] = callback
      try {
        apply(inside, this, args)
      } finally {
        if (isOver(timer)) {
          live.delete(timer)
          if (kind === 'timer') revivals.set(timer, stand)
        } else if (timer[place] === callback) timer[place] = stand
      }
    }
    return stand
  }
  const start = (
    original: Fn,
    args: unknown[],
    kind: DeliveryKind,
    isOver: (timer: NodeTimer) => boolean,
  ): NodeTimer => {
    requireAlive(ns)
    const [callback, ...rest] = args
    let timer: NodeTimer
    try {
      timer = original(
        typeof callback === 'function' ? gated(callback as Fn, kind, isOver) : callback,
        ...rest,
      ) as NodeTimer
    } catch (error) {
      throw restateError(ns, error)
    }
    live.add(timer)
    if (live.size > pruneAt) prune()
    return timer
  }

  // A timer that its callback has refreshed is back on a list; Node says that the others are over after the callback.
  const isTimeoutOver = (timer: NodeTimer): boolean => timer._idleNext === null || timer._idleNext === undefined
  const isIntervalOver = (timer: NodeTimer): boolean => timer._destroyed

  return {
    setTimeout: (...args) =>
      start(hostTimers.setTimeout as unknown as Fn, args, 'timer', isTimeoutOver) as unknown as NodeJS.Timeout,
    setInterval: (...args) =>
      start(hostTimers.setInterval as unknown as Fn, args, 'timer', isIntervalOver) as unknown as NodeJS.Timeout,
    startImmediate: (...args) =>
      start(hostTimers.startImmediate as unknown as Fn, args, 'kernel', () => true) as unknown as NodeJS.Immediate,
    clear(timer) {
      hostTimers.clearTimeout(timer as NodeJS.Timeout)
      live.delete(timer as NodeTimer)
      ns.liveness.touch()
    },
    clearImmediate(immediate) {
      hostTimers.clearImmediate(immediate as NodeJS.Immediate)
      live.delete(immediate as NodeTimer)
      ns.liveness.touch()
    },
    revive(timer) {
      live.add(timer as NodeTimer)
      const stand = revivals.get(timer)
      if (stand !== undefined) (timer as NodeTimer)._onTimeout = stand
    },
    mark(timer, isCounted) {
      if (isCounted) {
        uncounted.delete(timer)
        return
      }
      uncounted.add(timer)
      ns.liveness.touch()
    },
  }
}

/** The global timer functions as a context has them. */
export type TimerGlobals = Record<
  'clearImmediate' | 'clearInterval' | 'clearTimeout' | 'setImmediate' | 'setInterval' | 'setTimeout',
  Fn
>

/**
 * Makes the global timer functions of a context.
 *
 * @param timers - those of its namespace
 * @param promises - the exports of its `timers/promises`, asked for when one is promisified
 * @returns the functions by name
 */
export function createTimerGlobals(
  timers: Pick<BoundTimers, 'clear' | 'clearImmediate' | 'setInterval' | 'setTimeout' | 'startImmediate'>,
  promises: () => Record<'setImmediate' | 'setTimeout', Fn>,
): TimerGlobals {
  const promisify = Symbol.for('nodejs.util.promisify.custom')
  const functions: TimerGlobals = {
    setTimeout: mimicTimer(hostTimers.setTimeout, (...args) => timers.setTimeout(...args)),
    setInterval: mimicTimer(hostTimers.setInterval, (...args) => timers.setInterval(...args)),
    setImmediate: mimicTimer(hostTimers.startImmediate, (...args) => timers.startImmediate(...args)),
    clearTimeout: mimicTimer(hostTimers.clearTimeout, (timer) => timers.clear(timer)),
    clearInterval: mimicTimer(hostTimers.clearInterval, (timer) => timers.clear(timer)),
    clearImmediate: mimicTimer(hostTimers.clearImmediate, (immediate) => timers.clearImmediate(immediate)),
  }
  for (const name of ['setTimeout', 'setImmediate'] as const) {
    Object.defineProperty(functions[name], promisify, { get: () => promises()[name], enumerable: true })
  }
  return functions
}

/** Node's name and length, and none of its other properties: those lead to the host's timers. */
function mimicTimer(original: object, replacement: Fn): Fn {
  const { name, length } = original as Fn
  return mimic({ name, length }, replacement)
}

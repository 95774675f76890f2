import { apply } from '@libvisor/abi'
import { mimic } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { hostTimers, originalModule } from '../originals.native.ts'
import type { ManualClock } from '../state/clock.ts'
import type { Asking, WhoAsks } from './asking.ts'
import { createVirtualTimers } from './timers.ts'
import { createPromiseTimers } from './timers-promises.ts'
import type { PromiseTimers, TimerSource } from './timers-promises.ts'

type Fn = (...args: unknown[]) => unknown

/** The timer functions of one thread; what they do depends on who asks. */
export const virtualTimers = createVirtualTimers(hostTimers)

/** Who asks with a manual clock. */
export type ManualAsking = Asking & { readonly clock: ManualClock }

/**
 * Narrows who asks to those whose timers are virtual.
 *
 * @param who - answers who asks
 * @returns who asks, when their clock is manual
 */
export function askingManual(who: WhoAsks): ManualAsking | undefined {
  const asking = who()
  return asking?.clock.mode === 'manual' ? (asking as ManualAsking) : undefined
}

/**
 * Makes the global timer functions. Immediates, microtasks and `nextTick` are never virtual.
 *
 * @param who - answers who asks
 * @returns the functions by name
 */
export function createTimerFunctions(
  who: WhoAsks,
): Record<'clearInterval' | 'clearTimeout' | 'setInterval' | 'setTimeout', Fn> {
  const starter = (name: 'setInterval' | 'setTimeout'): Fn => {
    const original = hostTimers[name] as unknown as Fn
    return mimic(original, (...args: unknown[]) => {
      const asking = askingManual(who)
      return asking === undefined ? original(...args) : virtualTimers[name](asking.ns, asking.clock, args)
    })
  }
  const clearer = (name: 'clearInterval' | 'clearTimeout'): Fn => {
    const original = hostTimers[name] as unknown as Fn
    return mimic(original, (timer: unknown) => {
      if (!virtualTimers.clear(timer)) original(timer)
    })
  }
  return {
    setTimeout: starter('setTimeout'),
    setInterval: starter('setInterval'),
    clearTimeout: clearer('clearTimeout'),
    clearInterval: clearer('clearInterval'),
  }
}

/** The exports of `timers/promises` as they were. */
export type OriginalPromises = Record<'setImmediate' | 'setInterval' | 'setTimeout', Fn> & {
  readonly scheduler: Record<'wait' | 'yield', Fn>
}

/** The exports of `timers/promises` as they were. */
export function originalPromises(): OriginalPromises {
  return originalModule('timers/promises') as unknown as OriginalPromises
}

/**
 * Timers that wait for a manual clock. Immediates are never virtual.
 *
 * @param ns - the namespace
 * @param clock - its clock
 * @returns what promise timers wait with
 */
export function timersOn(ns: Namespace, clock: ManualClock): TimerSource {
  return {
    setTimeout: (...args) => virtualTimers.setTimeout(ns, clock, args),
    setInterval: (...args) => virtualTimers.setInterval(ns, clock, args),
    startImmediate: hostTimers.startImmediate,
    clear: (timer) => void virtualTimers.clear(timer),
    clearImmediate: (immediate) => hostTimers.clearImmediate(immediate as NodeJS.Immediate),
  }
}

/**
 * Makes the functions of `timers/promises`.
 *
 * @param who - answers who asks
 * @returns the functions by name; `wait` is the scheduler's
 */
export function createPromiseFunctions(who: WhoAsks): Record<'setInterval' | 'setTimeout' | 'wait', Fn> {
  const original = originalPromises()
  const { scheduler } = original
  const wait = scheduler.wait
  const made = new WeakMap<object, PromiseTimers>()
  const timersOf = ({ ns, clock }: ManualAsking): PromiseTimers => {
    let timers = made.get(ns)
    if (timers === undefined)
      made.set(
        ns,
        (timers = createPromiseTimers({ ns, timers: timersOn(ns, clock), original, restate: (error) => error })),
      )
    return timers
  }
  const choose = (fn: Fn, name: 'setInterval' | 'setTimeout' | 'wait'): Fn =>
    mimic(fn, function (this: unknown, ...args: unknown[]) {
      const asking = askingManual(who)
      return asking === undefined ? apply(fn, this, args) : timersOf(asking)[name](...args)
    })
  return {
    setTimeout: choose(original.setTimeout, 'setTimeout'),
    setInterval: choose(original.setInterval, 'setInterval'),
    wait: choose(wait, 'wait'),
  }
}

/**
 * Makes `AbortSignal.timeout()`.
 *
 * @param original - as it was: it checks the delay
 * @param who - answers who asks
 * @returns the function
 */
export function createSignalTimeout(original: Fn, who: WhoAsks): Fn {
  return mimic(original, function (this: unknown, delay: unknown) {
    const asking = askingManual(who)
    const theirs = apply(original, this, [delay])
    if (asking === undefined) return theirs
    const controller = new AbortController()
    const timeout = virtualTimers.setTimeout(asking.ns, asking.clock, [
      () => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')),
      delay,
    ])
    timeout.unref()
    return controller.signal
  })
}

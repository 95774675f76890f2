import { restateError } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import type { WhoAsks } from './asking.ts'
import { createBoundTimers, createTimerGlobals } from './bound-timers.ts'
import type { BoundTimers, TimerGlobals } from './bound-timers.ts'
import { askingManual, originalPromises, timersOn, virtualTimers } from './surface.ts'
import { createPromiseTimers } from './timers-promises.ts'
import type { TimerSource } from './timers-promises.ts'

/** The timers of a context: its globals, and the exports of `timers/promises`. */
export interface BoundTimerSet {
  readonly timers: TimerGlobals
  readonly promises: () => Record<'setImmediate' | 'setInterval' | 'setTimeout', (...args: unknown[]) => unknown>
}

const bound = new WeakMap<Namespace, BoundTimers>()

/**
 * Makes the timers of a context: on Node's own, or on the namespace's manual clock.
 *
 * @param ns - the namespace
 * @param who - answers who asks: always the namespace
 * @returns the timers
 */
export function bindTimers(ns: Namespace, who: WhoAsks): BoundTimerSet {
  const native = createBoundTimers(ns)
  bound.set(ns, native)
  const manual = askingManual(who)
  const virtual = manual === undefined ? undefined : timersOn(ns, manual.clock)
  const source: TimerSource = {
    setTimeout: virtual?.setTimeout ?? native.setTimeout,
    setInterval: virtual?.setInterval ?? native.setInterval,
    startImmediate: native.startImmediate,
    clear: virtual === undefined ? native.clear : (timer) => void virtualTimers.clear(timer),
    clearImmediate: native.clearImmediate,
  }
  let exports: ReturnType<BoundTimerSet['promises']> | undefined
  const promises: BoundTimerSet['promises'] = () => (exports ??= bindPromises(ns, source))
  return { timers: createTimerGlobals(source as never, promises), promises }
}

function bindPromises(ns: Namespace, timers: TimerSource): ReturnType<BoundTimerSet['promises']> {
  const original = originalPromises()
  const { wait, ...functions } = createPromiseTimers({
    ns,
    timers,
    original,
    restate: (error) => restateError(ns, error),
  })
  const immediate = functions['setImmediate']
  const method = (value: unknown): PropertyDescriptor => ({ value, writable: true, configurable: true })
  const scheduler = Object.create(original.scheduler, {
    wait: method(wait),
    yield: method(() => immediate()),
  }) as object
  return {
    ...original,
    ...(functions as Record<keyof typeof functions, (...args: unknown[]) => unknown>),
    scheduler,
  } as never
}

/**
 * The timers of a context.
 *
 * @param ns - its namespace
 * @returns the timers, or `undefined` where none have been bound
 */
export function boundTimersOf(ns: Namespace): BoundTimers | undefined {
  return bound.get(ns)
}

import { apply } from '@libvisor/abi'
import type { Namespace } from '@libvisor/core'
import type { ManualClock } from '../state/clock.ts'
import type { VirtualTimers } from './timers.ts'

/** Functions of `timers/promises` for one namespace. */
export interface PromiseTimers {
  setTimeout(...args: unknown[]): Promise<unknown>
  setInterval(...args: unknown[]): AsyncIterableIterator<unknown>
  wait(...args: unknown[]): Promise<unknown>
}

/** What promise timers are made of. */
export interface PromiseTimerOptions {
  readonly ns: Namespace
  readonly clock: ManualClock
  readonly timers: VirtualTimers
  /** The originals: what is not valid is theirs to refuse. */
  readonly original: { setTimeout: Fn; setInterval: Fn }
}

type Fn = (...args: unknown[]) => unknown

interface TimerOptions {
  readonly signal?: AbortSignal
  readonly ref?: boolean
}

/** Whether Node would accept the arguments. */
function isValid(delay: unknown, options: unknown): options is TimerOptions | undefined {
  if (delay !== undefined && typeof delay !== 'number') return false
  if (options === undefined) return true
  if (typeof options !== 'object' || options === null || Array.isArray(options)) return false
  const { signal, ref } = options as Record<string, unknown>
  if (signal !== undefined && !(typeof signal === 'object' && signal !== null && 'aborted' in signal)) return false
  return ref === undefined || typeof ref === 'boolean'
}

/**
 * Makes the functions of `timers/promises` that wait for a manual clock.
 *
 * @param options - the namespace, its clock, and the originals
 * @returns the functions
 */
export function createPromiseTimers(options: PromiseTimerOptions): PromiseTimers {
  const { ns, clock, timers, original } = options

  /** @source Node 24 `lib/internal/errors.js`, class AbortError */
  const abortError = (signal: AbortSignal): Error => {
    const error = new ns.intrinsics.Error('The operation was aborted', { cause: signal.reason }) as Error & {
      code: string
    }
    error.code = 'ABORT_ERR'
    error.name = 'AbortError'
    return error
  }

  const wait = (delay: unknown, value: unknown, { signal, ref = true }: TimerOptions): Promise<unknown> => {
    const { Promise } = ns.intrinsics
    if (signal?.aborted) return Promise.reject(abortError(signal))
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        timers.clear(timeout)
        reject(abortError(signal as AbortSignal))
      }
      const timeout = timers.setTimeout(ns, clock, [
        () => {
          signal?.removeEventListener('abort', onAbort)
          resolve(value)
        },
        delay,
      ])
      if (!ref) timeout.unref()
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  async function* repeat(
    delay: unknown,
    value: unknown,
    { signal, ref = true }: TimerOptions,
  ): AsyncGenerator<unknown> {
    if (signal?.aborted) throw abortError(signal)
    let due = 0
    let wake: (() => void) | undefined
    const notify = (): void => {
      wake?.()
      wake = undefined
    }
    const interval = timers.setInterval(ns, clock, [
      () => {
        due++
        notify()
      },
      delay,
    ])
    if (!ref) interval.unref()
    signal?.addEventListener('abort', notify, { once: true })
    try {
      for (;;) {
        if (signal?.aborted) throw abortError(signal)
        if (due === 0) {
          await new Promise<void>((resolve) => (wake = resolve))
        } else {
          due--
          yield value
        }
      }
    } finally {
      timers.clear(interval)
      signal?.removeEventListener('abort', notify)
    }
  }

  return {
    setTimeout(delay, value, given) {
      if (!isValid(delay, given))
        return apply(original.setTimeout, undefined, [delay, value, given]) as Promise<unknown>
      return wait(delay, value, given ?? {})
    },
    setInterval(delay, value, given) {
      if (!isValid(delay, given))
        return apply(original.setInterval, undefined, [delay, value, given]) as AsyncIterableIterator<unknown>
      return repeat(delay, value, given ?? {})
    },
    wait(delay, given) {
      if (!isValid(delay, given))
        return apply(original.setTimeout, undefined, [delay, undefined, given]) as Promise<unknown>
      return wait(delay, undefined, given ?? {})
    },
  }
}

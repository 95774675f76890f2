import { apply } from '@libvisor/abi'
import type { Namespace } from '@libvisor/core'

/** Functions of `timers/promises` for one namespace. */
export interface PromiseTimers {
  setTimeout(...args: unknown[]): Promise<unknown>
  setImmediate(...args: unknown[]): Promise<unknown>
  setInterval(...args: unknown[]): AsyncIterableIterator<unknown>
  wait(...args: unknown[]): Promise<unknown>
}

/** A timer or an immediate. */
interface Started {
  unref(): unknown
}

/** What promise timers wait with. Each takes a callback and, but for immediates, a delay. */
export interface TimerSource {
  setTimeout(callback: () => void, delay: unknown): Started
  setInterval(callback: () => void, delay: unknown): Started
  startImmediate(callback: () => void): Started
  clear(timer: Started): void
  clearImmediate(immediate: Started): void
}

/** What promise timers are made of. */
export interface PromiseTimerOptions {
  readonly ns: Namespace
  readonly timers: TimerSource
  /** The originals: what is not valid is theirs to refuse. */
  readonly original: Record<'setImmediate' | 'setInterval' | 'setTimeout', Fn>
  /** What becomes of their refusal. */
  readonly restate: (error: unknown) => unknown
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
 * Makes the functions of `timers/promises` for one namespace.
 *
 * @param options - the namespace, its timers, and the originals
 * @returns the functions
 */
export function createPromiseTimers(options: PromiseTimerOptions): PromiseTimers {
  const { ns, timers, original, restate } = options
  const originalImmediate = original['setImmediate']

  /** @source Node 24 `lib/internal/errors.js`, class AbortError */
  const abortError = (signal: AbortSignal): Error => {
    const error = new ns.intrinsics.Error('The operation was aborted', { cause: signal.reason }) as Error & {
      code: string
    }
    error.code = 'ABORT_ERR'
    error.name = 'AbortError'
    return error
  }

  /** What Node refuses, it says with a promise. */
  const refuse = (fn: Fn, args: unknown[]): Promise<unknown> =>
    new ns.intrinsics.Promise((_resolve, reject) => {
      ;(apply(fn, undefined, args) as Promise<unknown>).catch((error: unknown) => reject(restate(error)))
    })

  const wait = (
    start: (done: () => void) => Started,
    clear: (started: Started) => void,
    value: unknown,
    { signal, ref = true }: TimerOptions,
  ): Promise<unknown> => {
    const { Promise } = ns.intrinsics
    if (signal?.aborted) return Promise.reject(abortError(signal))
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        clear(started)
        reject(abortError(signal as AbortSignal))
      }
      const started = start(() => {
        signal?.removeEventListener('abort', onAbort)
        resolve(value)
      })
      if (!ref) started.unref()
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }
  const waitFor = (delay: unknown, value: unknown, given: TimerOptions): Promise<unknown> =>
    wait((done) => timers.setTimeout(done, delay), timers.clear, value, given)

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
    const interval = timers.setInterval(() => {
      due++
      notify()
    }, delay)
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
      if (!isValid(delay, given)) return refuse(original.setTimeout, [delay, value, given])
      return waitFor(delay, value, given ?? {})
    },
    setImmediate(value, given) {
      if (!isValid(undefined, given)) return refuse(originalImmediate, [value, given])
      return wait(timers.startImmediate, timers.clearImmediate, value, given ?? {})
    },
    setInterval(delay, value, given) {
      if (!isValid(delay, given))
        return apply(original.setInterval, undefined, [delay, value, given]) as AsyncIterableIterator<unknown>
      return repeat(delay, value, given ?? {})
    },
    wait(delay, given) {
      if (!isValid(delay, given)) return refuse(original.setTimeout, [delay, undefined, given])
      return waitFor(delay, undefined, given ?? {})
    },
  }
}

import type { Clock } from '@libvisor/core'
import { createTimerQueue } from './timer-queue.ts'
import type { TimerQueue } from './timer-queue.ts'

/** What a clock reads of the host. */
export interface HostReadings {
  /** Wall time. @units nanoseconds since the epoch */
  wallNs(): bigint
  /** @units nanoseconds */
  monotonicNs(): bigint
  /** How long the machine has been running. @units nanoseconds @defaultValue `monotonicNs()` */
  uptimeNs?(): bigint
}

/** What time a namespace has. */
export interface ClockOptions {
  /**
   * `real`: the host's time. `offset`: the host's, moved. `manual`: it stands still until {@link ManualClock.advance}.
   * @defaultValue `real`, or `offset` where `offsetMs` or `startMs` say so
   */
  readonly mode?: 'manual' | 'offset' | 'real' | undefined
  /** How far wall time is from the host's. @units milliseconds @defaultValue 0 */
  readonly offsetMs?: number | undefined
  /** What wall time the clock starts at. @units milliseconds since the epoch @defaultValue the host's, moved by `offsetMs` */
  readonly startMs?: number | undefined
  /** IANA name of the time zone. @defaultValue the host's */
  readonly zone?: string | undefined
  /** The monotonic reading that is its start, where it runs. @units nanoseconds @defaultValue the reading when it is made */
  readonly startedNs?: bigint | undefined
}

/** A clock that runs. */
export interface RunningClock extends Clock {
  readonly mode: 'offset' | 'real'
  /** Wall time minus the host's. @units milliseconds */
  readonly offsetMs: number
  /** The monotonic reading that is its start. @units nanoseconds */
  readonly startedNs: bigint
}

/** A clock that stands still until it is moved. */
export interface ManualClock extends Clock, Disposable {
  readonly mode: 'manual'
  /** The monotonic reading at which the clock was made. @units nanoseconds */
  readonly startedNs: bigint
  /** How long the machine has been running: it stands still, too. @units nanoseconds */
  machineUptimeNs(): bigint
  /** The timers that wait for this clock. */
  readonly timers: TimerQueue
  /**
   * Moves the clock, and fires in order all timers that become due, those that are made meanwhile included.
   *
   * @param ms - how far; 0 or more
   * @returns resolves when the clock is there
   * @throws {RangeError} when `ms` is negative or not finite
   */
  advance(ms: number): Promise<void>
  /**
   * Sets wall time, as an administrator does: forwards or back. Timers and monotonic time do not notice.
   *
   * @param ms - the new time @units milliseconds since the epoch
   */
  setTime(ms: number): void
}

/** Any clock that {@link createClock} makes. */
export type NamespaceClock = ManualClock | RunningClock

const NS_PER_MS = 1_000_000

const toNs = (ms: number): bigint =>
  BigInt(Math.trunc(ms)) * BigInt(NS_PER_MS) + BigInt(Math.round((ms % 1) * NS_PER_MS))

/** Milliseconds with fractions: whole ones first, since nanoseconds since the epoch do not fit a number. */
const toMs = (ns: bigint): number => Number(ns / BigInt(NS_PER_MS)) + Number(ns % BigInt(NS_PER_MS)) / NS_PER_MS

function requireFinite(name: string, value: number | undefined): void {
  if (value !== undefined && !Number.isFinite(value))
    throw new RangeError(`${name} must be a finite number, not ${value}`)
}

/**
 * Makes a clock out of readings of the host.
 *
 * @param host - what the host's clocks say
 * @param options - how the clock differs from them
 * @returns the clock
 */
export function createClockFrom(host: HostReadings, options: ClockOptions): NamespaceClock {
  const { offsetMs = 0, startMs, zone } = options
  requireFinite('offsetMs', options.offsetMs)
  requireFinite('startMs', startMs)
  return options.mode === 'manual'
    ? createManualClock(host, startMs, offsetMs, zone)
    : createRunningClock(host, options)
}

function createRunningClock(host: HostReadings, options: ClockOptions): RunningClock {
  const { offsetMs = 0, startMs, zone, startedNs = host.monotonicNs() } = options
  const offsetNs = startMs === undefined ? toNs(offsetMs) : toNs(startMs) - host.wallNs()
  const nowNs = offsetNs === 0n ? host.wallNs : (): bigint => host.wallNs() + offsetNs
  return Object.freeze({
    mode: offsetNs === 0n ? 'real' : 'offset',
    offsetMs: toMs(offsetNs),
    startedNs,
    zone,
    now: () => toMs(nowNs()),
    nowNs,
    monotonicNs: host.monotonicNs,
  })
}

function createManualClock(
  host: HostReadings,
  startMs: number | undefined,
  offsetMs: number,
  zone: string | undefined,
): ManualClock {
  const timers = createTimerQueue()
  const startedNs = host.monotonicNs()
  let monotonicNs = startedNs
  /** Wall time minus monotonic time. */
  let wallOffsetNs = (startMs === undefined ? host.wallNs() + toNs(offsetMs) : toNs(startMs)) - startedNs
  let lastAdvance: Promise<void> = Promise.resolve()
  /** Uptime minus monotonic time, which the host has counted from somewhere, too. Read when it is first asked for, and kept: readings differ a little. */
  let uptimeOffsetNs: bigint | undefined

  const moveTo = (ns: bigint): void => {
    if (ns > monotonicNs) monotonicNs = ns
  }

  const advanceBy = async (ns: bigint): Promise<void> => {
    const target = monotonicNs + ns
    for (let timer = timers.due(target); timer !== undefined; timer = timers.due(target)) {
      timers.remove(timer)
      moveTo(timer.dueNs)
      // One after the other: what a timer starts may be due before the next.
      await timer.fire()
    }
    moveTo(target)
  }

  return {
    mode: 'manual',
    startedNs,
    zone,
    timers,
    now: () => toMs(monotonicNs + wallOffsetNs),
    nowNs: () => monotonicNs + wallOffsetNs,
    monotonicNs: () => monotonicNs,

    machineUptimeNs() {
      uptimeOffsetNs ??= host.uptimeNs === undefined ? 0n : host.uptimeNs() - host.monotonicNs()
      return monotonicNs + uptimeOffsetNs
    },

    advance(ms) {
      if (!(ms >= 0) || ms === Infinity) throw new RangeError(`A clock advances by 0 or more milliseconds, not ${ms}`)
      // Two callers at once move the clock one after the other, by the sum.
      const advance = lastAdvance.then(() => advanceBy(toNs(ms)))
      lastAdvance = advance.catch(() => {})
      return advance
    },

    setTime(ms) {
      requireFinite('The time', ms)
      wallOffsetNs = toNs(ms) - monotonicNs
    },

    [Symbol.dispose]() {
      timers.clear()
    },
  }
}

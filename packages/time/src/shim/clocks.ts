import { apply } from '@libvisor/abi'
import { mimic } from '@libvisor/core'
import type { ManualClock } from '../state/clock.ts'
import type { WhoAsks } from './asking.ts'

type Fn = (...args: unknown[]) => unknown

const NS_PER_SECOND = 1_000_000_000n

const manual = (who: WhoAsks): ManualClock | undefined => {
  const clock = who()?.clock
  return clock?.mode === 'manual' ? clock : undefined
}

/** @units milliseconds since the clock was made */
const sinceStart = (clock: ManualClock): number => Number(clock.monotonicNs() - clock.startedNs) / 1e6

/**
 * Makes `process.hrtime` for whoever asks.
 *
 * @param original - the function as it was: it checks arguments
 * @param who - answers who asks
 * @returns the function
 */
export function createHrtime(original: NodeJS.HRTime, who: WhoAsks): NodeJS.HRTime {
  const { bigint } = original
  const hrtime = mimic(original, (before?: [number, number]): [number, number] => {
    const theirs = original(before)
    const clock = manual(who)
    if (clock === undefined) return theirs
    const now = clock.monotonicNs()
    const [seconds, nanoseconds] = [Number(now / NS_PER_SECOND), Number(now % NS_PER_SECOND)]
    if (before === undefined) return [seconds, nanoseconds]
    const borrow = nanoseconds < before[1] ? 1 : 0
    return [seconds - before[0] - borrow, nanoseconds - before[1] + borrow * 1e9]
  }) as unknown as NodeJS.HRTime
  Object.defineProperty(hrtime, 'bigint', {
    value: mimic(bigint, () => (manual(who)?.monotonicNs ?? bigint)()),
    writable: true,
    enumerable: true,
    configurable: true,
  })
  return hrtime
}

/**
 * Makes the members of `Performance.prototype` that tell the time. They check `this` by calling the originals.
 *
 * @param prototype - as it was
 * @param who - answers who asks
 * @returns descriptors to replace
 */
export function createPerformanceMembers(prototype: object, who: WhoAsks): PropertyDescriptorMap {
  const descriptors = Object.getOwnPropertyDescriptors(prototype) as Record<string, PropertyDescriptor>
  const method = (name: string, make: (original: Fn) => Fn): PropertyDescriptor => {
    const original = descriptors[name]?.value as Fn
    return { value: mimic(original, make(original)) }
  }
  const timeOrigin = descriptors['timeOrigin']?.get as Fn
  const originOf = (theirs: number): number => {
    const clock = who()?.clock
    if (clock === undefined) return theirs
    return clock.mode === 'manual' ? clock.now() - sinceStart(clock) : theirs + clock.offsetMs
  }

  return {
    timeOrigin: {
      get: mimic(timeOrigin, function (this: unknown) {
        return originOf(apply(timeOrigin, this, []) as number)
      }),
    },
    toJSON: method(
      'toJSON',
      (original) =>
        function (this: unknown) {
          const json = apply(original, this, []) as { timeOrigin: number }
          return { ...json, timeOrigin: originOf(json.timeOrigin) }
        },
    ),
    now: method(
      'now',
      (original) =>
        function (this: unknown) {
          const theirs = apply(original, this, [])
          const clock = manual(who)
          return clock === undefined ? theirs : sinceStart(clock)
        },
    ),
    mark: method(
      'mark',
      (original) =>
        function (this: unknown, name: unknown, options?: unknown) {
          const clock = manual(who)
          const given = options as { startTime?: number } | undefined | null
          const mine = clock === undefined || given === null || given?.startTime !== undefined
          return apply(original, this, mine ? [name, options] : [name, { ...given, startTime: sinceStart(clock) }])
        },
    ),
    measure: method(
      'measure',
      (original) =>
        function (this: unknown, ...args: unknown[]) {
          const clock = manual(who)
          if (clock === undefined) return apply(original, this, args)
          const [name, startOrOptions, endMark] = args
          const now = sinceStart(clock)
          if (typeof startOrOptions === 'object' && startOrOptions !== null) {
            const { start, end, duration } = startOrOptions as Record<string, unknown>
            // Two of the three say all; with fewer the end is now.
            const open = end === undefined && (start === undefined || duration === undefined)
            return apply(original, this, open ? [name, { ...startOrOptions, end: now }] : args)
          }
          if (endMark !== undefined) return apply(original, this, args)
          return apply(original, this, [
            name,
            { ...(startOrOptions === undefined ? {} : { start: startOrOptions }), end: now },
          ])
        },
    ),
  }
}

/** What `Temporal.Now` needs of `Temporal`, which this TypeScript does not know yet. */
interface TemporalLike {
  readonly Now: Record<string, Fn>
  readonly Instant: { fromEpochNanoseconds(ns: bigint): { toZonedDateTimeISO(zone: unknown): Record<string, Fn> } }
}

/**
 * Makes the functions of `Temporal.Now` for whoever asks.
 *
 * @param temporal - `Temporal` of the realm
 * @param who - answers who asks
 * @returns the functions by name
 */
export function createTemporalNow(temporal: TemporalLike, who: WhoAsks): Record<string, Fn> {
  const { Now, Instant } = temporal
  const originals = { ...Object.getOwnPropertyDescriptors(Now) } as Record<string, PropertyDescriptor>
  const wrap = (name: string, make: (original: Fn) => Fn): Fn =>
    mimic(originals[name]?.value as Fn, make(originals[name]?.value as Fn))
  const hostZone = originals['timeZoneId']?.value as () => string
  const zoneOf = (given: unknown): unknown => given ?? who()?.zone?.name ?? hostZone()

  const zoned = (name: string, part: string | undefined): Fn =>
    wrap(name, (original) => (zone?: unknown) => {
      const asking = who()
      if (asking === undefined) return original(zone)
      const now = Instant.fromEpochNanoseconds(asking.clock.nowNs()).toZonedDateTimeISO(zoneOf(zone))
      return part === undefined ? now : (now[part] as Fn).call(now)
    })

  return {
    instant: wrap('instant', (original) => () => {
      const asking = who()
      return asking === undefined ? original() : Instant.fromEpochNanoseconds(asking.clock.nowNs())
    }),
    timeZoneId: wrap('timeZoneId', (original) => () => who()?.zone?.name ?? original()),
    zonedDateTimeISO: zoned('zonedDateTimeISO', undefined),
    plainDateTimeISO: zoned('plainDateTimeISO', 'toPlainDateTime'),
    plainDateISO: zoned('plainDateISO', 'toPlainDate'),
    plainTimeISO: zoned('plainTimeISO', 'toPlainTime'),
  }
}

export type { TemporalLike }

import { apply } from '@libvisor/abi'
import type { Zone } from '../state/zone.ts'

type Method = (...args: unknown[]) => unknown

/** The methods of the one prototype of dates, captured before anything is patched. */
const originals = captureMethods(Date.prototype)

/** Methods of `Date.prototype` that depend on the time zone. */
export type ZonedMethods = Readonly<Record<string, Method>>

const getters = ['Date', 'Day', 'FullYear', 'Hours', 'Milliseconds', 'Minutes', 'Month', 'Seconds'] as const
const setters = ['Date', 'FullYear', 'Hours', 'Milliseconds', 'Minutes', 'Month', 'Seconds'] as const

/** The names of the methods that {@link createZonedMethods} makes. */
export const zonedNames: readonly string[] = [
  ...getters.map((part) => `get${part}`),
  ...setters.map((part) => `set${part}`),
  ...['getYear', 'setYear', 'getTimezoneOffset', 'toDateString', 'toTimeString', 'toString'],
  ...['toLocaleString', 'toLocaleDateString', 'toLocaleTimeString'],
]

/** The calendar repeats after so many years, weekdays included. */
const CYCLE_YEARS = 400
const CYCLE_MS = 146_097 * 86_400_000

/** How far dates reach. @units milliseconds since the epoch */
const LIMIT_MS = 8.64e15

const foldOf = (localMs: number): number => (localMs > LIMIT_MS ? CYCLE_MS : localMs < -LIMIT_MS ? -CYCLE_MS : 0)

const two = (value: number): string => String(value).padStart(2, '0')

/**
 * Makes the methods of `Date.prototype` that depend on the time zone, for one zone.
 *
 * A date is moved by the offset and asked with the methods for UTC: what those do with missing, fractional or
 * overflowing arguments is what the local ones do as well.
 *
 * @param original - the constructor of dates, as it was
 * @param zone - the time zone
 * @returns the methods by name
 */
export function createZonedMethods(original: DateConstructor, zone: Zone): ZonedMethods {
  const OriginalDate = original
  const call = (name: string, date: unknown, args: readonly unknown[] = []): unknown =>
    apply(originals[name] as Method, date, args)

  /** Throws, as all methods do, for what is no date. */
  const timeOf = (date: unknown): number => call('getTime', date) as number
  const shifted = (utcMs: number): Date => {
    const local = utcMs + zone.offsetAt(utcMs)
    return new OriginalDate(local - foldOf(local))
  }
  /** How much is taken from a local time so that it is a date: none, but within hours of the end of time. */
  const foldAt = (utcMs: number): number => foldOf(utcMs + zone.offsetAt(utcMs))
  const yearOf = (utcMs: number): number =>
    (call('getUTCFullYear', shifted(utcMs)) as number) + (foldAt(utcMs) / CYCLE_MS) * CYCLE_YEARS

  const methods: Record<string, Method> = {}

  for (const part of getters) {
    methods[`get${part}`] = function (this: unknown) {
      const time = timeOf(this)
      if (Number.isNaN(time)) return NaN
      return part === 'FullYear' ? yearOf(time) : call(`getUTC${part}`, shifted(time))
    }
  }

  for (const part of setters) {
    methods[`set${part}`] = function (this: unknown, ...args: unknown[]) {
      const time = timeOf(this)
      // Only a year can make a date of what is none.
      const local = Number.isNaN(time) ? new OriginalDate(part === 'FullYear' ? 0 : NaN) : shifted(time)
      // The arguments are converted even when the date is invalid: that can be observed.
      const result = call(
        `setUTC${part}`,
        Number.isNaN(time) && part !== 'FullYear' ? new OriginalDate(NaN) : local,
        args,
      ) as number
      return call('setTime', this, [
        Number.isNaN(result) ? NaN : zone.utcOf(result + (part === 'FullYear' ? 0 : foldAt(time))),
      ])
    }
  }

  methods['getYear'] = function (this: unknown) {
    const time = timeOf(this)
    return Number.isNaN(time) ? NaN : yearOf(time) - 1900
  }
  methods['setYear'] = function (this: unknown, year: unknown) {
    timeOf(this)
    const number = Number(year)
    if (Number.isNaN(number)) return call('setTime', this, [NaN])
    const whole = Math.trunc(number)
    const full = whole >= 0 && whole <= 99 ? whole + 1900 : number
    return apply(methods['setFullYear'] as Method, this, [full])
  }

  methods['getTimezoneOffset'] = function (this: unknown) {
    const time = timeOf(this)
    // Whole minutes, also in the days of local mean time.
    return Number.isNaN(time) ? NaN : Math.trunc(-zone.offsetAt(time) / 60_000) + 0
  }

  /** `Tue Feb 01 2022` */
  const dateText = (time: number): string => {
    // `Tue, 01 Feb 2022 00:00:00 GMT`; years have a sign and more digits where they need them.
    const [day, date, month, folded] = (call('toUTCString', shifted(time)) as string).split(' ')
    const fold = foldAt(time)
    const year =
      fold === 0 ? folded : `${fold < 0 ? '-' : ''}${String(Math.abs(yearOf(time))).padStart(fold < 0 ? 6 : 4, '0')}`
    return `${(day as string).slice(0, 3)} ${month} ${date} ${year}`
  }
  /** `01:02:03 GMT+0100 (Central European Standard Time)` */
  const timeText = (time: number): string => {
    const offset = zone.offsetAt(time)
    const minutes = Math.trunc(Math.abs(offset) / 60_000)
    const clock = (call('toISOString', shifted(time)) as string).slice(-13, -5)
    const sign = offset < 0 ? '-' : '+'
    return `${clock} GMT${sign}${two(Math.trunc(minutes / 60))}${two(minutes % 60)} (${zone.nameAt(time)})`
  }
  const text = (make: (time: number) => string): Method =>
    function (this: unknown) {
      const time = timeOf(this)
      return Number.isNaN(time) ? 'Invalid Date' : make(time)
    }
  methods['toDateString'] = text(dateText)
  methods['toTimeString'] = text(timeText)
  methods['toString'] = text((time) => `${dateText(time)} ${timeText(time)}`)

  for (const name of ['toLocaleString', 'toLocaleDateString', 'toLocaleTimeString']) {
    methods[name] = function (this: unknown, locales?: unknown, options?: unknown) {
      return call(name, this, [locales, withZone(options, zone.name)])
    }
  }

  for (const name of Object.keys(methods)) {
    const { length } = originals[name] as Method
    Object.defineProperties(methods[name] as Method, {
      name: { value: name, configurable: true },
      length: { value: length, configurable: true },
    })
  }
  return methods
}

function captureMethods(prototype: object): Record<string, Method> {
  const methods: Record<string, Method> = {}
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (typeof descriptor.value === 'function') methods[name] = descriptor.value as Method
  }
  return methods
}

/**
 * Adds a default time zone to options of `Intl.DateTimeFormat`.
 *
 * @param options - as a guest gave them
 * @param zone - IANA name
 * @returns options to pass on; what is no object is left for the original to refuse
 */
export function withZone(options: unknown, zone: string): unknown {
  if (options === undefined) return { timeZone: zone }
  if (options === null) return options
  const given = Object(options) as { timeZone?: unknown }
  if (given.timeZone !== undefined) return options
  return Object.create(given, { timeZone: { value: zone } }) as object
}

import { createZone } from './zone.ts'
import type { Zone } from './zone.ts'

// Captured before anything is patched: this file must not be asked which zone it means by default.
const { DateTimeFormat } = Intl

/** How far dates reach. @units milliseconds since the epoch */
const LIMIT_MS = 8.64e15

const within = (ms: number): number => Math.min(LIMIT_MS, Math.max(-LIMIT_MS, ms))

/** Offsets read as `GMT`, `GMT+02:00` or, in the days of local mean time, `GMT-04:56:02`. */
const OFFSET = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/

/** Winters and summers, the latest first. @units milliseconds since the epoch */
const RECENT_MS = [2024, 2010].flatMap((year) => [Date.UTC(year, 0, 1), Date.UTC(year, 6, 1)])

const DAYLIGHT = /Summer|Daylight/
const NAMELESS = /^GMT[+-]/

const zones = new Map<string, Zone>()

/**
 * A time zone as the engine's own data has it.
 *
 * @param name - IANA name
 * @returns the zone; the same one for the same name
 * @throws {RangeError} when there is no such zone
 */
export function intlZone(name: string): Zone {
  let zone = zones.get(name)
  if (zone === undefined) zones.set(name, (zone = makeZone(name)))
  return zone
}

/**
 * The zone that the engine takes by default.
 *
 * @returns its IANA name
 */
export function defaultZoneName(): string {
  return new DateTimeFormat().resolvedOptions().timeZone
}

function makeZone(name: string): Zone {
  const offsets = new DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
  let names: Intl.DateTimeFormat | undefined
  let englishNames: Intl.DateTimeFormat | undefined
  return createZone(name, {
    offsetAt(utcMs) {
      const [, sign, hours, minutes, seconds = '0'] = OFFSET.exec(offsets.format(within(utcMs))) ?? []
      if (sign === undefined) return 0
      const total = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)
      return (sign === '-' ? -total : total) * 1000
    },
    nameAt(utcMs) {
      // The engine calls a time, whenever it was, as the zone's standard or daylight time is called today.
      const today = RECENT_MS.find((ms) => isLike(ms, utcMs))
      return nameOf(today ?? utcMs)
    },
  })

  /** Whether two times are both standard time or both daylight time. */
  function isLike(recentMs: number, utcMs: number): boolean {
    const [now, then] = [english(recentMs), english(utcMs)]
    if (NAMELESS.test(now)) return false
    // What the data has no name for is told by its offset.
    if (NAMELESS.test(then)) return offsetText(recentMs) === offsetText(utcMs)
    return DAYLIGHT.test(now) === DAYLIGHT.test(then)
  }

  function offsetText(utcMs: number): string | undefined {
    return offsets.format(within(utcMs)).split(' ')[1]
  }

  function english(utcMs: number): string {
    englishNames ??= new DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'long' })
    return nameIn(englishNames, utcMs)
  }

  function nameOf(utcMs: number): string {
    names ??= new DateTimeFormat(undefined, { timeZone: name, timeZoneName: 'long' })
    return nameIn(names, utcMs)
  }

  function nameIn(format: Intl.DateTimeFormat, utcMs: number): string {
    return format.formatToParts(within(utcMs)).find((part) => part.type === 'timeZoneName')?.value ?? name
  }
}

import { apply, construct } from '@libvisor/abi'
import { mimic } from '@libvisor/core'
import type { Zone } from '../state/zone.ts'
import { parseInZone } from './parse-local.ts'

/** What the dates of whoever is asking depend on. */
export interface DateSource {
  /** Wall time. @units milliseconds since the epoch; `undefined` for the host's */
  readonly now: (() => number) | undefined
  /** The time zone, where it is not the engine's. */
  readonly zone: Zone | undefined
}

type Fn = (...args: unknown[]) => unknown

/**
 * Makes a constructor of dates that shares its prototype with the original one, so that dates from anywhere are
 * instances of both, and the original cannot be reached from a date.
 *
 * @param original - the constructor to stand for
 * @param source - answers for whoever is asking; `undefined` leaves the call to the original
 * @returns the constructor. `prototype.constructor` is for the caller to replace
 */
export function createDate(original: DateConstructor, source: () => DateSource | undefined): DateConstructor {
  const OriginalDate = original
  const originalNow = original.now
  const originalParse = original.parse
  const originalToString = original.prototype.toString

  const now = (from: DateSource): number => Math.floor((from.now ?? originalNow)())

  /** The fields of a local time as the moment that they mean in a zone. */
  const fromFields = (fields: readonly unknown[], zone: Zone): number => {
    const local = OriginalDate.UTC(...(fields as [number, number]))
    return Number.isNaN(local) ? NaN : zone.utcOf(local)
  }

  function GuestDate(...args: unknown[]): unknown {
    const from = source()
    if (new.target === undefined) {
      // Without `new` the arguments do not count, and the result is a string.
      if (from === undefined) return (OriginalDate as unknown as Fn)()
      return apply(
        OriginalDate.prototype.toString === originalToString ? originalToString : OriginalDate.prototype.toString,
        new OriginalDate(now(from)),
        [],
      )
    }
    const target = new.target
    if (from === undefined) return construct(OriginalDate, args, target) as Date
    if (args.length === 0) return construct(OriginalDate, [now(from)], target) as Date
    const { zone } = from
    if (zone === undefined) return construct(OriginalDate, args, target) as Date
    if (args.length > 1) return construct(OriginalDate, [fromFields(args, zone)], target) as Date
    const value = toPrimitive(args[0], OriginalDate)
    return construct(
      OriginalDate,
      [typeof value === 'string' ? parseInZone(originalParse, value, zone) : value],
      target,
    ) as Date
  }

  const replacement = mimic(original, GuestDate) as unknown as DateConstructor
  define(replacement, 'now', function () {
    const from = source()
    return from === undefined ? originalNow() : now(from)
  })
  define(replacement, 'parse', (text: unknown) => {
    const zone = source()?.zone
    return zone === undefined ? originalParse(text as string) : parseInZone(originalParse, `${text as string}`, zone)
  })
  Object.defineProperty(replacement, 'prototype', { value: original.prototype, writable: false })
  return replacement

  function define(target: object, name: 'now' | 'parse', fn: Fn): void {
    Object.defineProperty(target, name, {
      value: mimic(original[name], fn),
      writable: true,
      enumerable: false,
      configurable: true,
    })
  }
}

/** What `new Date(value)` makes of its argument before it looks whether it is a string. */
function toPrimitive(value: unknown, OriginalDate: DateConstructor): unknown {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return value
  try {
    // A date stands for its time, whatever its methods have been replaced by.
    return apply(OriginalDate.prototype.getTime, value, [])
  } catch {
    const convert = (value as { [Symbol.toPrimitive]?: Fn })[Symbol.toPrimitive]
    if (convert !== undefined && convert !== null) return apply(convert, value, ['default'])
    const plain: unknown = (value as { valueOf(): unknown }).valueOf()
    if ((typeof plain !== 'object' && typeof plain !== 'function') || plain === null) return plain
    return String(value)
  }
}

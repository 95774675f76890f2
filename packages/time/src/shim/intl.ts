import { apply, construct } from '@libvisor/abi'
import { mimic } from '@libvisor/core'
import { withZone } from './zoned-date.ts'

type Fn = (...args: unknown[]) => unknown

/** What replaces parts of `Intl.DateTimeFormat`. */
export interface ZonedFormat {
  readonly DateTimeFormat: typeof Intl.DateTimeFormat
  /** Methods of the prototype that format "now" when they are given no date. */
  readonly prototype: Readonly<Record<string, PropertyDescriptor>>
}

/** What formats depend on for whoever is asking. */
export interface FormatSource {
  readonly zone: string | undefined
  readonly now: (() => number) | undefined
}

/**
 * Makes an `Intl.DateTimeFormat` whose default time zone and whose "now" are those of whoever is asking. It shares its
 * prototype with the original one.
 *
 * @param original - the constructor to stand for
 * @param source - answers for whoever is asking
 * @returns what takes the place of the constructor and of methods of its prototype
 */
export function createDateTimeFormat(
  original: typeof Intl.DateTimeFormat,
  source: () => FormatSource | undefined,
): ZonedFormat {
  function DateTimeFormat(this: unknown, locales?: unknown, options?: unknown): unknown {
    const zone = source()?.zone
    const args = [locales, zone === undefined ? options : withZone(options, zone)]
    if (new.target === undefined) return apply(original as unknown as Fn, this, args)
    return construct(original, args, new.target) as unknown
  }
  const replacement = mimic(original, DateTimeFormat) as unknown as typeof Intl.DateTimeFormat
  Object.defineProperty(replacement, 'prototype', { value: original.prototype, writable: false })

  const { format, formatToParts } = Object.getOwnPropertyDescriptors(original.prototype) as Record<
    string,
    PropertyDescriptor
  >
  const orNow = (date: unknown): unknown => (date === undefined ? source()?.now?.() : date)
  const bound = new WeakMap<object, Fn>()
  return {
    DateTimeFormat: replacement,
    prototype: {
      formatToParts: {
        value: mimic(formatToParts?.value as Fn, function (this: unknown, date: unknown) {
          return apply(formatToParts?.value as Fn, this, [orNow(date)])
        }),
      },
      format: {
        get: mimic(format?.get as Fn, function (this: object) {
          const fn = apply(format?.get as Fn, this, []) as Fn
          let wrapped = bound.get(fn)
          if (wrapped === undefined) bound.set(fn, (wrapped = mimic(fn, (date: unknown) => fn(orNow(date)))))
          return wrapped
        }),
      },
    },
  }
}

import { execFileSync } from 'node:child_process'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createDate } from '../src/shim/date.ts'
import { intlZone } from '../src/state/intl-zone.ts'
import { createZonedMethods } from '../src/shim/zoned-date.ts'
import { localTimes } from './fixtures/local-times.mjs'

const SECONDS_1970 = 0
const SECONDS_2037 = 2_114_380_800

/** Moments around which clocks change somewhere, and any others. */
const moment = fc.oneof(
  fc.integer({ min: SECONDS_1970, max: SECONDS_2037 }).map((seconds) => seconds * 1000),
  fc
    .tuple(fc.integer({ min: 1990, max: 2035 }), fc.constantFrom(2, 3, 8, 9, 10), fc.integer({ min: 0, max: 31 * 48 }))
    .map(([year, month, halfHours]) => Date.UTC(year, month, 1) + halfHours * 1_800_000),
  fc.constantFrom(NaN, 8.64e15, 8.64e15 + 1),
)
const part = fc.oneof(fc.integer({ min: -50, max: 80 }), fc.constantFrom(NaN, 1.5, -0))
const fields = fc
  .tuple(
    fc.oneof(fc.integer({ min: 1975, max: 2036 }), fc.constantFrom(70, 99, NaN)),
    fc.array(part, { minLength: 1, maxLength: 6 }),
  )
  .map(([year, rest]) => [year, ...rest])
const setters = ['Date', 'FullYear', 'Hours', 'Milliseconds', 'Minutes', 'Month', 'Seconds'].map((name) => `set${name}`)
const change = fc.tuple(moment, fc.constantFrom(...setters, 'setYear'), fc.array(part, { maxLength: 4 }))

const texts = fc
  .tuple(fc.integer({ min: 1980, max: 2035 }), fc.nat(11), fc.nat(27), fc.nat(23), fc.nat(59))
  .chain(([year, month, day, hour, minute]) => {
    const two = (value: number): string => String(value).padStart(2, '0')
    const names = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
    const iso = `${year}-${two(month + 1)}-${two(day + 1)}`
    const time = `${two(hour)}:${two(minute)}`
    const words = `${names[month]} ${day + 1}, ${year}`
    return fc.constantFrom(
      ...[iso, `${year}`, `${year}-${two(month + 1)}`, `${iso}T${time}`, `${iso}T${time}:01.5`, `${iso}T${time}Z`],
      ...[
        `${iso}T${time}+05:30`,
        `${iso} ${time}`,
        `${iso} ${time}:10 GMT`,
        `${words} ${time}`,
        `${words}`,
        `${words} ${time} EST`,
      ],
      ...[
        `${words} ${time} (a comment)`,
        `${month + 1}/${day + 1}/${year}`,
        `${words} ${time} GMT+0200`,
        `${words} ${time} +0200`,
      ],
      ...[
        `${words} ${time}Z`,
        `${words} ${(hour % 12) + 1}:${two(minute)} PM`,
        `Sat ${words} ${time} PDT`,
        `no date`,
        ` ${iso}T${time} `,
      ],
    )
  })

const zones = [
  ...['UTC', 'Europe/Amsterdam', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'America/St_Johns'],
  ...['Pacific/Apia', 'Africa/Casablanca', 'Asia/Tokyo', 'America/Sao_Paulo', 'Pacific/Chatham'],
]

const program = new URL('fixtures/local-times.mjs', import.meta.url).pathname

describe('local times of a guest equal those of a process with TZ', () => {
  it.each(zones)('%s', (name) => {
    const sample = <T>(arbitrary: fc.Arbitrary<T>, count: number): T[] =>
      fc.sample(arbitrary, { seed: 11, numRuns: count })
    const inputs = JSON.parse(
      JSON.stringify({
        moments: sample(moment, 400),
        fields: sample(fields, 400),
        texts: sample(texts, 300),
        changes: sample(change, 600),
      }),
    ) as Parameters<typeof localTimes>[1]
    const output = execFileSync(process.execPath, [program, 'child'], {
      env: { ...process.env, TZ: name },
      input: JSON.stringify(inputs),
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    })
    const theirs = JSON.parse(output) as ReturnType<typeof localTimes>

    const zone = intlZone(name)
    const methods = createZonedMethods(Date, zone)
    const subject = {
      Date: createDate(Date, () => ({ zone, now: undefined })),
      call: (method: string, date: Date, args: unknown[] = []) =>
        Reflect.apply(methods[method]!, date, args) as unknown,
    }
    const ours = JSON.parse(JSON.stringify(localTimes(subject, inputs))) as typeof theirs
    expect(ours.moments).toEqual(theirs.moments)
    expect(ours.fields).toEqual(theirs.fields)
    expect(ours.texts).toEqual(theirs.texts)
    expect(ours.changes).toEqual(theirs.changes)
  })
})

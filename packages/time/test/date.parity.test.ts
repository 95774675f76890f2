import { describe, expect, it } from 'vitest'
import { createNamespace, slots } from '@libvisor/core'
import { createClock, createTimeInterceptor } from '@libvisor/time'

const NOW = Date.UTC(2030, 5, 15, 12)

const guestDate = (): DateConstructor => {
  const ns = createNamespace({ name: 'guest' })
  ns.provide(slots.clock, createClock({ mode: 'manual', startMs: NOW }))
  return createTimeInterceptor().bind(ns).globals['Date']!.value as DateConstructor
}

/** One body, run over the real constructor and over a guest's. */
function behaves(Subject: DateConstructor, now: () => number): void {
  it('tells the time in every way', () => {
    expect(Math.abs(new Subject().getTime() - now())).toBeLessThan(1000)
    expect(Math.abs(Subject.now() - now())).toBeLessThan(1000)
    expect(Math.abs(Date.parse((Subject as unknown as () => string)()) - now())).toBeLessThan(2000)
    expect(Number.isInteger(Subject.now())).toBe(true)
    expect(typeof Reflect.apply(Subject, undefined, [0])).toBe('string')
  })

  it('shares one prototype with the dates of the host', () => {
    expect(Subject.prototype).toBe(Date.prototype)
    expect(new Subject(0)).toBeInstanceOf(Date)
    expect(new Date(0)).toBeInstanceOf(Subject)
    expect(structuredClone(new Subject(5))).toBeInstanceOf(Subject)
    expect(Object.prototype.toString.call(new Subject())).toBe('[object Date]')
  })

  it('looks as the original', () => {
    const shape = (value: object): unknown =>
      Reflect.ownKeys(value)
        .map((key) => {
          const { value: _value, ...descriptor } = Object.getOwnPropertyDescriptor(value, key)!
          return [key, descriptor]
        })
        .sort()
    expect(shape(Subject)).toEqual(shape(Date))
    expect([Subject.name, Subject.length, Subject.now.name, Subject.parse.length]).toEqual(['Date', 7, 'now', 1])
  })

  it('can be extended', () => {
    class Day extends Subject {
      get day(): string {
        return this.toISOString().slice(0, 10)
      }
    }
    const day = new Day(0)
    expect(day.day).toBe('1970-01-01')
    expect([day instanceof Day, day instanceof Date, Object.getPrototypeOf(day) === Day.prototype]).toEqual([
      true,
      true,
      true,
    ])
    expect(Math.abs(new Day().getTime() - now())).toBeLessThan(1000)
    expect(Reflect.construct(Subject, [7], Day)).toBeInstanceOf(Day)
  })

  it('takes arguments as the original does', () => {
    // Anything may be passed to either.
    type Loose = new (...args: unknown[]) => Date
    const [LooseSubject, LooseDate] = [Subject, Date] as unknown as [Loose, Loose]
    const lists = [
      [0],
      ['1'],
      ['x'],
      [undefined],
      [null],
      [true],
      [new Date(3)],
      [NaN],
      [8.64e15 + 1],
      [2020],
      [2020, 1],
      [99, 0],
    ]
    for (const args of [
      ...lists,
      [{ valueOf: () => 5 }],
      [{ toString: () => '2020-01-01' }],
      [2020, NaN],
      [1.9, 2.9, 3.9],
    ]) {
      expect(new LooseSubject(...args).getTime()).toEqual(new LooseDate(...args).getTime())
    }
    expect(() => new LooseSubject(Symbol('x'))).toThrow(TypeError)
    expect(() => new LooseSubject(1n)).toThrow(TypeError)
  })
}

describe('the real Date', () => behaves(Date, () => Date.now()))
describe('the Date of a guest', () => behaves(guestDate(), () => NOW))

import { describe, expect, it } from 'vitest'
import { choosePlace } from '../../src/host/placement.ts'
import type { Place } from '../../src/host/placement.ts'
import { createRestartBudget } from '../../src/host/restart-budget.ts'
import { StallDetector } from '../../src/host/stall-detector.ts'

const place = (number: number, guests: number, options: Partial<Place> = {}): Place => ({
  number,
  guests,
  groups: new Set(),
  utilization: 0,
  stalled: false,
  ...options,
})

describe('a guest is placed', () => {
  it('where there are the fewest guests, in the first thread of several', () => {
    expect(choosePlace('a', [place(1, 2), place(2, 1), place(3, 1)], {}, Infinity)).toBe(2)
  })

  it('where there are more guests, when the other thread is much busier', () => {
    expect(
      choosePlace('a', [place(1, 40, { utilization: 0.2 }), place(2, 1, { utilization: 0.95 })], {}, Infinity),
    ).toBe(1)
    expect(
      choosePlace('a', [place(1, 40, { utilization: 0.2 }), place(2, 1, { utilization: 0.3 })], {}, Infinity),
    ).toBe(2)
  })

  it('in a stalled thread only where there is no other', () => {
    expect(choosePlace('a', [place(1, 0, { stalled: true }), place(2, 9)], {}, Infinity)).toBe(2)
    expect(choosePlace('a', [place(1, 0, { stalled: true }), place(2, 9)], {}, 9)).toBe(1)
  })

  it('in the thread that it names', () => {
    expect(choosePlace('a', [place(1, 0), place(2, 9)], { thread: 2 }, Infinity)).toBe(2)
  })

  it('beside the others of its group, and anywhere when it is the first', () => {
    const places = [place(1, 0), place(2, 9, { groups: new Set(['shop']) })]
    expect(choosePlace('a', places, { group: 'shop' }, Infinity)).toBe(2)
    expect(choosePlace('a', places, { group: 'other' }, Infinity)).toBe(1)
  })

  it('nowhere when there is no room, or no such thread', () => {
    const places = [place(1, 3), place(2, 3, { groups: new Set(['shop']) })]
    const choose = (hints: object, maxGuests: number) => () => choosePlace('api', places, hints, maxGuests)
    const failing = (code: string, message: RegExp): unknown =>
      expect.objectContaining({ code, message: expect.stringMatching(message) as unknown })
    expect(choose({}, 3)).toThrow(failing('VISOR_POOL_FULL', /'api'.*2 threads has 3/))
    expect(choose({ group: 'shop' }, 3)).toThrow(failing('VISOR_POOL_FULL', /thread 2 has 3/))
    expect(choose({ thread: 3 }, 9)).toThrow(failing('VISOR_CONFIG_INVALID', /'api' is 3: the pool has 2 threads/))
  })
})

describe('a thread', () => {
  const options = { stallMs: 1000, limitMs: 3000, stepMs: 500 }

  it('is stalled when its beats stay the same for long, and not any more when they go on', () => {
    const detector = new StallDetector(options)
    const looks = [0, 500, 1000, 1500, 2000].map((now) => detector.look(now < 1000 ? now : 7, now))
    expect(looks).toEqual(['turning', 'turning', 'turning', 'turning', 'stalled'])
    expect(detector.stalledMs).toBe(1000)
    expect(detector.look(8, 2500)).toBe('turning')
    expect(detector.stalledMs).toBe(0)
  })

  it('is over the limit when they stay the same for longer', () => {
    const detector = new StallDetector(options)
    const looks = Array.from({ length: 8 }, (_, index) => detector.look(1, index * 500))
    expect(looks.slice(-3)).toEqual(['stalled', 'over', 'over'])
  })

  it('is not to blame for the time in which its host was held up', () => {
    const detector = new StallDetector(options)
    detector.look(1, 0)
    expect(detector.look(1, 60_000)).toBe('turning')
    expect(detector.stalledMs).toBe(500)
  })
})

it('a guest is started again three times in ten minutes, and then not until one of them is longer ago', () => {
  const mayStart = createRestartBudget()
  expect([0, 1, 2, 3].map((minutes) => mayStart(minutes * 60_000))).toEqual([true, true, true, false])
  expect(mayStart(10.5 * 60_000)).toBe(true)
  expect(mayStart(10.6 * 60_000)).toBe(false)
})

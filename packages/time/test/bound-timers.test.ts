import assert from 'node:assert/strict'
import { createNamespace, currentNamespace, livenessOf, slots } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { createClock, createTimeInterceptor } from '@libvisor/time'
import { promisify } from 'node:util'
import { describe, test } from 'vitest'

type Timers = typeof import('node:timers')

function makeGuest(name: string): { ns: Namespace; timers: Timers; counts: () => Record<string, number> } {
  const ns = createNamespace({ name })
  ns.provide(slots.clock, createClock())
  const timers = createTimeInterceptor().bind(ns).modules['timers']!() as Timers
  return { ns, timers, counts: () => livenessOf(ns).counts() }
}

/** A turn of the event loop that comes after timers of a millisecond. */
const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10))

describe('timers of a context', () => {
  test("are Node's own, and run in their guest", async () => {
    const { ns, timers } = makeGuest('own')
    const seen: unknown[] = []
    const timeout = ns.run(() => timers.setTimeout((...args) => seen.push(currentNamespace(), args), 1, 'a', 'b'))
    assert.equal(Object.getPrototypeOf(timeout), Object.getPrototypeOf(setTimeout(() => {}, 0)))
    await aWhile()
    assert.deepEqual(seen, [ns, ['a', 'b']])
  })

  test('run in their guest whoever has made them', async () => {
    const { ns, timers } = makeGuest('lent')
    const seen: unknown[] = []
    timers.setTimeout(() => seen.push(currentNamespace()), 1)
    createNamespace({ name: 'other' }).run(() => timers.setImmediate(() => seen.push(currentNamespace())))
    await aWhile()
    assert.deepEqual(seen, [ns, ns])
  })

  test('are counted while they wait and keep their guest alive', async () => {
    const { ns, timers, counts } = makeGuest('counted')
    ns.run(() => {
      const timeout = timers.setTimeout(() => {}, 1000)
      const interval = timers.setInterval(() => {}, 1000)
      timers.setImmediate(() => {})
      assert.deepEqual([counts()['Timeout'], counts()['Immediate']], [2, 1])
      interval.unref()
      assert.equal(counts()['Timeout'], 1)
      timers.clearTimeout(Number(timeout))
      assert.equal(counts()['Timeout'], 0)
      timers.clearInterval(interval)
    })
    await aWhile()
    assert.equal(counts()['Immediate'], 0)
  })

  test('that their callback refreshes still count', async () => {
    const { ns, timers, counts } = makeGuest('refreshed')
    const counted: unknown[] = []
    await new Promise<void>((resolve) => {
      const timeout = ns.run(() =>
        timers.setTimeout(() => {
          if (counted.push(counts()['Timeout']) === 1) timeout.refresh()
          else resolve()
        }, 1),
      )
    })
    assert.equal(counted.length, 2)
    assert.equal(counts()['Timeout'], 0)
  })

  test('end with their guest', async () => {
    const { ns, timers } = makeGuest('ends')
    const seen: string[] = []
    ns.run(() => {
      timers.setTimeout(() => seen.push('timeout'), 1)
      timers.setInterval(() => seen.push('interval'), 1)
      timers.setImmediate(() => seen.push('immediate'))
    })
    ns[Symbol.dispose]()
    await aWhile()
    assert.deepEqual(seen, [])
    assert.throws(() => timers.setTimeout(() => {}, 1), { code: 'VISOR_GUEST_ENDED' })
  })

  test('tell when their guest has none left', async () => {
    const { ns, timers } = makeGuest('idle')
    const seen: string[] = []
    await new Promise<void>((resolve) => {
      ns.run(() => {
        timers.setTimeout(() => timers.setImmediate(() => seen.push('immediate')), 1)
      })
      livenessOf(ns).watch(resolve)
    })
    assert.deepEqual(seen, ['immediate'])
  })

  test('refuse what Node refuses, with errors of the guest', () => {
    const { ns, timers } = makeGuest('strict')
    for (const name of ['setTimeout', 'setInterval', 'setImmediate'] as const) {
      assert.throws(() => ns.run(() => timers[name]('text' as never)), {
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_TYPE',
        message: 'The "callback" argument must be of type function. Received type string (\'text\')',
      })
    }
  })

  test('have promises of their own', async () => {
    const { ns, timers, counts } = makeGuest('promises')
    await ns.run(async () => {
      const waiting = promisify(timers.setTimeout)(1, 'value')
      assert.equal(counts()['Timeout'], 1)
      assert.equal(await waiting, 'value')
      assert.equal(await promisify(timers.setImmediate)('now'), 'now')
      assert.equal(promisify(timers.setTimeout), timers.promises.setTimeout)
      const ticks = timers.promises.setInterval(1, 'tick')
      assert.deepEqual(await ticks[Symbol.asyncIterator]().next(), { done: false, value: 'tick' })
      await timers.promises.scheduler.wait(1)
      await timers.promises.scheduler.yield()
      await assert.rejects(timers.promises.setTimeout(1, 0, { signal: AbortSignal.abort() }), { code: 'ABORT_ERR' })
      await assert.rejects(timers.promises.setTimeout('1' as never), { code: 'ERR_INVALID_ARG_TYPE' })
    })
    ns[Symbol.dispose]()
  })
})

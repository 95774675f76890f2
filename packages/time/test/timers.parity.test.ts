import { AsyncLocalStorage } from 'node:async_hooks'
import * as nodeTimers from 'node:timers'
import * as nodePromises from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createNamespace, currentNamespace, slots } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { createClock, createTimeInterceptor } from '@libvisor/time'
import type { ManualClock } from '@libvisor/time'

/** Timers, and what lets time pass. */
interface Subject {
  readonly timers: typeof nodeTimers
  readonly promises: typeof nodePromises
  pass(ms: number): Promise<void>
}

function guest(): Subject & { readonly ns: Namespace; readonly clock: ManualClock } {
  const ns = createNamespace({ name: 'guest' })
  const clock = createClock({ mode: 'manual', startMs: 0 })
  ns.provide(slots.clock, clock)
  const { modules } = createTimeInterceptor().bind(ns)
  return {
    ns,
    clock,
    timers: modules['timers']!() as typeof nodeTimers,
    promises: modules['timers/promises']!() as typeof nodePromises,
    pass: (ms) => clock.advance(ms),
  }
}

const native = (): Subject => ({
  timers: nodeTimers,
  promises: nodePromises,
  pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
})

/** A list that says when it has become long enough. */
function record<T>(length: number): { readonly items: T[]; readonly full: Promise<void>; add(item: T): void } {
  const items: T[] = []
  let resolve = (): void => {}
  const full = new Promise<void>((done) => (resolve = done))
  return { items, full, add: (item) => void (items.push(item) === length && resolve()) }
}

function outcome(call: () => unknown): unknown {
  try {
    return call() === undefined ? 'undefined' : 'something'
  } catch (error) {
    const { name, code, message } = error as Error & { code?: unknown }
    return { name, code, message }
  }
}

/** One body, run over real timers and over a guest's. */
function behave(make: () => Subject): void {
  it('fires by due time, then by insertion, with ticks and microtasks between', async () => {
    const { timers, pass } = make()
    const order = record<string>(5)
    timers.setTimeout(() => order.add('late'), 40)
    timers.setTimeout(
      (...args: unknown[]) => {
        order.add(`first ${args.join()}`)
        queueMicrotask(() => order.add('microtask'))
        process.nextTick(() => order.add('tick'))
      },
      10,
      1,
      2,
    )
    timers.setTimeout(() => order.add('second'), 10)
    await Promise.all([order.full, pass(60)])
    expect(order.items).toEqual(['first 1,2', 'tick', 'microtask', 'second', 'late'])
  })

  it('fires timers that timers make', async () => {
    const { timers, pass } = make()
    const order = record<number>(4)
    const again = (depth: number): void => {
      order.add(depth)
      if (depth < 3) timers.setTimeout(again, 2, depth + 1)
    }
    timers.setTimeout(again, 2, 0)
    await Promise.all([order.full, pass(20)])
    expect(order.items).toEqual([0, 1, 2, 3])
  })

  it('does not fire what has been cleared, by object, by number or by string', async () => {
    const { timers, pass } = make()
    const fired: string[] = []
    timers.clearTimeout(timers.setTimeout(() => fired.push('object'), 5))
    timers.clearTimeout(+timers.setTimeout(() => fired.push('number'), 5))
    timers.clearTimeout(`${timers.setTimeout(() => fired.push('string'), 5) as unknown as number}`)
    timers.clearInterval(timers.setTimeout(() => fired.push('interval'), 5))
    timers.setTimeout(() => fired.push('close'), 5).close()
    timers.setTimeout(() => fired.push('dispose'), 5)[Symbol.dispose]()
    const second = timers.setTimeout(() => fired.push('cleared by the first'), 5)
    const first = timers.setTimeout(() => timers.clearTimeout(second), 1)
    expect(first).not.toBe(second)
    for (const nothing of [undefined, null, 0, 'x', {}]) timers.clearTimeout(nothing as never)
    await pass(20)
    expect(fired).toEqual([])
  })

  it('repeats an interval until it is cleared, also by itself', async () => {
    const { timers, pass } = make()
    let count = 0
    await new Promise<void>((resolve) => {
      const interval = timers.setInterval(() => {
        if (++count < 3) return
        timers.clearInterval(interval)
        resolve()
      }, 5)
      void pass(40)
    })
    await pass(20)
    expect(count).toBe(3)
  })

  it('refresh() starts the wait anew, also from inside the callback', async () => {
    const { timers, pass } = make()
    const seen = record<string>(2)
    const postponed = timers.setTimeout(() => seen.add('postponed'), 60)
    timers.setTimeout(() => postponed.refresh(), 30)
    timers.setTimeout(() => seen.add('at 75'), 75)
    let runs = 0
    const self = timers.setTimeout(() => {
      if (++runs < 2) self.refresh()
    }, 5)
    await Promise.all([seen.full, pass(120)])
    expect(seen.items).toEqual(['at 75', 'postponed'])
    expect(runs).toBe(2)
  })

  it('shows a Timeout with its methods', () => {
    const { timers } = make()
    const timeout = timers.setTimeout(() => {}, 5)
    expect(timeout.constructor.name).toBe('Timeout')
    expect(timeout).toBeInstanceOf((setTimeout(() => {}, 0).unref() as object).constructor)
    expect([timeout.hasRef(), timeout.unref() === timeout, timeout.hasRef()]).toEqual([true, true, false])
    expect([timeout.ref() === timeout, timeout.hasRef(), timeout.refresh() === timeout]).toEqual([true, true, true])
    expect(typeof timeout[Symbol.toPrimitive]()).toBe('number')
    timers.clearTimeout(timeout)
  })

  it('refuses what is no function', () => {
    const { timers } = make()
    for (const bad of [undefined, null, 1, 'code', {}]) {
      expect(outcome(() => timers.setTimeout(bad as never, 1))).toEqual(
        outcome(() => nodeTimers.setTimeout(bad as never, 1)),
      )
      expect(outcome(() => timers.setInterval(bad as never, 1))).toEqual(
        outcome(() => nodeTimers.setInterval(bad as never, 1)),
      )
    }
  })

  it('runs a callback in the async context in which the timer was made', async () => {
    const { timers, pass } = make()
    const store = new AsyncLocalStorage<string>()
    const seen = record<string | undefined>(2)
    store.run('a', () => timers.setTimeout(() => seen.add(store.getStore()), 20))
    store.run('b', () => timers.setTimeout(() => seen.add(store.getStore()), 1))
    await Promise.all([seen.full, store.run('c', () => pass(30))])
    expect(seen.items).toEqual(['b', 'a'])
  })

  it('timers/promises resolve with their value and can be aborted', async () => {
    const { promises, pass } = make()
    const value = promises.setTimeout(5, 'value')
    const controller = new AbortController()
    const aborted = promises.setTimeout(5, 'never', { signal: controller.signal })
    const waited = promises.scheduler.wait(5)
    controller.abort(new Error('because'))
    const failure = (await aborted.catch((error: unknown) => error)) as Error & { code: string }
    expect([failure.name, failure.code, failure.message]).toEqual([
      'AbortError',
      'ABORT_ERR',
      'The operation was aborted',
    ])
    expect((failure.cause as Error).message).toBe('because')
    await pass(10)
    expect([await value, await waited]).toEqual(['value', undefined])
  })

  it('timers/promises refuse what Node refuses', async () => {
    const { promises } = make()
    for (const args of [['x'], [1, 2, 3], [1, 2, { signal: 1 }], [1, 2, { ref: 1 }], [1, 2, null]]) {
      const failed = async (timers: typeof nodePromises): Promise<unknown> => {
        const error = (await (timers.setTimeout as (...args: unknown[]) => Promise<unknown>)(...args).catch(
          (e: unknown) => e,
        )) as Error
        return [error.name, error.message]
      }
      expect(await failed(promises)).toEqual(await failed(nodePromises))
    }
  })

  it('an async interval yields its value for each tick', async () => {
    const { promises, pass } = make()
    const seen: number[] = []
    const loop = (async () => {
      for await (const value of promises.setInterval(5, 7)) if (seen.push(value) === 3) break
    })()
    await Promise.all([loop, pass(60)])
    expect(seen).toEqual([7, 7, 7])
  })
}

describe('timers of the host', () => behave(native))
describe('timers of a guest with a manual clock', () => behave(guest))

describe('a manual clock', () => {
  it('shows each timer the very moment at which it is due', async () => {
    const { clock, timers } = guest()
    const seen: number[] = []
    timers.setTimeout(() => seen.push(clock.now()), 30)
    timers.setInterval(() => seen.push(clock.now()), 20)
    await clock.advance(60)
    expect(seen).toEqual([20, 30, 40, 60])
  })

  it("runs callbacks in the timer's namespace, and none after its end", async () => {
    const { ns, clock, timers } = guest()
    const seen: unknown[] = []
    timers.setTimeout(() => seen.push(currentNamespace()), 1)
    timers.setTimeout(() => seen.push('late'), 5)
    await clock.advance(2)
    ns[Symbol.dispose]()
    await clock.advance(10)
    expect(seen).toEqual([ns])
  })
})

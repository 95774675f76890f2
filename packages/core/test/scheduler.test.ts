import { describe, expect, it, onTestFinished } from 'vitest'
import { createNamespace, deliver, fulfil, ownerHere } from '@libvisor/core'

describe('the scheduler of the event loop', () => {
  it('empties the queues of ticks and microtasks between two deliveries of one turn', async () => {
    const ns = createNamespace({ name: 'a' })
    const seen: string[] = []
    await new Promise<void>((resolve) => {
      for (const name of ['first', 'second']) {
        deliver(ownerHere(ns), 'io', () => {
          seen.push(name)
          process.nextTick(() => seen.push(`tick of ${name}`))
          void Promise.resolve()
            .then(() => {})
            .then(() => seen.push(`microtask of ${name}`))
        })
      }
      deliver(ownerHere(ns), 'io', resolve)
    })
    expect(seen).toEqual([
      'first',
      'tick of first',
      'microtask of first',
      'second',
      'tick of second',
      'microtask of second',
    ])
  })

  it('delivers what stands behind a task that throws', async () => {
    const ns = createNamespace({ name: 'a' })
    const thrown: unknown[] = []
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.on('uncaughtException', (error) => thrown.push(error))
    onTestFinished(() => {
      process.removeAllListeners('uncaughtException')
      for (const listener of listeners) process.on('uncaughtException', listener)
    })
    const error = new Error('on purpose')
    const seen: string[] = []
    await new Promise<void>((resolve) => {
      deliver(ownerHere(ns), 'io', () => seen.push('before'))
      deliver(ownerHere(ns), 'io', () => {
        throw error
      })
      deliver(ownerHere(ns), 'io', () => seen.push('after'))
      deliver(ownerHere(ns), 'io', resolve)
    })
    expect(seen).toEqual(['before', 'after'])
    expect(thrown).toEqual([error])
  })

  it('fulfils promises in the order of deliveries, after immediates that are pending, and not after the end of the guest', async () => {
    const ns = createNamespace({ name: 'a' })
    const ended = createNamespace({ name: 'b' })
    const seen: string[] = []
    const promised = (name: string, of = ns): Promise<unknown> =>
      new Promise<string>((resolve) => fulfil(of, resolve, name)).then((value) => seen.push(value))
    const first = promised('promise')
    void promised('promise of nobody', ended)
    deliver(ownerHere(ns), 'io', () => seen.push('delivery'))
    setImmediate(() => seen.push('immediate'))
    const last = promised('last promise')
    ended[Symbol.dispose]()
    await Promise.all([first, last])
    expect(seen).toEqual(['immediate', 'promise', 'delivery', 'last promise'])
  })
})

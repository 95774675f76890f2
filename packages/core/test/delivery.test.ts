import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, it } from 'vitest'
import {
  callNative,
  createNamespace,
  currentNamespace,
  deliver,
  deliverEach,
  lastDelivery,
  ownerHere,
} from '@libvisor/core'
import type { Namespace } from '@libvisor/core'

const turn = (): Promise<void> =>
  new Promise((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))))

describe('the delivery gate', () => {
  it("runs a server's handler in the server's namespace, also where its client started the delivery", async () => {
    const server = createNamespace({ name: 'server' })
    const client = createNamespace({ name: 'client' })
    const owner = server.run(() => ownerHere(server))
    const seen: (string | undefined)[] = []
    client.run(() => deliver(owner, 'data', () => seen.push(currentNamespace()?.name)))
    await turn()
    expect(seen).toEqual(['server'])
  })

  it("enters the async context in which the owner was made, with the guest's own stores", async () => {
    const store = new AsyncLocalStorage<string>()
    const ns = createNamespace({ name: 'a' })
    const owner = ns.run(() => store.run('request 1', () => ownerHere(ns)))
    const seen: (string | undefined)[] = []
    store.run('request 2', () => deliver(owner, 'io', () => seen.push(store.getStore())))
    await turn()
    expect(seen).toEqual(['request 1'])
  })

  it('leaves a native section that was open where the owner was made', async () => {
    const ns = createNamespace({ name: 'a' })
    const owner = ns.run(() => callNative(() => ownerHere(ns)))
    const current = await new Promise<Namespace | undefined>((resolve) =>
      deliver(owner, 'io', () => resolve(currentNamespace())),
    )
    expect(current).toBe(ns)
  })

  it("drops what comes after the end of the owner's namespace", async () => {
    const ns = createNamespace({ name: 'a' })
    const seen: string[] = []
    const owner = ownerHere(ns)
    deliver(owner, 'io', () => seen.push('late'))
    ns[Symbol.dispose]()
    deliver(owner, 'io', () => seen.push('later'))
    await turn()
    expect(seen).toEqual([])
  })

  it('runs each task in a turn of its own, with microtasks between them', async () => {
    const ns = createNamespace({ name: 'a' })
    const order: string[] = []
    const owner = ownerHere(ns)
    deliver(owner, 'io', () => {
      order.push('first')
      queueMicrotask(() => order.push('microtask of the first'))
      process.nextTick(() => order.push('tick of the first'))
    })
    deliver(owner, 'io', () => order.push('second'))
    await turn()
    expect(order).toEqual(['first', 'tick of the first', 'microtask of the first', 'second'])
  })

  it('does not overtake immediates that were set before it or in the same turn', async () => {
    const ns = createNamespace({ name: 'a' })
    const order: string[] = []
    setImmediate(() => order.push('before'))
    deliver(ownerHere(ns), 'io', () => order.push('delivery'))
    setImmediate(() => order.push('after'))
    await turn()
    expect(order).toEqual(['before', 'after', 'delivery'])
  })

  it('calls a task that has more to deliver up to 32 times in one turn, with ticks and microtasks between', async () => {
    const ns = createNamespace({ name: 'a' })
    const turns: number[] = [0]
    const order: string[] = []
    await new Promise<void>((resolve) => {
      const nextTurn = (): void => {
        if (turns.push(0) < 100) setImmediate(nextTurn)
      }
      setImmediate(nextTurn)
      let count = 0
      deliverEach(ownerHere(ns), 'data', () => {
        turns[turns.length - 1]!++
        order.push(`${++count}`)
        process.nextTick(() => order.push(`tick of ${order.at(-1)}`))
        if (count === 40) setImmediate(resolve)
        return count < 40
      })
    })
    expect(turns.filter((calls) => calls > 0)).toEqual([32, 8])
    expect(order).toHaveLength(80)
    for (let at = 0; at < order.length; at += 2) expect(order[at + 1]).toBe(`tick of ${order[at]}`)
  })

  it('calls a task no more that has more to deliver when its namespace has ended in between', async () => {
    const ns = createNamespace({ name: 'a' })
    let calls = 0
    deliverEach(ownerHere(ns), 'data', () => {
      process.nextTick(() => ns[Symbol.dispose]())
      return ++calls < 10
    })
    await turn()
    await turn()
    expect(calls).toBe(1)
  })

  it('keeps who was entered last', async () => {
    const ns = createNamespace({ name: 'a' })
    deliver(ownerHere(ns), 'timer', () => {})
    await turn()
    expect(lastDelivery()).toEqual({ ns, kind: 'timer' })
  })
})

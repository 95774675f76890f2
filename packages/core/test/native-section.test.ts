import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  bindGuest,
  callNative,
  callNativeSync,
  createCurrent,
  createNamespace,
  currentNamespace,
  inNativeSection,
  setOwner,
} from '@libvisor/core'

describe('a native section', () => {
  it('covers what an original does after asynchronous hops', async () => {
    const ns = createNamespace({ name: 'a' })
    const original = async (): Promise<boolean> => {
      await delay(1)
      return inNativeSection()
    }
    expect(await ns.run(() => callNative(original))).toBe(true)
    expect(inNativeSection()).toBe(false)
  })

  it("calls the guest's callback outside of itself, with its receiver and arguments", () => {
    const ns = createNamespace({ name: 'a' })
    const seen: unknown[] = []
    const receiver = {}
    const callback = function (this: unknown, value: number): void {
      seen.push(this, value, inNativeSection(), currentNamespace()?.name)
    }
    const original = (done: (this: unknown, value: number) => void): void => done.call(receiver, 1)
    ns.run(() => callNative(original, bindGuest(callback)))
    ns.run(() => callNativeSync(original, bindGuest(callback)))
    expect(seen).toEqual([receiver, 1, false, 'a', receiver, 1, false, 'a'])
  })

  it('is left when a synchronous original throws', () => {
    expect(() =>
      callNativeSync(() => {
        throw new Error('native')
      }),
    ).toThrow('native')
    expect(inNativeSection()).toBe(false)
  })
})

describe('who is asking', () => {
  it('is the object that was made in a namespace, before the async context', () => {
    const a = createNamespace({ name: 'a' })
    const b = createNamespace({ name: 'b' })
    const current = createCurrent()
    const socket = {}
    setOwner(socket, a)
    expect(b.run(() => current(socket))).toBe(a)
    expect(b.run(() => current())).toBe(b)
    expect(current()).toBeUndefined()
  })

  it('is the namespace of the realm where nothing else answers', () => {
    const ns = createNamespace({ name: 'a' })
    const current = createCurrent(ns)
    expect(current()).toBe(ns)
    expect(callNative(() => current())).toBeUndefined()
  })
})

import { describe, expect, it } from 'vitest'
import { createPolicy } from '@libvisor/core'
import { sealGlobals } from '../src/guest/seal-globals.ts'

/** A global object with two properties that a guest does not get, and how often it was closed. */
function createGlobal(): { global: typeof globalThis; sealed: () => number; seal: () => void } {
  const properties = { localStorage: 'the host’s', Worker: Map, gc: () => 'collected' }
  const global = Object.defineProperties({}, Object.getOwnPropertyDescriptors(properties)) as typeof globalThis
  let sealed = 0
  const seal = (): void => {
    // What closes it finds Node's own properties.
    expect(Object.getOwnPropertyDescriptor(global, 'localStorage')).toHaveProperty('value', 'the host’s')
    Object.defineProperty(global, 'localStorage', { value: 'closed' })
    sealed++
  }
  return { global, sealed: () => sealed, seal }
}

describe('sealGlobals()', () => {
  it('closes the global object before anything of what is closed can be read, and once', () => {
    const { global, sealed, seal } = createGlobal()
    sealGlobals(global, createPolicy(), seal)
    expect(sealed()).toBe(0)
    expect(Object.getOwnPropertyDescriptor(global, 'localStorage')).not.toHaveProperty('value')
    expect(Reflect.get(global, 'localStorage')).toBe('closed')
    expect(Reflect.get(global, 'Worker')).toBeTypeOf('function')
    expect(sealed()).toBe(1)
  })

  it('closes it when something of it is replaced, and leaves what the program put there', () => {
    const { global, sealed, seal } = createGlobal()
    sealGlobals(global, createPolicy(), seal)
    Reflect.set(global, 'Worker', 7)
    expect([Reflect.get(global, 'Worker'), sealed()]).toEqual([7, 1])
  })

  it('gives the getter that a program has read before the closed value, too', () => {
    const { global, seal } = createGlobal()
    sealGlobals(global, createPolicy(), seal)
    const get = Object.getOwnPropertyDescriptor(global, 'localStorage')?.get
    expect(Reflect.get(global, 'localStorage')).toBe('closed')
    expect(get?.call(global)).toBe('closed')
  })

  it('closes at once where a property cannot be replaced, or the policy denies what another one holds', () => {
    const frozen = createGlobal()
    Object.defineProperty(frozen.global, 'Worker', { value: Map, configurable: false })
    sealGlobals(frozen.global, createPolicy(), frozen.seal)
    expect(frozen.sealed()).toBe(1)

    const denied = createGlobal()
    Object.defineProperty(denied.global, 'crypto', { value: {}, configurable: true })
    sealGlobals(denied.global, createPolicy({ denied: ['crypto.subtle'] }), denied.seal)
    expect(denied.sealed()).toBe(1)
  })
})

import { describe, expect, it } from 'vitest'
import { createPatchRegistry, mimic } from '@libvisor/core'

describe('the patch registry', () => {
  it('restores descriptors, and removes what was not there, last patched first', () => {
    const target: Record<string, unknown> = {}
    Object.defineProperty(target, 'hidden', { value: 1, enumerable: false, writable: false, configurable: true })
    const before = Object.getOwnPropertyDescriptors(target)
    const patches = createPatchRegistry()
    patches.patch(target, 'hidden', { value: 2 })
    patches.patch(target, 'added', { get: () => 3 })
    expect([target['hidden'], target['added'], patches.size]).toEqual([2, 3, 2])
    expect(Object.keys(target)).toEqual(['added'])
    patches[Symbol.dispose]()
    patches[Symbol.dispose]()
    expect(Object.getOwnPropertyDescriptors(target)).toEqual(before)
  })

  it('refuses to patch a property twice, and allows it again after a restore', () => {
    const target = { method: () => 1 }
    const patches = createPatchRegistry()
    patches.patch(target, 'method', { value: () => 2 })
    expect(() => patches.patch(target, 'method', { value: () => 3 })).toThrow(
      expect.objectContaining({ code: 'VISOR_LOADED_TWICE' }),
    )
    patches[Symbol.dispose]()
    patches.patch(target, 'method', { value: () => 4 })
    expect(target.method()).toBe(4)
  })
})

describe('mimic', () => {
  it("copies name, length and symbols of a function, and leaves the replacement's prototype", () => {
    const custom = Symbol('custom')
    const original = Object.assign(function open(_path: string, _flags: string) {}, { [custom]: 1 })
    const replacement = mimic(original, (..._args: unknown[]) => {})
    expect([replacement.name, replacement.length]).toEqual(['open', 2])
    expect((replacement as unknown as Record<symbol, unknown>)[custom]).toBe(1)
  })
})

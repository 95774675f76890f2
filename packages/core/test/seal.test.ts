import { describe, expect, test } from 'vitest'
import v8 from 'node:v8'
import {
  createCurrent,
  createNamespace,
  createPatchRegistry,
  createPolicy,
  refusalOf,
  sealExports,
} from '@libvisor/core'
import type { Namespace, PatchRegistry } from '@libvisor/core'

type Bag = Record<string, unknown>

/** Seals a copy of what a built-in exports, so that this process stays as it is. */
function sealed(id: string, exports: object, ns?: Namespace): { exports: Bag; patches: PatchRegistry } {
  const copy = Object.defineProperties({}, Object.getOwnPropertyDescriptors(exports)) as Bag
  const patches = createPatchRegistry()
  sealExports({ id, exports: copy, patches, current: createCurrent(ns) })
  return { exports: copy, patches }
}

const call = (fn: unknown, ...args: unknown[]): unknown => (fn as (...args: unknown[]) => unknown)(...args)

describe('sealExports()', () => {
  test('makes a denied function throw an error that names it, when called and when constructed', () => {
    const { exports } = sealed('v8', v8, createNamespace({ name: 'a' }))
    const refusal = expect.objectContaining({
      code: 'VISOR_UNSUPPORTED',
      message: expect.stringContaining('v8.setFlagsFromString is not supported in a guest: ') as string,
    }) as Error
    expect(() => call(exports.setFlagsFromString, '--no-opt')).toThrow(refusal)
    expect(() => Reflect.construct(exports.setFlagsFromString as () => void, [])).toThrow(refusal)
  })

  test('leaves what is pure as it is', () => {
    expect(sealed('v8', v8, createNamespace({ name: 'a' })).exports.serialize).toBe(v8.serialize)
  })

  test('closes a denied object but for what the table allows of it', () => {
    const { startupSnapshot } = sealed('v8', v8, createNamespace({ name: 'a' })).exports as unknown as typeof v8
    expect(startupSnapshot.isBuildingSnapshot()).toBeFalsy()
    expect(() => startupSnapshot.addSerializeCallback).toThrow('v8.startupSnapshot.addSerializeCallback')
  })

  test('closes an export that the table does not know', () => {
    const added = { newFunction: () => 'real', newObject: { power: 1 }, NEW_CONSTANT: 7 }
    const { exports } = sealed('v8', added, createNamespace({ name: 'a' }))
    expect(() => call(exports.newFunction)).toThrow('v8.newFunction is not supported')
    expect(() => (exports.newObject as Bag).power).toThrow('v8.newObject.power is not supported')
    expect(exports.NEW_CONSTANT).toBe(7)
  })

  test('leaves properties that a program has added to the global object', () => {
    const added = { describe: () => 'test runner' }
    expect(sealed('globalThis', added, createNamespace({ name: 'a' })).exports.describe).toBe(added.describe)
  })

  test('asks the policy when a function that works on the host is called', () => {
    const denying = createNamespace({ name: 'a', policy: createPolicy({ denied: ['v8.getHeapStatistics'] }) })
    const allowing = createNamespace({ name: 'b' })
    const { exports } = sealed('v8', v8)
    expect(() => denying.run(() => call(exports.getHeapStatistics))).toThrow(
      expect.objectContaining({
        code: 'VISOR_DENIED',
        message: expect.stringContaining('v8.getHeapStatistics') as string,
      }) as Error,
    )
    expect(allowing.run(() => call(exports.getHeapStatistics))).toHaveProperty('used_heap_size')
  })

  test('leaves Node’s own functions where the namespace of the whole realm allows them', () => {
    const seal = (denied: readonly string[]): unknown => {
      const exports = { getHeapStatistics: v8.getHeapStatistics }
      const owner = createNamespace({ name: 'a', policy: createPolicy({ denied }) })
      sealExports({ id: 'v8', exports, patches: createPatchRegistry(), current: createCurrent(owner), owner })
      return exports.getHeapStatistics
    }
    expect(seal([])).toBe(v8.getHeapStatistics)
    expect(() => call(seal(['v8.getHeapStatistics']))).toThrow('v8.getHeapStatistics is denied')
  })

  test('changes nothing for code outside of any namespace', () => {
    const { exports } = sealed('v8', { ...v8, setFlagsFromString: () => 'host' })
    expect(call(exports.setFlagsFromString)).toBe('host')
    expect((exports.startupSnapshot as typeof v8.startupSnapshot).addSerializeCallback).toBeTypeOf('function')
    const ns = createNamespace({ name: 'a' })
    expect(() => ns.run(() => call(exports.setFlagsFromString))).toThrow('v8.setFlagsFromString')
  })

  test('leaves to an area what it has taken over', () => {
    const exports = { setFlagsFromString: () => 'original' }
    const patches = createPatchRegistry()
    patches.patch(exports, 'setFlagsFromString', { value: () => 'virtual' })
    sealExports({ id: 'v8', exports, patches, current: createCurrent(createNamespace({ name: 'a' })) })
    expect(exports.setFlagsFromString()).toBe('virtual')
  })

  test('closes what an export object holds and the object as a whole does not deny', () => {
    const report = { compact: () => 'compact', writeReport: () => 'written' }
    const { exports } = sealed('process', { report }, createNamespace({ name: 'a' }))
    expect((exports.report as typeof report).compact()).toBe('compact')
    expect(() => (exports.report as typeof report).writeReport()).toThrow('process.report.writeReport')
  })

  test('lets a getter without a value have none, so that feature detection works', () => {
    const accessor = (value: unknown): object => ({ get localStorage() { return value } }) // prettier-ignore
    const ns = createNamespace({ name: 'a' })
    expect(sealed('globalThis', accessor(undefined), ns).exports.localStorage).toBeUndefined()
    const { exports } = sealed('globalThis', accessor({ getItem: () => 'real' }), ns)
    expect(() => (exports.localStorage as Storage).getItem('a')).toThrow('localStorage.getItem is not supported')
    const Thread = Map
    expect(() =>
      Reflect.construct(sealed('globalThis', accessor(Thread), ns).exports.localStorage as typeof Thread, []),
    ).toThrow('localStorage is not supported')
    exports.localStorage = 'replaced'
    expect(exports.localStorage).toBe('replaced')
  })

  test('refuses a built-in whose denied export Node does not let be replaced', () => {
    const frozen = Object.freeze({ setFlagsFromString: () => 'real' })
    expect(() => sealed('v8', frozen, createNamespace({ name: 'a' }))).toThrow('Node does not let it be replaced')
  })

  test('is undone with the patches of the realm', () => {
    const exports = { setFlagsFromString: () => 'original', queryObjects: () => 'original' }
    const before = { ...exports }
    const patches = createPatchRegistry()
    sealExports({ id: 'v8', exports, patches, current: createCurrent() })
    expect(exports.queryObjects).not.toBe(before.queryObjects)
    patches[Symbol.dispose]()
    expect(exports).toEqual(before)
  })
})

describe('refusalOf()', () => {
  test('names a built-in that is denied, and one that is not known', () => {
    expect(refusalOf('node:wasi')?.message).toMatch(/^node:wasi is not supported in a guest: /)
    expect(refusalOf('tomorrow')?.message).toMatch(/^node:tomorrow is not supported in a guest: /)
  })

  test('lets pass what is pure, virtual, or works on the host without a policy against it', () => {
    const passing = [
      refusalOf('fs'),
      refusalOf('fs', 'open'),
      refusalOf('url', 'URL'),
      refusalOf('sqlite', 'DatabaseSync'),
    ]
    expect(passing).toEqual([undefined, undefined, undefined, undefined])
  })
})

test('every denied export of the running Node can be replaced', () => {
  const ns = createNamespace({ name: 'a' })
  for (const id of ['v8', 'net', 'dgram', 'crypto', 'inspector', 'cluster', 'trace_events', 'child_process']) {
    expect(() => sealed(id, process.getBuiltinModule(id) as object, ns), id).not.toThrow()
  }
  expect(() => sealed('process', process, ns)).not.toThrow()
})

import { expect, test } from 'vitest'
import vm from 'node:vm'
import { intrinsicsOf } from '@libvisor/abi'
import { createNamespace, restatePlain } from '@libvisor/core'

const guest = vm.runInNewContext('globalThis') as typeof globalThis
const ns = createNamespace({ name: 'a', intrinsics: intrinsicsOf(guest) })

test('a copy and all in it belong to the realm of the guest', () => {
  const copy = restatePlain(ns, { list: [1, ['b'], { c: null }], none: Object.create(null) as object })
  expect(copy).toBeInstanceOf(guest.Object)
  expect(copy.list).toBeInstanceOf(guest.Array)
  expect(copy.list[1]).toBeInstanceOf(guest.Array)
  expect(copy.list[2]).toBeInstanceOf(guest.Object)
  expect(Object.getPrototypeOf(copy.none)).toBeNull()
  expect(JSON.stringify(copy)).toBe('{"list":[1,["b"],{"c":null}],"none":{}}')
})

test('a copy changes nothing of what it is a copy of', () => {
  const list = [['a']]
  restatePlain(ns, list)[0]?.push('b')
  expect(list).toEqual([['a']])
  expect(list[0]).toBeInstanceOf(Array)
})

test('what is frozen or cannot be written stays so', () => {
  const fixed = { value: 1, writable: false, enumerable: true, configurable: true }
  const { config, versions } = restatePlain(ns, {
    config: Object.freeze({ files: Object.freeze(['a']), variables: Object.freeze({ x: 1 }) }),
    versions: Object.defineProperty({}, 'node', fixed),
  })
  expect([config, config.files, config.variables].every(Object.isFrozen)).toBe(true)
  expect(Object.getOwnPropertyDescriptor(versions, 'node')).toEqual(fixed)
})

test('holes of an array stay holes', () => {
  const copy = restatePlain(ns, new Array<number>(2))
  expect([copy.length, 0 in copy]).toEqual([2, false])
})

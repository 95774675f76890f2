import assert from 'node:assert/strict'
import { createDispatcher, createNamespace, isOneNamespace } from '@libvisor/core'
import { test } from 'vitest'

const ns = createNamespace({ name: 'a' })

function setUp(passes: boolean): { readonly call: (...args: unknown[]) => unknown; readonly asked: unknown[] } {
  const asked: unknown[] = []
  const original = (first: unknown, second: unknown = 'default'): unknown => ['original', first, second]
  const current = (receiver: unknown): typeof ns => {
    asked.push(receiver)
    return ns
  }
  const own = (...args: unknown[]): unknown => ['own', ...args]
  const dispatcher = createDispatcher(
    original as never,
    current,
    () => own,
    (first) => passes && first === 'path',
  )
  return { call: dispatcher, asked }
}

test('a call that passes goes to the original, and nobody is asked whose it is', () => {
  const { call, asked } = setUp(true)
  assert.deepEqual(call('path'), ['original', 'path', 'default'])
  assert.deepEqual(call('path', { bigint: true }), ['original', 'path', { bigint: true }])
  assert.deepEqual(asked, [])
})

test('a call that does not pass is the namespace’s, with all of its arguments', () => {
  const { call, asked } = setUp(true)
  assert.deepEqual(call('another'), ['own', 'another'])
  assert.deepEqual(call(), ['own'])
  assert.deepEqual(setUp(false).call('path', 1, 2), ['own', 'path', 1, 2])
  assert.equal(asked.length, 2)
})

test('there is one namespace until another is made, whatever becomes of that', () => {
  assert.equal(isOneNamespace(), true)
  createNamespace({ name: 'b' })[Symbol.dispose]()
  assert.equal(isOneNamespace(), false)
})

import assert from 'node:assert/strict'
import ts from 'typescript'
import { describe, test } from 'vitest'
import { declares, hostPower, importOf, scheduling } from '../source-rules.ts'

/** What a rule finds in a source, in its order. */
function found<T>(text: string, rule: (node: ts.Node) => T | undefined): readonly T[] {
  const source = ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true)
  const results: T[] = []
  const visit = (node: ts.Node): void => {
    const result = rule(node)
    if (result !== undefined) results.push(result)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return results
}

describe('importOf()', () => {
  const value = (specifier: string) => ({ specifier, isType: false })
  const type = (specifier: string) => ({ specifier, isType: true })

  test('tells imports of values from those of types', () => {
    const text = `import a from 'a'; import type b from 'b'; export * from 'c'; export type { d } from 'd'; import 'e'`
    assert.deepEqual(found(text, importOf), [value('a'), type('b'), value('c'), type('d'), value('e')])
  })

  test('sees what is loaded by a call or named in a type', () => {
    const text = `await import('a'); require('b'); process.getBuiltinModule('c'); let d: import('d').D`
    assert.deepEqual(found(text, importOf), [value('a'), value('b'), value('c'), type('d')])
  })
})

describe('scheduling()', () => {
  test('finds the functions of Node that schedule, called or passed on', () => {
    const text = `setImmediate(f); process.nextTick(f); host.setTimeout(f); list.map(queueMicrotask); const x = { setInterval }`
    const names = ['setImmediate', 'process.nextTick', 'host.setTimeout', 'queueMicrotask', 'setInterval']
    assert.deepEqual(found(text, scheduling), names)
  })

  test('lets a shim define them, name them as types and call methods of that name', () => {
    const text = `
      const timers = { setTimeout: create(), nextTick() {} }
      type Timeout = typeof setTimeout
      socket.setTimeout(1000)
      this.setImmediate()`
    assert.deepEqual(found(text, scheduling), [])
  })

  test('takes a name that the file declares for its own', () => {
    assert.deepEqual(found('function setTimeout() {} setTimeout()', scheduling), [])
  })
})

test('hostPower() finds readings of the clock and of randomness', () => {
  const text = 'new Date(); Date.now(); Math.random(); performance.now(); new Date(0); Math.floor(1)'
  assert.deepEqual(found(text, hostPower), ['Date', 'Date', 'Math', 'performance'])
})

test('declares() sees parameters, variables, functions, classes and imports', () => {
  const source = (text: string) => ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true)
  for (const text of ['(a) => a', 'const { a } = b', 'function a() {}', 'class a {}', "import { a } from 'b'"]) {
    assert.equal(declares(source(text), 'a'), true, text)
  }
  assert.equal(declares(source('a(); b.a; type a = 1'), 'a'), false)
})

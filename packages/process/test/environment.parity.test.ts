import { execFileSync } from 'node:child_process'
import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEnvironment } from '@libvisor/process'
import { runOperations } from './fixtures/env-operations.mjs'
import type { Operation } from './fixtures/env-operations.mjs'

const program = new URL('fixtures/env-operations.mjs', import.meta.url).pathname

const name = fc.oneof(
  fc.constantFrom(
    'A',
    'B',
    'a',
    '',
    'A=B',
    'A\0B',
    '\0',
    'é',
    '\ud800',
    'toString',
    'hasOwnProperty',
    '__proto__',
    'constructor',
  ),
  // What is defined under an index cannot always be taken away again; there is a test of its own for those.
  fc.string({ maxLength: 6 }).filter((text) => !/^\d+$/.test(text)),
)
const value = fc.oneof(
  fc.constantFrom<Operation['value']>(
    { kind: 'undefined' },
    { kind: 'null' },
    { kind: 'symbol' },
    { kind: 'object' },
    { kind: 'throws' },
  ),
  fc
    .oneof(fc.string({ maxLength: 8 }), fc.constantFrom('', 'a\0b', '\ud800', 'ü'), fc.integer(), fc.boolean())
    .map((plain) => ({ kind: 'plain' as const, plain })),
)
const operation: fc.Arbitrary<Operation> = fc.record({
  do: fc.constantFrom(
    ...['get', 'set', 'strictSet', 'delete', 'has', 'hasOwn', 'define', 'defineAccessor', 'definePart', 'descriptor'],
    ...[
      'keys',
      'ownKeys',
      'forIn',
      'spread',
      'assign',
      'json',
      'symbolGet',
      'symbolSet',
      'symbolHas',
      'symbolDelete',
      'symbolDefine',
    ],
    ...['isExtensible', 'preventExtensions', 'inherit', 'reflectSet', 'tag', 'prototype', 'entries'],
  ),
  name,
  value,
})

describe('an environment behaves as process.env', () => {
  it('whatever is done to it', () => {
    // In groups, so that one process of the real Node answers for many.
    const runs = fc.sample(fc.array(operation, { minLength: 1, maxLength: 25 }), { seed: 5, numRuns: 400 })
    const output = execFileSync(process.execPath, [program, 'child'], {
      input: JSON.stringify(runs),
      env: {},
      encoding: 'utf8',
      maxBuffer: 2 ** 27,
    })
    const theirs = JSON.parse(output) as unknown[]
    for (const [index, operations] of runs.entries()) {
      const ours = JSON.parse(JSON.stringify(runOperations(createEnvironment({ FIRST: '1' }), operations)))
      expect(ours, inspect(operations, { depth: 5 })).toEqual(theirs[index])
    }
  })

  it('keeps what is put under an index as it is', () => {
    const put = (env: NodeJS.ProcessEnv): unknown => {
      Object.assign(env, { 4711: 1, 4712: true })
      const seen = [
        env['4711'],
        Object.getOwnPropertyDescriptor(env, 4711),
        4712 in env,
        '4711' in env,
        Object.keys(env).includes('4711'),
      ]
      delete env['4711']
      delete env['4712']
      return [...seen, 4711 in env]
    }
    expect(put(createEnvironment({}))).toEqual(put(process.env))
  })

  it('starts with what it is given, as strings, and does not change the record', () => {
    const record = { A: '1', B: undefined }
    const env = createEnvironment(record)
    env['A'] = '2'
    expect({ ...env }).toEqual({ A: '2' })
    expect(record.A).toBe('1')
  })
})

describe('an environment of a personality without case', () => {
  it('finds a name however it is written, and keeps how it was written first', async () => {
    const { linux } = await import('@libvisor/abi')
    const env = createEnvironment({ Path: 'x' }, { personality: { ...linux, envCaseSensitive: false } })
    env['PATH'] = 'y'
    expect([env['path'], Object.keys(env), 'pAtH' in env, delete env['PATH'], Object.keys(env)]).toEqual([
      'y',
      ['Path'],
      true,
      true,
      [],
    ])
  })
})

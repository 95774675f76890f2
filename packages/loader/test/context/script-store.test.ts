import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import v8 from 'node:v8'
import type vm from 'node:vm'
import { createScriptStore } from '@libvisor/loader'
import { afterEach, describe, expect, test } from 'vitest'

// As in the threads of guests: otherwise V8 looks into its own cache first.
v8.setFlagsFromString('--no-compilation-cache')

const directories: string[] = []

function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'libvisor-code-cache-'))
  directories.push(directory)
  return directory
}

afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true })
})

type Wrapper = (exports: object, require: unknown, module: { exports: unknown }) => void

function run(script: vm.Script): unknown {
  const module = { exports: undefined as unknown }
  ;(script.runInThisContext() as Wrapper)({}, undefined, module)
  return module.exports
}

/** A source that is worth a cache. */
const sourceOf = (value: number): string => `function answer() { return ${value} }\nmodule.exports = answer()\n`

describe('scripts', () => {
  test('of one content and file are one script; of another content or file, or another kind, they are not', () => {
    const scripts = createScriptStore()
    const script = scripts.commonJs('module.exports = 1', '/a.js')
    expect(scripts.commonJs('module.exports = 1', '/a.js')).toBe(script)
    expect(scripts.commonJs('module.exports = 2', '/a.js')).not.toBe(script)
    expect(scripts.commonJs('module.exports = 1', '/b.js')).not.toBe(script)
    expect(scripts.script('module.exports = 1', '/a.js')).not.toBe(script)
    expect(scripts.statistics.scripts).toBe(4)
  })

  test('keep the lines and columns of their source', () => {
    const scripts = createScriptStore()
    const script = scripts.commonJs('#!/usr/bin/env node\n  module.exports = new Error("here").stack', '/positions.js')
    expect(run(script)).toContain('/positions.js:2:20')
  })
})

describe('a code cache on disk', () => {
  test('is used by the next store, and for no other content of the same length', () => {
    const cacheDirectory = makeDirectory()
    const first = createScriptStore({ cacheDirectory })
    expect(run(first.commonJs(sourceOf(1111), '/a.js'))).toBe(1111)
    first.persist()
    expect(first.statistics).toEqual({ scripts: 1, cacheHits: 0, cacheRejections: 0 })

    const second = createScriptStore({ cacheDirectory })
    expect(run(second.commonJs(sourceOf(1111), '/elsewhere.js'))).toBe(1111)
    expect(second.statistics).toEqual({ scripts: 1, cacheHits: 1, cacheRejections: 0 })
    expect(run(second.commonJs(sourceOf(2222), '/a.js'))).toBe(2222)
    expect(second.statistics).toEqual({ scripts: 2, cacheHits: 1, cacheRejections: 0 })
  })

  test('is a miss where V8 rejects an entry, which is then written again', () => {
    const cacheDirectory = makeDirectory()
    const first = createScriptStore({ cacheDirectory })
    run(first.commonJs(sourceOf(1111), '/a.js'))
    first.persist()
    const [folder = ''] = readdirSync(cacheDirectory)
    const [name = ''] = readdirSync(join(cacheDirectory, folder))
    const file = join(cacheDirectory, folder, name)
    const good = readFileSync(file)
    writeFileSync(file, Buffer.alloc(good.length))

    const second = createScriptStore({ cacheDirectory })
    expect(run(second.commonJs(sourceOf(1111), '/a.js'))).toBe(1111)
    expect(second.statistics).toEqual({ scripts: 1, cacheHits: 0, cacheRejections: 1 })
    second.persist()

    const third = createScriptStore({ cacheDirectory })
    run(third.commonJs(sourceOf(1111), '/a.js'))
    expect(third.statistics).toEqual({ scripts: 1, cacheHits: 1, cacheRejections: 0 })
  })

  test('that cannot be written is no error', () => {
    const file = join(makeDirectory(), 'file')
    writeFileSync(file, '')
    const scripts = createScriptStore({ cacheDirectory: file })
    expect(run(scripts.commonJs(sourceOf(1111), '/a.js'))).toBe(1111)
    scripts.persist()
    scripts[Symbol.dispose]()
  })
})

describe('JSON', () => {
  const long = 'x'.repeat(10_000)
  const literalOf = (text: string): vm.Script | undefined => {
    const scripts = createScriptStore()
    expect(scripts.jsonLiteral(text)).toBe(undefined)
    return scripts.jsonLiteral(text)
  }

  test.each([
    { long, list: [1, -0, 1e308, 1e21, [], {}, null, true, ''], '': { b: 1, a: 2, 10: 0, 2: 0 } },
    [long, '\u2028\u2029\ud800 \\ " /', { constructor: 1, toString: null, get: 2, async: 3 }],
    long,
  ])('is the same from a literal, and a new value each time', (value) => {
    const text = JSON.stringify(value).replaceAll(/\\u/g, '')
    const literal = literalOf(text)!
    const made = literal.runInThisContext() as object
    expect(made).toStrictEqual(JSON.parse(text))
    expect(JSON.stringify(made)).toBe(JSON.stringify(JSON.parse(text)))
    if (typeof made === 'object') expect(literal.runInThisContext()).not.toBe(made)
  })

  test('with two members of one name has the last', () => {
    const text = `{ "a": 1, "b": 2, "a": "${long}" }`
    expect(JSON.stringify(literalOf(text)!.runInThisContext())).toBe(JSON.stringify(JSON.parse(text)))
  })

  test.each([
    ['a literal says something else', `{ "__proto__": { "a": "${long}" } }`],
    ['a literal may say something else', String.raw`{ "\u005f_proto__": { "a": "${long}" } }`],
    ['it is none', `{ "a": "${long}", }`],
    ['it would run', `process.exit(1) // ${long}`],
    ['it is short', '{ "a": 1 }'],
  ])('is parsed where %s', (_why, text) => {
    expect(literalOf(text)).toBe(undefined)
  })
})

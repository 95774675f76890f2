import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { ContextRealmOptions } from './context-realm.ts'

const directory = mkdtempSync(join(tmpdir(), 'libvisor-context-loader-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** Runs a program of files in memory in a context. */
function run(files: Readonly<Record<string, string>>, options: ContextRealmOptions = {}, ...flags: string[]): string {
  const tree = join(directory, 'tree.json')
  writeFileSync(tree, JSON.stringify(files))
  const script = join(import.meta.dirname, 'context-realm.ts')
  const [entry = ''] = Object.keys(files)
  const args = ['--experimental-vm-modules', '--no-warnings', ...flags, script]
  const { stdout, stderr } = spawnSync(process.execPath, [...args, JSON.stringify({ tree, ...options }), entry], {
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  return stdout
}

const hooksRefused = `
const Module = require('module')
for (const name of ['register', 'registerHooks'])
  try { Module[name]({}) } catch (error) { console.log(error.code, error.message) }
`

describe('hooks', () => {
  test('are refused with a reason', () => {
    const reason = "a context's modules are loaded by libvisor; use isolation: 'thread' for hooks"
    expect(run({ '/main.cjs': hooksRefused })).toBe(
      `VISOR_UNSUPPORTED module.register() is not supported in a guest: ${reason}\n` +
        `VISOR_UNSUPPORTED module.registerHooks() is not supported in a guest: ${reason}\n`,
    )
  })
})

describe('stacks of errors', () => {
  test("name no file of libvisor's where the loader throws", () => {
    const program = `
      const stackOf = (call) => { try { call() } catch (error) { return error.stack } }
      const stacks = [stackOf(() => require('./none')), stackOf(() => require('./bad')), stackOf(() => require.resolve('x')),
        stackOf(() => require(7)), stackOf(() => require('module').findPackageJSON(7))]
      for (const stack of stacks) console.log(stack.split('\\n').find((line) => line.startsWith('    at ')).includes('/main.cjs') || stack.split('\\n    at ')[1].includes('node:internal'))
      console.log(stacks.join('').includes('loader/src'))
    `
    expect(run({ '/main.cjs': program, '/bad.js': 'let x = ;' })).toBe(`${'true\n'.repeat(5)}false\n`)
  })
})

describe('the code cache', () => {
  test('of scripts and modules is used by the next process, which prints the same', () => {
    const files = {
      '/main.mjs': "import lib from './lib.cjs'; import { own } from './own.mjs'; console.log(lib(), own())\n",
      '/lib.cjs': "module.exports = () => 'script'\n",
      '/own.mjs': "export const own = () => 'module'\n",
    }
    const options = { cacheDirectory: join(directory, 'cache'), statistics: true }
    const statisticsOf = (output: string): unknown => {
      const [printed, statistics = ''] = output.split('\n')
      expect(printed).toBe('script module')
      return JSON.parse(statistics)
    }
    expect(statisticsOf(run(files, options))).toEqual({ scripts: 3, cacheHits: 0, cacheRejections: 0 })
    // Two scripts of libvisor's own, one of the program's, and its two modules.
    expect(statisticsOf(run(files, options))).toEqual({ scripts: 3, cacheHits: 5, cacheRejections: 0 })
    // Other flags make another cache, since V8 rejects what was made with these.
    expect(statisticsOf(run(files, options, '--no-opt'))).toEqual({ scripts: 3, cacheHits: 0, cacheRejections: 0 })
  })
})

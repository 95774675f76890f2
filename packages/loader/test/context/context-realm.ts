/**
 * Runs a program in a context, over a tree that exists only in memory:
 *
 *     node --experimental-vm-modules context-realm.ts <options as JSON> <entry> [args]
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import v8 from 'node:v8'
import vm from 'node:vm'
import { intrinsicsOf } from '@libvisor/abi'
import { createNamespace } from '@libvisor/core'
import { createContextLoader, createScriptStore, formatGuestStacks } from '@libvisor/loader'
import { createMemoryFiles } from '../memory-files.ts'
import type { Entry } from '../memory-files.ts'

v8.setFlagsFromString('--no-compilation-cache')

/** What is in the tree. */
export interface ContextRealmOptions {
  /** A JSON file with entries by path. */
  readonly tree?: string
  /** Where V8's code cache is kept. */
  readonly cacheDirectory?: string
  /** How many guests run the program, one after the other, with what the last one says printed. */
  readonly statistics?: boolean
}

const [options = '{}', entry = '', ...args] = process.argv.slice(2)
const { tree, cacheDirectory, statistics = false } = JSON.parse(options) as ContextRealmOptions
const files = createMemoryFiles(
  tree === undefined ? {} : (JSON.parse(readFileSync(tree, 'utf8')) as Record<string, Entry>),
)

const context = vm.createContext(vm.constants.DONT_CONTEXTIFY, {
  importModuleDynamically: ((specifier: string, _referrer: unknown, attributes: object) =>
    loader.import(specifier, undefined, attributes)) as never,
})
const global = vm.runInContext('globalThis', context) as typeof globalThis
const intrinsics = intrinsicsOf(global)
// What a realm furnishes, as far as the programs of these tests go.
const shared = [
  ...['console', 'process', 'Buffer', 'URL', 'URLSearchParams', 'performance', 'AbortController', 'AbortSignal'],
  ...['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'setInterval', 'clearInterval', 'queueMicrotask'],
  ...['structuredClone', 'TextEncoder', 'TextDecoder', 'Event', 'EventTarget', 'fetch', 'WebAssembly'],
]
for (const name of shared) {
  const value = (globalThis as Record<string, unknown>)[name]
  Object.defineProperty(global, name, { value, writable: true, configurable: true })
}
Object.defineProperty(global, 'global', { value: global, writable: true, configurable: true })
global.Error.stackTraceLimit = Error.stackTraceLimit

formatGuestStacks((url) => /\/packages\/\w+\/(?:src|test)\//.test(url))
const ns = createNamespace({ name: 'test', intrinsics })
const hostRequire = createRequire(import.meta.url)
const scripts = createScriptStore(cacheDirectory === undefined ? {} : { cacheDirectory })
const loader = createContextLoader({
  ns,
  realm: { context, global, intrinsics },
  files,
  modules: { get: (id) => (process.getBuiltinModule(`node:${id}`) as object | undefined) && hostRequire(`node:${id}`) },
  process,
  scripts,
})

process.argv.splice(1, process.argv.length - 1, entry, ...args)
setImmediate(() => {
  ns.run(() => loader.runMain(entry)).then(
    () => {
      if (statistics) console.log(JSON.stringify(scripts.statistics))
    },
    (error: unknown) => {
      setImmediate(() => {
        throw error
      })
    },
  )
})

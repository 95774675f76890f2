/**
 * Compiled code that the guests of a thread share: one `vm.Script` for each content and file name, V8's code cache by the
 * content's hash, and what is known about the syntax of a content.
 */
import { original } from '@libvisor/abi'
import type * as vm from 'node:vm'
import { createCodeCache } from './code-cache.native.ts'
import { lexCommonJs } from './lex-commonjs.ts'
import type { CommonJsExports } from './lex-commonjs.ts'
import type { PackageFields } from '../state/package-json.ts'
import { createModulePaths } from '../state/module-paths.ts'
import { importForCurrent } from './loader-registry.ts'

/** How a store is made. */
export interface ScriptStoreOptions {
  /**
   * A directory of the host in which V8's code cache is kept between runs.
   *
   * @defaultValue none: nothing outlives the thread
   */
  readonly cacheDirectory?: string
}

/** What the guests of a thread share: made by {@link createScriptStore}. */
export interface ScriptStore extends Disposable {
  /** The script that makes the function of a CommonJS module. @throws {SyntaxError} of libvisor's own realm */
  commonJs(source: string, filename: string): vm.Script
  /** A script as it is. @throws {SyntaxError} of libvisor's own realm */
  script(source: string, filename: string): vm.Script
  /**
   * A script whose value is what a text says in JSON, a new one each time, or `undefined` where the text must be parsed: the first time,
   * and where that is no less work.
   */
  jsonLiteral(text: string): vm.Script | undefined
  /** The code cache of an ES module, for the option `cachedData`. */
  moduleCache(source: string): Buffer | undefined
  /** Keeps the code cache of an ES module. @param make - makes it; it can only be made before the module is evaluated */
  keepModuleCache(source: string, make: () => Buffer): void
  /** Counts a code cache that V8 accepted. */
  acceptModuleCache(): void
  /** Forgets a code cache that V8 did not accept. */
  rejectModuleCache(source: string): void
  /** Whether a content has the syntax of an ES module, asked once for each content. */
  hasModuleSyntax(source: string, ask: () => boolean): boolean
  /** The names that a CommonJS source exports, as far as it tells. */
  exportsOf(source: string): CommonJsExports
  /** What the guest that was started last had evaluated when its program had been loaded. */
  usual: ReadonlySet<vm.Script>
  /** The folders of modules that are looked in from a folder. @param folder - absolute */
  modulePaths(folder: string): readonly string[]
  /** What package.json files say, by their text. */
  readonly packageTexts: Map<string, PackageFields | undefined>
  /** Writes what has been compiled since the last time to the directory, if there is one. */
  persist(): void
  /** How many scripts there are, and how many of them V8 took from the code cache. */
  readonly statistics: { readonly scripts: number; readonly cacheHits: number; readonly cacheRejections: number }
}

/** Of shorter texts it is no less work to make a value of a literal. */
const SHORTEST_LITERAL = 8192

/** What says something else in a literal than in JSON, or may. */
const NOT_A_LITERAL = /__proto__|\\u/

/** What is known about a text. */
interface Entry {
  /** Scripts by file name. */
  readonly commonJs: Map<string, vm.Script>
  readonly script: Map<string, vm.Script>
  /** Set once somebody has asked for what it says in JSON. */
  json: vm.Script | 'no literal' | 'seen' | undefined
  hash: string | undefined
  hasModuleSyntax: boolean | undefined
  exports: CommonJsExports | undefined
}

// A line of its own for the wrapper leaves the lines and columns of the module's own code as they are.
const wrapperHead = '(function (exports, require, module, __filename, __dirname) {\n'
const wrapperTail = '\n})'

/** Only the start of a script may be a hashbang. */
const wrapped = (source: string): string =>
  wrapperHead + (source.startsWith('#!') ? `//${source.slice(2)}` : source) + wrapperTail

/**
 * Makes the store of a thread. Nothing in it refers to a guest.
 *
 * @param options - where V8's code cache is kept
 * @returns the store
 * @example
 * ```ts
 * import { createScriptStore } from '@libvisor/loader'
 * import assert from 'node:assert/strict'
 * import vm from 'node:vm'
 *
 * using scripts = createScriptStore()
 * const script = scripts.commonJs('module.exports = 1', '/app/one.js')
 * assert.equal(scripts.commonJs('module.exports = 1', '/app/one.js'), script)
 * const module = { exports: {} }
 * ;(script.runInContext(vm.createContext()) as (...args: unknown[]) => void)(module.exports, undefined, module)
 * assert.equal(module.exports, 1)
 * ```
 */
export function createScriptStore(options: ScriptStoreOptions = {}): ScriptStore {
  const { Script } = original('vm')
  const { hash } = original('crypto')
  const { pathToFileURL } = original('url')
  const cache = createCodeCache(options.cacheDirectory)
  const entries = new Map<string, Entry>()
  let scripts = 0

  function entryOf(source: string): Entry {
    let entry = entries.get(source)
    if (entry === undefined) {
      entry = {
        commonJs: new Map(),
        script: new Map(),
        json: undefined,
        hash: undefined,
        hasModuleSyntax: undefined,
        exports: undefined,
      }
      entries.set(source, entry)
    }
    return entry
  }

  function idOf(kind: 'commonJs' | 'module' | 'script', source: string): string {
    const entry = entryOf(source)
    entry.hash ??= hash('sha256', source, 'hex')
    return `${kind}-${entry.hash}`
  }

  function compile(kind: 'commonJs' | 'script', source: string, filename: string): vm.Script {
    const known = entryOf(source)[kind].get(filename)
    if (known !== undefined) return known
    const url = filename.startsWith('/') ? pathToFileURL(filename).href : filename
    const id = cache.isKept ? idOf(kind, source) : ''
    const cachedData = cache.isKept ? cache.get(id) : undefined
    const script = new Script(kind === 'commonJs' ? wrapped(source) : source, {
      filename,
      lineOffset: kind === 'commonJs' ? -1 : 0,
      ...(cachedData === undefined ? {} : { cachedData }),
      importModuleDynamically: ((specifier: string, _script: unknown, attributes: object) =>
        importForCurrent(specifier, url, attributes)) as never,
    })
    scripts++
    entryOf(source)[kind].set(filename, script)
    if (cachedData !== undefined && script.cachedDataRejected !== true) cache.hit()
    else {
      if (cachedData !== undefined) cache.reject(id)
      cache.offer(id, () => script.createCachedData())
    }
    return script
  }

  function jsonLiteral(text: string): vm.Script | undefined {
    if (text.length < SHORTEST_LITERAL) return undefined
    const entry = entryOf(text)
    // Most texts are asked for once.
    if (entry.json === undefined) entry.json = 'seen'
    else if (entry.json === 'seen') entry.json = makeLiteral(text) ?? 'no literal'
    return typeof entry.json === 'string' ? undefined : entry.json
  }

  function makeLiteral(text: string): vm.Script | undefined {
    if (NOT_A_LITERAL.test(text)) return undefined
    try {
      JSON.parse(text)
    } catch {
      return undefined
    }
    return new Script(`(${text})`, { filename: 'node:internal/json' })
  }

  return {
    jsonLiteral,
    commonJs: (source, filename) => compile('commonJs', source, filename),
    script: (source, filename) => compile('script', source, filename),
    moduleCache: (source) => cache.get(idOf('module', source)),
    keepModuleCache: (source, make) => cache.put(idOf('module', source), make()),
    acceptModuleCache: () => cache.hit(),
    rejectModuleCache: (source) => cache.reject(idOf('module', source)),
    hasModuleSyntax: (source, ask) => (entryOf(source).hasModuleSyntax ??= ask()),
    exportsOf: (source) => (entryOf(source).exports ??= lexCommonJs(source)),
    persist: cache.persist,
    usual: new Set(),
    modulePaths: createModulePaths(),
    packageTexts: new Map(),
    get statistics() {
      return { scripts, ...cache.statistics }
    },
    [Symbol.dispose]() {
      cache.persist()
      entries.clear()
    },
  }
}

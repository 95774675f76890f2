import type { GuestCycles } from './guest-cycles.ts'
import type { GuestErrors } from './guest-errors.ts'
import type { createGuestRequire as CreateGuestRequire } from './guest-require.ts'
import type {
  CompiledWrapper,
  GuestLoader,
  GuestModule,
  GuestModuleConstructor,
  ModuleHost,
  ModuleState,
} from './module-host.ts'

/**
 * The guest's side of the CommonJS loader: `Module` and the `require` functions. It is evaluated in the guest's realm,
 * from its own source text, so that all it makes belongs there: it must not refer to anything outside of itself.
 *
 * @param host - the host's side
 * @param errors - how errors are made and thrown
 * @param cycles - what is done to the exports of modules in a cycle
 * @param createGuestRequire - what makes `require` functions
 * @returns what the host's side calls
 * @source Node 24 `lib/internal/modules/cjs/loader.js`, `lib/internal/modules/helpers.js`
 */
export function createGuestModule(
  host: ModuleHost,
  errors: GuestErrors,
  cycles: GuestCycles,
  createGuestRequire: typeof CreateGuestRequire,
): GuestLoader {
  'use strict'
  const { defineProperty, freeze } = Object
  const { apply, set: reflectSet } = Reflect
  const { isArray } = Array
  const { parse } = JSON
  const { process, dirname, resolve } = host
  const { ask, validateString, invalidValue } = errors

  const kIsMain = Symbol('kIsMainSymbol')
  const kIsCachedByEsm = Symbol('kIsCachedByESMLoader')
  const kUrl = Symbol('kURL')
  const kFormat = Symbol('kFormat')
  const kIsExecuting = Symbol('kIsExecuting')
  interface MarkedModule extends GuestModule {
    [kIsMain]?: boolean
    [kIsCachedByEsm]?: boolean
    [kUrl]?: string | undefined
    [kFormat]?: string | undefined
    [kIsExecuting]?: boolean
  }

  // Not an object: V8 would keep each of the long keys in its table of names.
  const { states, resolved: relativeResolveCache } = host.tables

  function stateOf(module: object): ModuleState {
    let state = states.get(module)
    if (state === undefined) {
      const none = { firstParent: undefined, lastParent: undefined, source: undefined, visited: false }
      states.set(module, (state = { ...none, snapshot: undefined, isEvaluated: undefined }))
    }
    return state
  }

  /** A copy that asks for no iterator, which a guest may have taken away. */
  function copyInto(target: string[], list: readonly string[] | null | undefined): string[] {
    const { length } = list ?? []
    for (let index = 0; index < length; index++) {
      const item = list?.[index] as string
      if (!target.includes(item)) target.push(item)
    }
    return target
  }

  function setOwn(target: object, key: PropertyKey, value: unknown): void {
    defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
  }

  function builtinId(request: string): string | undefined {
    const first = request.charCodeAt(0)
    const isPath = first === 0x2e || first === 0x2f
    if (isPath || !host.isBuiltin(request)) return undefined
    return request.startsWith('node:') ? request.slice(5) : request
  }

  function updateChildren(parent: GuestModule | null | undefined, child: GuestModule, scan: boolean): void {
    const children = parent?.children
    if (children && !(scan && children.includes(child))) children.push(child)
  }

  function requireStack(module: GuestModule | null | undefined): string[] {
    const stack: string[] = []
    for (let cursor = module; cursor; cursor = stateOf(cursor).firstParent) stack.push(cursor.filename || cursor.id)
    return stack
  }

  const Module = function Module(this: GuestModule, id = '', parent?: GuestModule | null) {
    this.id = id
    this.path = dirname(id)
    setOwn(this, 'exports', {})
    const state = stateOf(this)
    state.firstParent = parent
    state.lastParent = parent
    updateChildren(parent, this, false)
    this.filename = null
    this.loaded = false
    this.children = []
  } as unknown as GuestModuleConstructor

  let globalPaths: string[] = []
  let isPreloading = false

  Module._cache = { __proto__: null } as never
  Module._pathCache = { __proto__: null } as never
  Module._extensions = { __proto__: null } as never
  Module.globalPaths = []

  let isPatched = false
  let wrap = (script: string): string => (Module.wrapper[0] ?? '') + script + (Module.wrapper[1] ?? '')
  let wrapper: string[] = new Proxy(['(function (exports, require, module, __filename, __dirname) { ', '\n});'], {
    set(target, property, value, receiver) {
      isPatched = true
      return reflectSet(target, property, value, receiver)
    },
    defineProperty(target, property, descriptor) {
      isPatched = true
      return Reflect.defineProperty(target, property, descriptor)
    },
  })
  defineProperty(Module, 'wrap', {
    get: () => wrap,
    set(value: typeof wrap) {
      isPatched = true
      wrap = value
    },
  })
  defineProperty(Module, 'wrapper', {
    get: () => wrapper,
    set(value: string[]) {
      isPatched = true
      wrapper = value
    },
  })
  defineProperty(Module.prototype, 'isPreloading', { get: () => isPreloading })
  defineProperty(Module.prototype, 'parent', {
    get(this: GuestModule) {
      return states.get(this)?.firstParent
    },
    set(this: GuestModule, value: GuestModule) {
      stateOf(this).firstParent = value
    },
  })
  let stat: unknown = host.stat
  defineProperty(Module, '_stat', { get: () => stat, set: (value) => void (stat = value), configurable: true })
  let readPackage: unknown = (path: string) => parse(host.readPackage(resolve(path, 'package.json'))) as object
  defineProperty(Module, '_readPackage', {
    get: () => readPackage,
    set: (value) => void (readPackage = value),
    configurable: true,
  })
  Module._debug = function debug(): void {}
  Module.isBuiltin = function isBuiltin(id) {
    return host.isBuiltin(`${id}`)
  }
  Module.builtinModules = freeze(copyInto([], host.builtinModules))

  function findLongestExtension(filename: string): string {
    const name = host.basename(filename)
    for (let index = name.indexOf('.'); index !== -1; index = name.indexOf('.', index + 1)) {
      if (index === 0) continue
      const extension = name.slice(index)
      if (Module._extensions[extension]) return extension
    }
    return '.js'
  }

  function isRelative(request: string): boolean {
    return request === '.' || request === '..' || request.startsWith('./') || request.startsWith('../')
  }

  Module._findPath = function _findPath(request, paths, isMain, conditions) {
    return ask(_findPath, host.findPath, request, paths, isMain === true, conditions)
  }

  Module._nodeModulePaths = function _nodeModulePaths(from) {
    const known = host.modulePaths(resolve(from))
    const paths: string[] = []
    for (let index = 0; index < known.length; index++) paths[index] = known[index] as string
    return paths
  }

  Module._resolveLookupPaths = function _resolveLookupPaths(request, parent) {
    if (builtinId(request) !== undefined) return null
    if (!isRelative(request)) {
      const paths = parent?.paths?.length ? parent.paths.concat(globalPaths) : globalPaths
      return paths.length > 0 ? paths : null
    }
    if (!parent || !parent.id || !parent.filename) return ['.']
    return [dirname(parent.filename)]
  }

  function searchedPaths(
    request: string,
    parent: GuestModule | null | undefined,
    given: unknown,
  ): readonly string[] | null {
    if (given === undefined) return Module._resolveLookupPaths(request, parent)
    if (!isArray(given)) throw invalidValue('options.paths', given, 'is invalid')
    if (isRelative(request)) return given as string[]
    const stand = new Module('', null)
    const paths: string[] = []
    for (let index = 0; index < given.length; index++) {
      const folder = given[index] as string
      stand.paths = Module._nodeModulePaths(folder)
      copyInto(paths, Module._resolveLookupPaths(request, stand))
    }
    return paths
  }

  function selfPath(parent: GuestModule | null | undefined): string | undefined {
    if (parent?.filename) return parent.filename
    return parent?.id === '<repl>' || parent?.id === 'internal/preload' ? `${host.cwd()}/` : undefined
  }

  Module._resolveFilename = function _resolveFilename(request, parent, isMain, options) {
    if (builtinId(request) !== undefined) return request
    const given = typeof options === 'object' && options !== null ? options.paths : undefined
    const conditions = options?.conditions
    const paths = searchedPaths(request, parent, given)
    const from = selfPath(parent)
    if (from !== undefined) {
      const internal = ask(_resolveFilename, host.findInternal, request, from, conditions)
      if (internal !== undefined) return internal
    }
    const filename = Module._findPath(request, paths, isMain, conditions)
    if (filename) return filename
    throw host.hide(host.notFound(request, requireStack(parent)), _resolveFilename)
  }

  /** What is exported so far to who requires a module in a cycle. */
  function circularExports(module: GuestModule): unknown {
    const { isEvaluated, lastParent } = stateOf(module)
    if (isEvaluated !== undefined && !isEvaluated()) {
      const from = lastParent ? ` (from ${lastParent.filename})` : ''
      const message = `Cannot require() ES Module ${module.id} in a cycle.${from}`
      throw host.hide(host.coded('Error', 'ERR_REQUIRE_CYCLE_MODULE', message), circularExports)
    }
    const { exports } = module
    cycles.watch(exports)
    return exports
  }

  Module._load = function _load(request, parent, isMain) {
    const relativeKey = parent ? `${parent.path}\0${request}` : undefined
    if (relativeKey !== undefined) {
      const filename = relativeResolveCache.get(relativeKey)
      if (filename !== undefined) {
        const cached = Module._cache[filename]
        if (cached !== undefined) {
          updateChildren(parent, cached, true)
          return cached.loaded ? cached.exports : circularExports(cached)
        }
        relativeResolveCache.delete(relativeKey)
      }
    }
    if (request.startsWith('node:')) {
      const id = builtinId(request)
      if (id !== undefined) return ask(_load, host.builtin, id)
      const message = `No such built-in module: ${request}`
      throw host.hide(host.coded('Error', 'ERR_UNKNOWN_BUILTIN_MODULE', message), _load)
    }
    const filename = Module._resolveFilename(request, parent, isMain).toString()
    const cached = Module._cache[filename] as MarkedModule | undefined
    if (cached !== undefined) {
      updateChildren(parent, cached, true)
      if (cached.loaded) return cached.exports
      const state = stateOf(cached)
      if (!cached[kIsCachedByEsm] || state.visited) return circularExports(cached)
      state.visited = true
      state.lastParent = parent
    }
    const id = builtinId(filename)
    if (id !== undefined && !filename.startsWith('node:')) return ask(_load, host.builtin, id)

    const module = cached ?? enter(filename, parent, isMain === true)
    if (relativeKey !== undefined) relativeResolveCache.set(relativeKey, filename)
    let threw = true
    try {
      module.load(filename)
      threw = false
    } finally {
      if (threw) forget(module, filename, parent, relativeKey)
      else cycles.release(module.exports)
    }
    return module.exports
  }

  function enter(filename: string, parent: GuestModule | null | undefined, isMain: boolean): MarkedModule {
    const module: MarkedModule = new Module(filename, parent)
    if (isMain) {
      setOwn(process, 'mainModule', module)
      setOwn(module.require, 'main', module)
      module.id = '.'
    }
    module[kIsMain] = isMain
    Module._cache[filename] = module
    module[kIsCachedByEsm] = false
    module[kUrl] = undefined
    module[kFormat] = undefined
    return module
  }

  function forget(
    module: GuestModule,
    filename: string,
    parent: GuestModule | null | undefined,
    relativeKey: string | undefined,
  ): void {
    delete Module._cache[filename]
    if (relativeKey !== undefined) relativeResolveCache.delete(relativeKey)
    const children = parent?.children
    if (!isArray(children)) return
    const index = children.indexOf(module)
    if (index !== -1) children.splice(index, 1)
  }

  Module.prototype.load = function load(this: MarkedModule, filename) {
    this.filename ??= filename
    this.paths ??= Module._nodeModulePaths(dirname(filename))
    Module._extensions[findLongestExtension(filename)]?.(this, filename)
    this.loaded = true
    stateOf(this).snapshot = { exports: this.exports }
  }

  Module.prototype.require = function require(this: GuestModule, id) {
    validateString(id, 'id', require)
    if (id === '') throw host.hide(invalidValue('id', id, 'must be a non-empty string'), require)
    return Module._load(id, this, false)
  }

  Module.prototype._compile = function _compile(this: MarkedModule, content, filename, format) {
    let source = content
    let known = format
    if (format === 'commonjs-typescript' || format === 'module-typescript' || format === 'typescript') {
      source = ask(_compile, host.stripTypes, content, filename)
      known = format === 'typescript' ? undefined : format.slice(0, format.indexOf('-'))
    }
    const compiled = known === 'module' ? undefined : compile(source, filename, known !== 'commonjs')
    if (compiled === undefined) return loadModule(this, filename, source)
    const { exports } = this
    this[kIsExecuting] = true
    const result = apply(compiled, exports, [exports, makeRequire(this), this, filename, dirname(filename)])
    this[kIsExecuting] = false
    return result
  }

  function compile(content: string, filename: string, mayBeModule: boolean): CompiledWrapper | undefined {
    if (isPatched) return ask(compile, host.compileWrapped, Module.wrap(content), filename)
    return ask(compile, host.compile, content, filename, mayBeModule)
  }

  function loadModule(module: MarkedModule, filename: string, source: string): void {
    if (module[kIsMain] === true) {
      host.importMain(filename)
      setOwn(process, 'mainModule', undefined)
      return
    }
    module.exports = host.requireModule(module, filename, source, stateOf(module).lastParent)
  }

  function sourceOf(module: MarkedModule, filename: string, below: (...args: never[]) => unknown): string {
    return stateOf(module).source ?? ask(below, host.read, filename)
  }

  Module._extensions['.js'] = function (module, filename) {
    const format = host.formatOf(filename)
    const source = sourceOf(module, filename, Module._extensions['.js'] as () => void)
    module._compile(source, filename, format)
  }

  function withoutMark(text: string): string {
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  }

  function parseJson(text: string, label: string): unknown {
    const json = withoutMark(text)
    try {
      const value = host.jsonValue(json)
      return value === undefined ? parse(json) : value
    } catch (error) {
      ;(error as Error).message = `${label}: ${(error as Error).message}`
      throw error
    }
  }

  Module._extensions['.json'] = function (module, filename) {
    const source = sourceOf(module, filename, Module._extensions['.json'] as () => void)
    setOwn(module, 'exports', parseJson(source, filename))
  }

  Module._extensions['.node'] = function (module, filename) {
    process.dlopen(module as { exports: unknown }, filename)
  }

  const makeRequire = createGuestRequire(Module, host, errors)

  Module.createRequire = function createRequire(filename) {
    const place = host.locate(filename)
    if (place === undefined) {
      const reason = 'must be a file URL object, file URL string, or absolute path string'
      throw host.hide(invalidValue('filename', filename, reason), createRequire)
    }
    const path = place.path.endsWith('/') ? `${place.path}noop.js` : place.path
    const module: MarkedModule = new Module(path)
    module.filename = path
    if (place.url !== undefined) module[kUrl] = place.url
    module.paths = Module._nodeModulePaths(module.path)
    return makeRequire(module)
  }

  Module._initPaths = function _initPaths() {
    host.initPaths()
    globalPaths = copyInto([], host.globalPaths())
    Module.globalPaths = globalPaths.slice()
  }
  Module._initPaths()

  Module._preloadModules = function _preloadModules(requests) {
    if (!isArray(requests)) return
    isPreloading = true
    const parent = new Module('internal/preload', null)
    parent.paths = Module._nodeModulePaths(host.cwd())
    for (let index = 0; index < requests.length; index++) parent.require(requests[index] as string)
    isPreloading = false
  }

  Module.syncBuiltinESMExports = function syncBuiltinESMExports() {
    host.syncBuiltins()
  }
  Module.runMain = function executeUserEntryPoint(main = process.argv[1]) {
    host.runMain(main)
  }
  defineProperty(Module.prototype, 'constructor', { get: () => Module, configurable: false, enumerable: false })
  Module.Module = Module

  return {
    Module,
    jsonModule: (text, label) => ({ exports: parseJson(text, label), loaded: true }) as GuestModule,
    requireStack,
    extensionOf: findLongestExtension,
    isExecuting: (module) => (module as MarkedModule)[kIsExecuting] === true,
    keepSource: (module, source) => void (stateOf(module).source = source),
    setRequired: (module, isEvaluated) => void (stateOf(module).isEvaluated = isEvaluated),

    emplace(filename) {
      const known = Module._cache[filename]
      if (known !== undefined) return known
      const module: MarkedModule = new Module(filename)
      module.filename = filename
      module.paths = Module._nodeModulePaths(module.path)
      module[kIsCachedByEsm] = true
      Module._cache[filename] = module
      return module
    },

    loadImported(module, filename, isMain) {
      const state = stateOf(module)
      if (!module.loaded) {
        const exports = Module._load(filename, undefined, isMain)
        if (!module.loaded) {
          module.exports = exports
          module.loaded = true
        }
        state.snapshot = { exports }
      }
      const { exports } = state.snapshot ?? module
      state.snapshot = undefined
      return exports
    },

    metaResolve: (resolveFrom) =>
      function resolve(specifier) {
        return ask(resolve, resolveFrom, `${specifier}`)
      },
  }
}

import type { GuestCycles } from './guest-cycles.ts'
import type { GuestErrors } from './guest-errors.ts'
import type { createGuestRequire as CreateGuestRequire } from './guest-require.ts'
import type { CompiledWrapper, GuestLoader, GuestModule, GuestModuleConstructor, ModuleHost } from './module-host.ts'

/**
 * The guest's side of the CommonJS loader: `Module` and the `require` functions, and all that a program can replace. It is evaluated in the
 * guest's realm, from its own source text, so that all it makes belongs there: it must not refer to anything outside of itself. What no
 * program sees are steps of the host's side, which is faster.
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
  const {
    isArray,
    prototype: { slice },
  } = Array
  const { parse } = JSON
  const { process, dirname, resolve } = host
  const { ask, validateString, invalidValue } = errors

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

  /** The folders that a request is looked for in, below each of some others. */
  function pathsAmong(given: unknown, request: string): readonly string[] {
    if (!isArray(given)) throw invalidValue('options.paths', given, 'is invalid')
    if (steps.isRelative(request)) return given as string[]
    const stand = new Module('', null)
    const paths: string[] = []
    for (let index = 0; index < given.length; index++) {
      stand.paths = Module._nodeModulePaths(given[index] as string)
      copyInto(paths, Module._resolveLookupPaths(request, stand))
    }
    return paths
  }

  const Module = function Module(this: GuestModule, id = '', parent?: GuestModule | null) {
    this.id = id
    this.path = dirname(id)
    setOwn(this, 'exports', {})
    steps.enroll(this, parent)
    this.filename = null
    this.loaded = false
    this.children = []
  } as unknown as GuestModuleConstructor
  const steps = host.createSteps(Module, { cycles, pathsAmong })

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
      return steps.parentOf(this)
    },
    set(this: GuestModule, value: GuestModule) {
      steps.setParent(this, value)
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

  Module._findPath = function _findPath(request, paths, isMain, conditions) {
    return steps.findPath(request, paths, isMain === true, conditions, _findPath)
  }

  Module._nodeModulePaths = function _nodeModulePaths(from) {
    const known = host.modulePaths(from)
    let paths = steps.listOf(known)
    if (paths === undefined) {
      paths = []
      for (let index = 0; index < known.length; index++) paths[index] = known[index] as string
      steps.keepList(known, paths)
    }
    return apply(slice, paths, [])
  }

  Module._resolveLookupPaths = function _resolveLookupPaths(request, parent) {
    if (steps.isBuiltin(request)) return null
    if (!steps.isRelative(request)) {
      const paths = parent?.paths?.length ? parent.paths.concat(globalPaths) : globalPaths
      return paths.length > 0 ? paths : null
    }
    if (!parent || !parent.id || !parent.filename) return ['.']
    return [dirname(parent.filename)]
  }

  Module._resolveFilename = function _resolveFilename(request, parent, isMain, options) {
    return steps.resolveFilename(request, parent, isMain, options, _resolveFilename)
  }

  Module._load = function _load(request, parent, isMain) {
    const known = parent ? steps.known(request, parent) : undefined
    if (known !== undefined) return steps.exportsOf(known)
    const { module, filename, exports } = steps.find(request, parent, isMain, _load)
    if (module === undefined) return exports
    let threw = true
    try {
      module.load(filename)
      threw = false
    } finally {
      steps.end(module, filename, request, parent, threw)
    }
    return module.exports
  }

  Module.prototype.load = function load(this: GuestModule, filename) {
    Module._extensions[steps.prepare(this, filename)]?.(this, filename)
    steps.noteLoaded(this)
  }

  Module.prototype.require = function require(this: GuestModule, id) {
    validateString(id, 'id', require)
    if (id === '') throw host.hide(invalidValue('id', id, 'must be a non-empty string'), require)
    return Module._load(id, this, false)
  }

  Module.prototype._compile = function _compile(this: GuestModule, content, filename, format) {
    let source = content
    let known = format
    if (format === 'commonjs-typescript' || format === 'module-typescript' || format === 'typescript') {
      source = ask(_compile, host.stripTypes, content, filename)
      known = format === 'typescript' ? undefined : format.slice(0, format.indexOf('-'))
    }
    const compiled = known === 'module' ? undefined : compile(source, filename, known !== 'commonjs')
    if (compiled === undefined) return steps.loadModule(this, filename, source)
    const { exports } = this
    steps.setExecuting(this, true)
    const result = apply(compiled, exports, [exports, makeRequire(this), this, filename, dirname(filename)])
    steps.setExecuting(this, false)
    return result
  }

  function compile(content: string, filename: string, mayBeModule: boolean): CompiledWrapper | undefined {
    if (isPatched) return ask(compile, host.compileWrapped, Module.wrap(content), filename)
    return ask(compile, host.compile, content, filename, mayBeModule)
  }

  Module._extensions['.js'] = function (module, filename) {
    const format = host.formatOf(filename)
    const source = steps.sourceOf(module, filename, Module._extensions['.js'] as () => void)
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
    const source = steps.sourceOf(module, filename, Module._extensions['.json'] as () => void)
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
    const module = new Module(path)
    module.filename = path
    if (place.url !== undefined) steps.setUrl(module, place.url)
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
    ...steps,
    Module,
    jsonModule: (text, label) => ({ exports: parseJson(text, label), loaded: true }) as GuestModule,
    metaResolve: (resolveFrom) =>
      function resolve(specifier) {
        return ask(resolve, resolveFrom, `${specifier}`)
      },
  }
}

import { isRelative, requireConditions } from '../state/resolve-commonjs.ts'
import type { Resolver } from '../state/resolver.ts'
import { createGuestErrors } from './guest-errors.ts'
import type {
  GuestModule,
  GuestModuleConstructor,
  GuestParts,
  ModuleHost,
  ModuleState,
  ModuleSteps,
} from './module-host.ts'

const kIsMain = Symbol('kIsMainSymbol')
const kIsCachedByEsm = Symbol('kIsCachedByESMLoader')
const kUrl = Symbol('kURL')
const kFormat = Symbol('kFormat')
const kIsExecuting = Symbol('kIsExecuting')

/** A module with what Node keeps on it. */
interface MarkedModule extends GuestModule {
  [kIsMain]?: boolean
  [kIsCachedByEsm]?: boolean
  [kUrl]?: string | undefined
  [kFormat]?: string | undefined
  [kIsExecuting]?: boolean
}

const { apply } = Reflect
const { isArray, prototype: arrayMethods } = Array
const { defineProperty } = Object

/** A program may have changed the methods of its arrays. */
const indexIn = (list: readonly unknown[], item: unknown): number => apply(arrayMethods.indexOf, list, [item])

function setOwn(target: object, key: PropertyKey, value: unknown): void {
  defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
}

/**
 * Makes the steps of the CommonJS loader that no program sees. They belong to libvisor's own realm, where V8 has compiled them for the guests
 * before: what is evaluated in a guest's realm starts cold in each. None is on the stack while the code of a CommonJS module runs.
 *
 * @param host - the host's side
 * @param resolver - the guest's
 * @returns makes the steps of the guest whose `Module` it is given
 * @source Node 24 `lib/internal/modules/cjs/loader.js`
 */
export function createModuleSteps(
  host: Omit<ModuleHost, 'createSteps'>,
  resolver: Pick<Resolver, 'findInternal' | 'findPath'>,
): (Module: GuestModuleConstructor, parts: GuestParts) => ModuleSteps {
  const { ask } = createGuestErrors(host)

  return (Module, { cycles, pathsAmong }) => {
    const states = new WeakMap<object, ModuleState>()
    /** File names by the folder of the module that asks, and by what it asks for. */
    const resolved = new Map<string, Map<string, string>>()
    const lists = new Map<readonly string[], string[]>()
    let hasWatched = false

    function stateOf(module: object): ModuleState {
      let state = states.get(module)
      if (state === undefined) {
        state = {
          firstParent: undefined,
          lastParent: undefined,
          source: undefined,
          visited: false,
          snapshot: undefined,
          isEvaluated: undefined,
        }
        states.set(module, state)
      }
      return state
    }

    function builtinId(request: string): string | undefined {
      const first = request.charCodeAt(0)
      const isPath = first === 0x2e || first === 0x2f
      if (isPath || !host.isBuiltin(request)) return undefined
      return request.startsWith('node:') ? request.slice(5) : request
    }

    function updateChildren(parent: GuestModule | null | undefined, child: GuestModule, scan: boolean): void {
      const children = parent?.children
      if (children && !(scan && indexIn(children, child) !== -1)) apply(arrayMethods.push, children, [child])
    }

    function requireStack(module: GuestModule | null | undefined): string[] {
      const stack: string[] = []
      for (let cursor = module; cursor; cursor = stateOf(cursor).firstParent) stack.push(cursor.filename || cursor.id)
      return stack
    }

    function selfPath(parent: GuestModule | null | undefined): string | undefined {
      if (parent?.filename) return parent.filename
      return parent?.id === '<repl>' || parent?.id === 'internal/preload' ? `${host.cwd()}/` : undefined
    }

    function exportsOf(module: GuestModule): unknown {
      if (module.loaded) return module.exports
      const { isEvaluated, lastParent } = stateOf(module)
      if (isEvaluated !== undefined && !isEvaluated()) {
        const from = lastParent ? ` (from ${lastParent.filename})` : ''
        const message = `Cannot require() ES Module ${module.id} in a cycle.${from}`
        throw host.hide(host.coded('Error', 'ERR_REQUIRE_CYCLE_MODULE', message), exportsOf)
      }
      const { exports } = module
      hasWatched = true
      cycles.watch(exports)
      return exports
    }

    function enter(filename: string, parent: GuestModule | null | undefined, isMain: boolean): MarkedModule {
      const module: MarkedModule = new Module(filename, parent)
      if (isMain) {
        setOwn(host.process, 'mainModule', module)
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

    function remember(request: string, folder: string, filename: string): void {
      let requests = resolved.get(folder)
      if (requests === undefined) resolved.set(folder, (requests = new Map()))
      requests.set(request, filename)
    }

    function extensionOf(filename: string): string {
      const name = host.basename(filename)
      for (let index = name.indexOf('.'); index !== -1; index = name.indexOf('.', index + 1)) {
        if (index === 0) continue
        const extension = name.slice(index)
        if (Module._extensions[extension]) return extension
      }
      return '.js'
    }

    return {
      requireStack,
      exportsOf,
      extensionOf,
      isRelative,

      enroll(module, parent) {
        const state = stateOf(module)
        state.firstParent = parent
        state.lastParent = parent
        updateChildren(parent, module, false)
      },

      parentOf: (module) => states.get(module)?.firstParent,
      setParent: (module, parent) => void (stateOf(module).firstParent = parent),

      known(request, parent) {
        const requests = resolved.get(parent.path)
        const filename = requests?.get(request)
        if (filename === undefined) return undefined
        const cached = Module._cache[filename]
        if (cached === undefined) requests?.delete(request)
        else updateChildren(parent, cached, true)
        return cached
      },

      find(request, parent, isMain, below) {
        if (request.startsWith('node:')) {
          const id = builtinId(request)
          if (id !== undefined) return { module: undefined, exports: ask(below, host.builtin, id) }
          const message = `No such built-in module: ${request}`
          throw host.hide(host.coded('Error', 'ERR_UNKNOWN_BUILTIN_MODULE', message), below)
        }
        const filename = Module._resolveFilename(request, parent, isMain).toString()
        const cached = Module._cache[filename] as MarkedModule | undefined
        if (cached !== undefined) {
          updateChildren(parent, cached, true)
          if (cached.loaded) return { module: undefined, exports: cached.exports }
          const state = stateOf(cached)
          if (!cached[kIsCachedByEsm] || state.visited) return { module: undefined, exports: exportsOf(cached) }
          state.visited = true
          state.lastParent = parent
        }
        const id = builtinId(filename)
        if (id !== undefined && !filename.startsWith('node:'))
          return { module: undefined, exports: ask(below, host.builtin, id) }

        const module = cached ?? enter(filename, parent, isMain === true)
        if (parent) remember(request, parent.path, filename)
        return { module, filename }
      },

      end(module, filename, request, parent, threw) {
        if (!threw) {
          if (hasWatched) cycles.release(module.exports)
          return
        }
        delete Module._cache[filename]
        if (parent) resolved.get(parent.path)?.delete(request)
        const children = parent?.children
        if (!isArray(children)) return
        const index = indexIn(children, module)
        if (index !== -1) apply(arrayMethods.splice, children, [index, 1])
      },

      resolveFilename(request, parent, isMain, options, below) {
        if (builtinId(request) !== undefined) return request
        const given = typeof options === 'object' && options !== null ? options.paths : undefined
        const conditions = options?.conditions
        const paths =
          given === undefined ? Module._resolveLookupPaths(request, parent) : ask(below, pathsAmong, given, request)
        const from = selfPath(parent)
        if (from !== undefined) {
          const internal = ask(below, resolver.findInternal, request, from, conditions ?? requireConditions)
          if (internal !== undefined) return internal
        }
        const filename = Module._findPath(request, paths, isMain, conditions)
        if (filename) return filename
        throw host.hide(host.notFound(request, requireStack(parent)), below)
      },

      findPath(request, paths, isMain, conditions, below) {
        return ask(below, resolver.findPath, request, paths, { isMain, conditions })
      },

      isBuiltin: (request) => builtinId(request) !== undefined,
      listOf: (list) => lists.get(list),
      keepList: (list, copy) => void lists.set(list, copy),

      prepare(module, filename) {
        module.filename ??= filename
        module.paths ??= Module._nodeModulePaths(host.dirname(filename))
        return extensionOf(filename)
      },

      noteLoaded(module) {
        module.loaded = true
        stateOf(module).snapshot = { exports: module.exports }
      },

      setExecuting: (module, isExecuting) => void ((module as MarkedModule)[kIsExecuting] = isExecuting),
      isExecuting: (module) => (module as MarkedModule)[kIsExecuting] === true,
      setUrl: (module, url) => void ((module as MarkedModule)[kUrl] = url),
      keepSource: (module, source) => void (stateOf(module).source = source),
      setRequired: (module, isEvaluated) => void (stateOf(module).isEvaluated = isEvaluated),
      sourceOf: (module, filename, below) => stateOf(module).source ?? ask(below, host.read, filename),

      loadModule(module, filename, source) {
        if ((module as MarkedModule)[kIsMain] === true) {
          host.importMain(filename)
          setOwn(host.process, 'mainModule', undefined)
          return
        }
        module.exports = host.requireModule(module, filename, source, stateOf(module).lastParent)
      },

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
    }
  }
}

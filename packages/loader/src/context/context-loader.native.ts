import { original } from '@libvisor/abi'
import type { Intrinsics } from '@libvisor/abi'
import { unsupported } from '@libvisor/core'
import type { FileView, Namespace } from '@libvisor/core'
import type * as vm from 'node:vm'
import { loaderHost } from '../loader-host.native.ts'
import { createStackCleaner } from '../shim/stack.ts'
import { createResolver } from '../state/resolver.ts'
import { formatOfRequired } from '../state/source-format.ts'
import { createSourceReader } from '../state/source-reader.ts'
import { createEvaluator } from './evaluated.ts'
import type { Evaluated, Evaluator } from './evaluated.ts'
import { decorate } from './explain-module-error.native.ts'
import { createGuestCycles } from './guest-cycles.ts'
import { createGuestErrors } from './guest-errors.ts'
import { createGuestModule } from './guest-module.ts'
import { createGuestRequire } from './guest-require.ts'
import { registerLoader } from './loader-registry.ts'
import { createSourceMaps } from './source-maps.native.ts'
import { addModuleExports } from './module-exports.native.ts'
import { createModuleGraph } from './module-graph.native.ts'
import type { ModuleGraph } from './module-graph.native.ts'
import type { CompiledWrapper, GuestLoader, ModuleHost } from './module-host.ts'
import { createModuleSteps } from './module-steps.ts'
import type { ScriptStore } from './script-store.native.ts'

/** What a loader is made of. */
export interface ContextLoaderOptions {
  readonly ns: Namespace
  /** The guest's realm. */
  readonly realm: {
    readonly context: vm.Context
    readonly global: typeof globalThis
    readonly intrinsics: Intrinsics
  }
  /** The guest's files. */
  readonly files: FileView
  /** The guest's built-ins. */
  readonly modules: { get(id: string): object | undefined }
  /** The guest's `process`. */
  readonly process: NodeJS.Process
  /** What the guests of the thread share. */
  readonly scripts: ScriptStore
  /** What they have made in this realm ahead. @defaultValue nothing */
  readonly evaluated?: Evaluated
}

/** Loads the modules of one guest in its context. */
export interface ContextLoader extends Disposable {
  /**
   * Runs the program's entry, as `node <path>` does. CommonJS has run when the call returns.
   *
   * @param path - relative to the guest's working directory
   * @returns settles when the entry has been evaluated; rejects with what it threw
   */
  runMain(path: string): Promise<void>
  /**
   * Imports a module.
   *
   * @param specifier - what `import` says
   * @param parentURL - the URL of the module that imports; `undefined` for the working directory
   * @param attributes - what stands after `with`
   * @returns the module's namespace
   */
  import(specifier: string, parentURL: string | undefined, attributes?: object): Promise<object>
  /** What `require('module')` is in the guest. */
  readonly moduleExports: object
}

/**
 * Makes the loader of a guest in a context: CommonJS and ES modules over the guest's files, with Node's own algorithms and
 * errors. Its functions must be called inside of the guest's namespace.
 *
 * @param options - the guest's realm, files and built-ins
 * @returns the loader
 * @throws {Error} when Node was started without `--experimental-vm-modules`, as soon as an ES module is loaded
 * @example
 * ```ts
 * import { intrinsicsOf } from '@libvisor/abi'
 * import { createNamespace } from '@libvisor/core'
 * import { createContextLoader, createScriptStore } from '@libvisor/loader'
 * import assert from 'node:assert/strict'
 * import vm from 'node:vm'
 *
 * const context = vm.createContext(vm.constants.DONT_CONTEXTIFY)
 * const global = vm.runInContext('globalThis', context) as typeof globalThis
 * const realm = { context, global, intrinsics: intrinsicsOf(global) }
 * using ns = createNamespace({ name: 'a', intrinsics: realm.intrinsics })
 * const source = 'globalThis.answer = 42'
 * using loader = createContextLoader({
 *   ns,
 *   realm,
 *   files: {
 *     kind: (path) => (path === '/app.js' ? 'file' : path === '/' ? 'directory' : undefined),
 *     read: () => Buffer.from(source),
 *     realpath: (path) => path,
 *     hostPath: () => undefined,
 *     differsFromHost: () => true,
 *   },
 *   modules: { get: () => undefined },
 *   process,
 *   scripts: createScriptStore(),
 * })
 * await ns.run(() => loader.runMain('/app.js'))
 * assert.equal((global as { answer?: number }).answer, 42)
 * ```
 */
export function createContextLoader(options: ContextLoaderOptions): ContextLoader {
  const { ns, realm, files, modules, process, scripts } = options
  const { context, global, intrinsics } = realm
  const { evaluate, settle } = createEvaluator(scripts, context, options.evaluated ?? new Map())
  const { path, dialect, probe, flags, ownFolder } = loaderHost
  const { coded } = ns.errors
  const stacks = createStackCleaner(
    (file) => file.startsWith(ownFolder) || file.startsWith(path.fileURLToPath(ownFolder)),
    {
      Error: global.Error,
      isError: original('util').types.isNativeError,
    },
  )
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const emitWarning = (message: string, type: string, code: string): void => process.emitWarning(message, type, code)
  const cwd = (): string => process.cwd()

  let globalPaths = findGlobalPaths()
  const resolver = createResolver({
    files,
    errors: ns.errors,
    intrinsics,
    path,
    dialect,
    packageTexts: scripts.packageTexts,
    cwd,
    emitWarning,
    globalPaths: () => globalPaths,
    extensions: () => Object.keys(guest.Module._extensions),
    preserveSymlinks: flags.preserveSymlinks,
    preserveSymlinksMain: flags.preserveSymlinksMain,
  })
  const reader = createSourceReader({
    files,
    resolver,
    path,
    dialect,
    emitWarning,
    probe: { ...probe, containsModuleSyntax },
    text: (file) => read(file),
  })

  /** @source Node 24 `lib/internal/modules/cjs/loader.js`, Module._initPaths */
  function findGlobalPaths(): string[] {
    const { HOME, NODE_PATH } = process.env
    const paths = [path.resolve(process.execPath, '../../lib/node')]
    if (HOME) paths.unshift(path.resolve(HOME, '.node_modules'), path.resolve(HOME, '.node_libraries'))
    if (NODE_PATH) paths.unshift(...NODE_PATH.split(':').filter((folder) => folder !== ''))
    return paths
  }

  function containsModuleSyntax(source: string, file: string): boolean {
    return scripts.hasModuleSyntax(source, () => probe.containsModuleSyntax(source, file))
  }

  const read = (file: string): string => files.text?.(file) ?? decoder.decode(files.read(file))

  function stripTypes(source: string, file: string): string {
    if (file.includes('/node_modules/')) throw resolver.errors.strippingInNodeModules(file)
    try {
      return probe.stripTypes(source, file)
    } catch (error) {
      throw adoptError(error)
    }
  }

  /** Errors of Node's own functions belong to libvisor's own realm. */
  function adoptError(error: unknown): unknown {
    if (!(error instanceof Error)) return error
    const { code } = error as { code?: unknown }
    if (typeof code === 'string' && (error.name === 'TypeError' || error.name === 'RangeError')) {
      return coded(error.name, code, error.message)
    }
    const name = (['SyntaxError', 'TypeError'] as const).find((known) => error instanceof globalThis[known]) ?? 'Error'
    Object.setPrototypeOf(error, global[name].prototype as object)
    return error
  }

  function compile(content: string, filename: string, mayBeModule: boolean): CompiledWrapper | undefined {
    let script: vm.Script
    try {
      script = scripts.commonJs(content, filename)
    } catch {
      if (mayBeModule && containsModuleSyntax(content, filename)) return undefined
      // Without a wrapper around it, V8 says what it says to Node.
      return original('vm').compileFunction(content, ['exports', 'require', 'module', '__filename', '__dirname'], {
        filename,
        parsingContext: context,
      }) as CompiledWrapper
    }
    return evaluate(script) as CompiledWrapper
  }

  function compileWrapped(wrapped: string, filename: string): CompiledWrapper {
    try {
      return scripts.script(wrapped, filename).runInContext(context) as CompiledWrapper
    } catch (error) {
      throw adoptError(error)
    }
  }

  function builtin(id: string): object {
    const exports = id === 'module' ? guest.Module : modules.get(id)
    if (exports === undefined) throw coded('Error', 'ERR_UNKNOWN_BUILTIN_MODULE', `No such built-in module: ${id}`)
    return exports
  }

  function locate(filename: unknown): ReturnType<ModuleHost['locate']> {
    if (typeof filename === 'string' && path.isAbsolute(filename)) return { path: filename, url: undefined }
    const href = typeof filename === 'string' ? filename : (filename as { href?: unknown } | null | undefined)?.href
    try {
      const url = new URL(href as string)
      return { path: path.fileURLToPath(url), url: url.href }
    } catch {
      return undefined
    }
  }

  function modulePaths(from: string): readonly string[] {
    // Node's own function says what is wrong with what is no string.
    if (typeof from !== 'string') return scripts.modulePaths(path.resolve(from))
    return scripts.modulePaths(from.startsWith('/') ? from : path.resolve(cwd(), from))
  }

  let mainEvaluation: Promise<object> | undefined
  const host: Omit<ModuleHost, 'createSteps'> = {
    process: process as unknown as ModuleHost['process'],
    builtinModules: loaderHost.module.builtinModules,
    resolve: (...paths) => path.resolve(cwd(), ...paths),
    dirname: path.dirname,
    basename: path.basename,
    isAbsolute: path.isAbsolute,
    cwd,
    locate,
    isBuiltin: path.isBuiltin,
    modulePaths,
    globalPaths: () => globalPaths,
    initPaths: () => void (globalPaths = findGlobalPaths()),
    read,
    formatOf: (filename) => formatOfRequired(filename, () => resolver.nearestType(filename), dialect),
    stripTypes,
    compile,
    compileWrapped,
    jsonValue(text) {
      const literal = scripts.jsonLiteral(text)
      return literal && evaluate(literal)
    },
    stat: (file) => ({ file: 0, other: 0, directory: 1, none: -2 })[files.kind(file) ?? 'none'],
    readPackage: (file) => JSON.stringify(resolver.nearestPackage(file) ?? {}),
    inspect: (value) => original('util').inspect(value),
    isProxy: original('util').types.isProxy,
    coded,
    notFound: resolver.errors.requireNotFound,
    hide: stacks.hide,
    builtin,
    requireModule: (...args) => graph.require(...args),
    importMain: (filename) => void (mainEvaluation = importMain(filename)),
    runMain: (main = process.argv[1] ?? '') => void runMain(main),
    syncBuiltins: () => graph.syncBuiltins(),
  }
  const guest = bootstrap(evaluate, { ...host, createSteps: createModuleSteps(host, resolver) }, scripts)
  const graph: ModuleGraph = createModuleGraph({
    context,
    resolver,
    reader,
    errors: ns.errors,
    scripts,
    path,
    guest,
    builtin,
    stripTypes,
    read,
    dialect,
  })
  const sourceMaps = createSourceMaps({ process, path, read })
  addModuleExports({ sourceMaps, Module: guest.Module, evaluate, resolver, scripts, stacks, process, adoptError })

  async function importMain(file: string): Promise<object> {
    try {
      return await graph.import(path.pathToFileURL(file).href, undefined)
    } catch (error) {
      // Nobody catches what the entry throws, and Node shows the line of source then.
      if (error instanceof global.SyntaxError && !/^\S+:\d+\n/.test(String(error.stack))) decorate(error)
      throw error
    }
  }

  /** Whether Node goes to the ESM loader at once. @source Node 24 `lib/internal/modules/run_main.js` */
  function isModule(file: string): boolean {
    if (/\.(?:mjs|mts|wasm)$/.test(file)) return true
    return !/\.c[jt]s$/.test(file) && resolver.nearestType(file) === 'module'
  }

  async function runMain(main: string): Promise<void> {
    const file = path.resolve(cwd(), main)
    const found = guest.Module._findPath(file, null, true)
    if (found && isModule(found)) await importMain(found)
    else {
      guest.Module._load(file, null, true)
      await mainEvaluation
    }
    settle()
    scripts.persist()
  }

  const loader: ContextLoader = {
    runMain,
    import(specifier, parentURL, attributes) {
      if (isDisposed) throw unsupported(`import('${specifier}')`, 'the guest has ended')
      return graph.import(specifier, parentURL, attributes)
    },
    moduleExports: guest.Module,
    [Symbol.dispose]: () => void (isDisposed = true),
  }
  let isDisposed = false
  registerLoader(ns, { import: loader.import, Error: global.Error, describeFrame: sourceMaps.describe })
  return loader
}

/** What is evaluated in a guest's realm, as one script. */
const guestSource = `({
createGuestCycles: ${createGuestCycles.toString()},
createGuestErrors: ${createGuestErrors.toString()},
createGuestModule: ${createGuestModule.toString()},
createGuestRequire: ${createGuestRequire.toString()}
})`

/** Makes the guest's side in the guest's realm. */
function bootstrap(evaluate: Evaluator['evaluate'], host: ModuleHost, scripts: ScriptStore): GuestLoader {
  const script = scripts.script(guestSource, 'node:internal/modules/cjs/loader')
  const guest = evaluate(script) as {
    readonly createGuestCycles: typeof createGuestCycles
    readonly createGuestErrors: typeof createGuestErrors
    readonly createGuestModule: typeof createGuestModule
    readonly createGuestRequire: typeof createGuestRequire
  }
  const errors = guest.createGuestErrors(host)
  return guest.createGuestModule(host, errors, guest.createGuestCycles(host), guest.createGuestRequire)
}

/**
 * The ES modules of one guest, as `vm.SourceTextModule` in its context. Graphs are linked synchronously, since files are
 * read synchronously, so that `require` and `import` share them.
 *
 * @source Node 24 `lib/internal/modules/esm/loader.js`, `module_job.js`, `translators.js`
 */
import { apply, original } from '@libvisor/abi'
import type { ErrorFactory } from '@libvisor/abi'
import type * as vm from 'node:vm'
import { validateAttributes } from '../state/import-attributes.ts'
import type { Resolver } from '../state/resolver.ts'
import type { SourceReader } from '../state/source-reader.ts'
import type { PathFunctions } from '../types.ts'
import { explainInstantiation } from './explain-module-error.ts'
import type { GuestLoader, GuestModule } from './module-host.ts'
import type { ScriptStore } from './script-store.native.ts'
import { describeCycle, describeAsyncGraph } from './require-module-errors.ts'

/** What a graph is made of. */
export interface ModuleGraphOptions {
  readonly context: vm.Context
  readonly resolver: Resolver
  readonly reader: SourceReader
  readonly errors: ErrorFactory
  readonly scripts: ScriptStore
  readonly path: PathFunctions
  readonly guest: GuestLoader
  /** The exports of a built-in. */
  readonly builtin: (id: string) => object
  readonly stripTypes: (source: string, file: string) => string
  /** The format by which `require` loads a file. */
  readonly formatOf: (file: string) => string | undefined
  readonly read: (file: string) => string
  /** Whether messages are those of Node 24. */
  readonly showsRequireStack: boolean
}

/** The ES modules of a guest. */
export interface ModuleGraph {
  import(specifier: string, parentURL: string | undefined, attributes?: object): Promise<object>
  /** Where a specifier leads, as `import.meta.resolve` answers. */
  resolve(specifier: string, parentURL: string): string
  /** Evaluates a module for `require`. @returns what `require` gives */
  require(module: GuestModule, filename: string, source: string, parent: GuestModule | null | undefined): unknown
  /** Brings the exports of built-ins that have been imported up to date. */
  syncBuiltins(): void
}

/** What the types of Node leave out. */
interface CacheableModule extends vm.SourceTextModule {
  createCachedData(): Buffer
}

type Attributes = Readonly<Record<string, string>>

interface Job {
  readonly url: string
  readonly module: vm.SourceTextModule | vm.SyntheticModule
  /** The CommonJS module behind a synthetic one. */
  readonly commonJs: GuestModule | undefined
  dependencies: readonly Job[]
  evaluation: Promise<void> | undefined
  /** Whether a top-level `await` may be anywhere in the source, where Node does not tell. */
  readonly mentionsAwait: boolean
}

/** Who asks for a module: what `require` asks for must not wait for anything. */
interface Asker {
  readonly url: string | undefined
  readonly isRequired: boolean
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const then = Promise.prototype.then
const ignore = (): void => {}

/**
 * Makes the graph of a guest.
 *
 * @param options - its context, and how modules are found and read
 * @returns the graph, which is empty
 */
export function createModuleGraph(options: ModuleGraphOptions): ModuleGraph {
  const { context, resolver, reader, errors, scripts, path, guest } = options
  const { SourceTextModule, SyntheticModule } = original('vm')
  const jobs = new Map<string, Job>()
  const builtins = new Map<string, () => void>()
  const exportNames = new WeakMap<GuestModule, Set<string>>()
  const hasGraphInfo = 'hasAsyncGraph' in SourceTextModule.prototype

  const keyOf = (url: string, { type = '' }: Attributes): string => `${type}\0${url}`

  function resolve(specifier: string, parentURL: string | undefined): ReturnType<Resolver['import']> {
    if (parentURL !== undefined && !parentURL.startsWith('file:') && !/^[./]/.test(specifier)) {
      // A module without a place has neither packages nor a scope.
      if (path.isBuiltin(specifier)) {
        return { url: specifier.startsWith('node:') ? specifier : `node:${specifier}`, format: 'builtin' }
      }
      if (!URL.canParse(specifier)) {
        throw resolver.errors.unresolvable(
          specifier,
          parentURL,
          errors.coded('TypeError', 'ERR_INVALID_URL', 'Invalid URL'),
        )
      }
    }
    return resolver.import(specifier, { parentURL })
  }

  /** The job of a module, linked with all that it needs. */
  function getJob(specifier: string, asker: Asker, attributes: Attributes): Job {
    const { url, format } = resolve(specifier, asker.url)
    const key = keyOf(url, attributes)
    const known = jobs.get(key)
    if (known !== undefined) {
      if (asker.isRequired && known.module.status === 'evaluating') throw cycleError(specifier, asker.url, false)
      return known
    }
    const job = createJob(url, format, attributes, asker)
    if (asker.isRequired && job.commonJs !== undefined && guest.isExecuting(job.commonJs)) {
      throw cycleError(specifier, asker.url, true)
    }
    return link(key, job, asker.isRequired)
  }

  function cycleError(specifier: string, parentURL: string | undefined, isCommonJs: boolean): Error {
    const from = parentURL?.startsWith('file:') === true ? ` (from ${path.fileURLToPath(parentURL)})` : ''
    const kind = isCommonJs ? 'CommonJS Module' : 'Module'
    return errors.coded('Error', 'ERR_REQUIRE_CYCLE_MODULE', `Cannot import ${kind} ${specifier} in a cycle.${from}`)
  }

  function link(key: string, job: Job, isRequired: boolean): Job {
    jobs.set(key, job)
    const { module, url } = job
    if (!(module instanceof SourceTextModule)) return job
    try {
      const dependencies = module.moduleRequests.map(({ specifier, attributes }) =>
        getJob(specifier, { url, isRequired }, attributes as Attributes),
      )
      module.linkRequests(dependencies.map((dependency) => dependency.module) as vm.Module[] as never)
      job.dependencies = dependencies
      return job
    } catch (error) {
      jobs.delete(key)
      throw error
    }
  }

  function createJob(url: string, known: string | null | undefined, attributes: Attributes, asker: Asker): Job {
    if (url.startsWith('node:')) {
      validateAttributes(url, 'builtin', attributes, resolver.errors)
      return createBuiltin(url)
    }
    const { format, source, file } = load(url, known)
    validateAttributes(url, format, attributes, resolver.errors)
    switch (format) {
      case 'module':
        return createSourceText(url, source(), asker.url === undefined)
      case 'module-typescript':
        return createSourceText(url, options.stripTypes(source(), file), asker.url === undefined)
      case 'commonjs':
      case 'commonjs-typescript':
        return createCommonJs(url, file, source(), format, asker.url === undefined)
      case 'json':
        return createJson(url, file, source())
      default:
        throw resolver.errors.unknownFormat(format, url)
    }
  }

  interface Loaded {
    readonly format: string
    readonly source: () => string
    readonly file: string
  }

  function load(url: string, known: string | null | undefined): Loaded {
    if (url.startsWith('data:')) return loadData(url)
    if (!url.startsWith('file:')) throw unsupportedScheme(url)
    const { format, source } = reader.imported(url, known)
    const text = (): string => (typeof source === 'string' ? source : decoder.decode(source))
    return { format, source: text, file: path.fileURLToPath(url) }
  }

  function unsupportedScheme(url: string): Error {
    const { protocol } = new URL(url)
    const schemes = /^https?:$/.test(protocol) ? 'file and data' : 'file, data, and node'
    const message =
      `Only URLs with a scheme in: ${schemes} are supported by the default ESM loader. ` +
      `Received protocol '${protocol}'`
    return errors.coded('Error', 'ERR_UNSUPPORTED_ESM_URL_SCHEME', message)
  }

  /** @source Node 24 `lib/internal/modules/esm/load.js`, getSourceSync; `get_format.js` */
  function loadData(url: string): Loaded {
    const match = /^data:([^/]+\/[^,;]+)[^,]*?(;base64)?,([\s\S]*)$/.exec(url)
    if (match === null) throw errors.coded('TypeError', 'ERR_INVALID_URL', 'Invalid URL')
    const [, type = '', base64, body = ''] = match
    const format = dataFormats[type]
    if (format === undefined) throw resolver.errors.unknownFormat(type, url)
    const source = (): string => Buffer.from(decodeURIComponent(body), base64 ? 'base64' : 'utf8').toString()
    return { format, source, file: url }
  }

  function createSourceText(url: string, source: string, isMain: boolean): Job {
    const cachedData = scripts.moduleCache(source)
    const module = compile(url, source, isMain, cachedData)
    if (cachedData === undefined) scripts.keepModuleCache(source, () => (module as CacheableModule).createCachedData())
    const mentionsAwait = hasGraphInfo ? false : /\bawait\b/.test(source)
    return { url, module, commonJs: undefined, dependencies: [], evaluation: undefined, mentionsAwait }
  }

  function compile(url: string, source: string, isMain: boolean, cachedData: Buffer | undefined): vm.SourceTextModule {
    try {
      return new SourceTextModule(source, {
        context,
        identifier: url,
        ...(cachedData === undefined ? {} : { cachedData }),
        initializeImportMeta: (meta) => fillMeta(meta, url, isMain),
        importModuleDynamically: ((specifier: string, _referrer: unknown, attributes: object) =>
          importModule(specifier, url, attributes)) as never,
      })
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'ERR_VM_MODULE_CACHED_DATA_REJECTED') throw error
      scripts.rejectModuleCache(source)
      return compile(url, source, isMain, undefined)
    }
  }

  function fillMeta(meta: ImportMeta, url: string, isMain: boolean): void {
    if (url.startsWith('file:')) {
      const filename = path.fileURLToPath(url)
      meta.dirname = path.dirname(filename)
      meta.filename = filename
    }
    meta.main = isMain
    meta.resolve = guest.metaResolve((specifier) => resolveForMeta(specifier, url))
    meta.url = url
  }

  function resolveForMeta(specifier: string, parentURL: string): string {
    try {
      return resolve(specifier, parentURL).url
    } catch (error) {
      const { code, url } = error as { code?: unknown; url?: unknown }
      const isKnown = code === 'ERR_UNSUPPORTED_DIR_IMPORT' || code === 'ERR_MODULE_NOT_FOUND'
      if (isKnown && typeof url === 'string') return url
      throw error
    }
  }

  function createSynthetic(
    url: string,
    names: readonly string[],
    evaluate: (set: (name: string, value: unknown) => void) => void,
    commonJs?: GuestModule,
  ): Job {
    const module = new SyntheticModule([...names], () => evaluate((name, value) => module.setExport(name, value)), {
      context,
      identifier: url,
    })
    return { url, module, commonJs, dependencies: [], evaluation: undefined, mentionsAwait: false }
  }

  function createBuiltin(url: string): Job {
    const id = url.slice('node:'.length)
    if (!path.isBuiltin(url)) {
      throw errors.coded('Error', 'ERR_UNKNOWN_BUILTIN_MODULE', `No such built-in module: ${url}`)
    }
    const exports = options.builtin(id) as Record<string, unknown>
    const names = Object.keys(exports)
    const job = createSynthetic(url, [...new Set([...names, 'default'])], (set) => {
      const sync = (): void => {
        for (const name of names) if (name !== 'default') set(name, readOwn(exports, name))
      }
      sync()
      set('default', exports)
      builtins.set(id, sync)
    })
    void job.module.evaluate()
    return job
  }

  function createCommonJs(url: string, file: string, source: string, format: string, isMain: boolean): Job {
    const module = guest.emplace(file)
    const names = namesOf(module, file, format === 'commonjs' ? source : options.stripTypes(source, file))
    guest.keepSource(module, source)
    const all = new Set([...names, 'default', 'module.exports'])
    const evaluate = (set: (name: string, value: unknown) => void): void => {
      const exports = guest.loadImported(module, file, isMain) as Record<string, unknown>
      for (const name of names) {
        if (name === 'default' || name === 'module.exports' || !hasOwn(exports, name)) continue
        set(name, readOwn(exports, name))
      }
      set('default', exports)
      set('module.exports', exports)
    }
    return createSynthetic(url, [...all], evaluate, module)
  }

  /** The names that a CommonJS module exports, with those that it exports again. */
  function namesOf(module: GuestModule, file: string, source: string): ReadonlySet<string> {
    const known = exportNames.get(module)
    if (known !== undefined) return known
    const { names, reexports } = scripts.exportsOf(source)
    const all = new Set(names)
    // First, for cycles.
    exportNames.set(module, all)
    for (const request of reexports) {
      let found: string
      try {
        found = guest.Module._resolveFilename(request, module, false)
      } catch {
        continue
      }
      if (path.isBuiltin(found) || guest.extensionOf(found) !== '.js') continue
      let text: string
      try {
        text = options.read(found)
      } catch {
        continue
      }
      for (const name of namesOf(guest.emplace(found), found, text)) all.add(name)
    }
    return all
  }

  function createJson(url: string, file: string, source: string): Job {
    const isPlain = url.startsWith('file:') && !/[#?]/.test(url)
    const cached = isPlain ? guest.Module._cache[file] : undefined
    const module = cached?.loaded === true ? cached : guest.jsonModule(source, file)
    if (isPlain) guest.Module._cache[file] ??= module
    return createSynthetic(url, ['default'], (set) => set('default', module.exports))
  }

  function instantiate({ module, dependencies }: Job): void {
    if (!(module instanceof SourceTextModule) || module.status !== 'unlinked') return
    try {
      module.instantiate()
    } catch (error) {
      throw explainInstantiation(
        error,
        module.moduleRequests.map(({ specifier }, index) => ({
          specifier,
          isCommonJs: dependencies[index]?.commonJs !== undefined,
        })),
      )
    }
  }

  function evaluate(job: Job): Promise<void> {
    job.evaluation ??= job.module.evaluate()
    return job.evaluation
  }

  async function importModule(
    specifier: string,
    parentURL: string | undefined,
    attributes: object = {},
  ): Promise<object> {
    const job = getJob(specifier, { url: parentURL, isRequired: false }, attributes as Attributes)
    instantiate(job)
    await evaluate(job)
    return job.module.namespace
  }

  function isAsync(job: Job): boolean {
    const { module } = job
    if (!(module instanceof SourceTextModule)) return false
    if (hasGraphInfo) return (module as unknown as { hasAsyncGraph(): boolean }).hasAsyncGraph()
    return anyJob(job, ({ mentionsAwait }) => mentionsAwait) && isPending(evaluate(job))
  }

  function isPending(promise: Promise<void>): boolean {
    apply(then, promise, [undefined, ignore])
    return original('util').inspect(promise, { depth: 0 }).includes('<pending>')
  }

  function throwIfAsync(job: Job, filename: string, parent: GuestModule | null | undefined): void {
    if (!isAsync(job)) return
    const message = describeAsyncGraph(filename, guest.requireStack(parent), options.showsRequireStack)
    throw errors.coded('Error', 'ERR_REQUIRE_ASYNC_MODULE', message)
  }

  function requireModule(
    module: GuestModule,
    filename: string,
    source: string,
    parent: GuestModule | null | undefined,
  ): unknown {
    const url = path.pathToFileURL(filename).href
    const key = keyOf(url, {})
    const known = jobs.get(key)
    const job = known ?? createSourceText(url, source, false)
    guest.setRequired(module, () => job.module.status === 'evaluated')
    if (known === undefined) link(key, job, true)
    else if (known.module.status === 'evaluating') {
      throw errors.coded('Error', 'ERR_REQUIRE_CYCLE_MODULE', describeCycle(filename, parent?.filename))
    } else if (known.module.status === 'errored') throw known.module.error
    instantiate(job)
    throwIfAsync(job, filename, parent)
    apply(then, evaluate(job), [undefined, ignore])
    if (job.module.status === 'errored') throw job.module.error
    return exportsFor(job)
  }

  /** What `require` gives for a module: its namespace, which says that it is one where transpiled code looks for that. */
  function exportsFor(job: Job): unknown {
    const namespace = job.module.namespace as Record<string, unknown>
    if (hasOwn(namespace, 'module.exports')) return namespace['module.exports']
    if (!hasOwn(namespace, 'default') || hasOwn(namespace, '__esModule')) return namespace
    let facade = facades.get(job)
    if (facade === undefined) facades.set(job, (facade = createFacade(job)))
    return facade.namespace
  }

  const facades = new WeakMap<Job, vm.SourceTextModule>()

  function createFacade(job: Job): vm.SourceTextModule {
    const facade = new SourceTextModule(facadeSource, {
      context,
      identifier: 'node:internal/require_module_default_facade',
    })
    facade.linkRequests(facade.moduleRequests.map(() => job.module) as never)
    facade.instantiate()
    apply(then, facade.evaluate(), [undefined, ignore])
    return facade
  }

  return {
    import: importModule,
    resolve: resolveForMeta,
    require: requireModule,
    syncBuiltins() {
      for (const sync of builtins.values()) sync()
    },
  }
}

const facadeSource = "export * from 'original'; export { default } from 'original'; export const __esModule = true;"

const dataFormats: Readonly<Record<string, string>> = {
  'text/javascript': 'module',
  'application/json': 'json',
  'application/wasm': 'wasm',
}

const hasOwn = (object: unknown, key: string): boolean =>
  object !== null && (typeof object === 'object' || typeof object === 'function') && Object.hasOwn(object, key)

/** A getter of a guest's, or of a built-in that is refused, may throw: the export is then `undefined`, as in Node. */
function readOwn(object: Record<string, unknown>, key: string): unknown {
  try {
    return Object.hasOwn(object, key) ? object[key] : undefined
  } catch {
    return undefined
  }
}

function anyJob(root: Job, test: (job: Job) => boolean): boolean {
  const seen = new Set<Job>([root])
  for (const job of seen) {
    if (test(job)) return true
    for (const dependency of job.dependencies) seen.add(dependency)
  }
  return false
}

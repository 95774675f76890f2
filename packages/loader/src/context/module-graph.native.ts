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
import type { LoaderDialect, PathFunctions } from '../types.ts'
import { parseDataUrl } from './data-url.ts'
import { explainInstantiation, explainMissingVariable, withLoaderFrame } from './explain-module-error.native.ts'
import type { GuestLoader, GuestModule } from './module-host.ts'
import { graphOf } from './module-job.ts'
import type { Job } from './module-job.ts'
import type { ScriptStore } from './script-store.native.ts'
import { createSyntheticModules, hasOwn } from './synthetic-modules.native.ts'
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
  readonly read: (file: string) => string
  readonly dialect: LoaderDialect
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

/** What modules tell of themselves in Node 24. */
interface InformedModule extends vm.SourceTextModule {
  hasAsyncGraph(): boolean
  hasTopLevelAwait(): boolean
}

type Attributes = Readonly<Record<string, string>>

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
  const { context, resolver, reader, errors, scripts, path, guest, dialect } = options
  const { SourceTextModule } = original('vm')
  const jobs = new Map<string, Job>()
  const synthetic = createSyntheticModules(options)
  // Without its flag, Node has no such class: CommonJS needs none.
  const hasGraphInfo = 'hasAsyncGraph' in ((SourceTextModule as typeof SourceTextModule | undefined)?.prototype ?? {})

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
      return synthetic.builtin(url)
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
        return synthetic.commonJs(url, file, source(), format, asker.url === undefined)
      case 'json':
        return synthetic.json(url, file, source())
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

  function loadData(url: string): Loaded {
    const data = parseDataUrl(url)
    if (data === undefined) throw errors.coded('TypeError', 'ERR_INVALID_URL', 'Invalid URL')
    const { type, format, source } = data
    if (format === undefined) throw resolver.errors.unknownFormat(type, url)
    return { format, source, file: url }
  }

  function createSourceText(url: string, source: string, isMain: boolean): Job {
    const cachedData = scripts.moduleCache(source)
    const module = compile(url, source, isMain, cachedData)
    const mentionsAwait = hasGraphInfo ? false : /\bawait\b/.test(source)
    return {
      url,
      module,
      commonJs: undefined,
      dependencies: [],
      evaluation: undefined,
      mentionsAwait,
      hasWaited: false,
    }
  }

  function compile(url: string, source: string, isMain: boolean, cachedData: Buffer | undefined): vm.SourceTextModule {
    try {
      const module = new SourceTextModule(source, {
        context,
        identifier: url,
        ...(cachedData === undefined ? {} : { cachedData }),
        initializeImportMeta: (meta) => fillMeta(meta, url, isMain),
        importModuleDynamically: ((specifier: string, _referrer: unknown, attributes: object) =>
          importModule(specifier, url, attributes)) as never,
      }) as CacheableModule
      if (cachedData === undefined) scripts.keepModuleCache(source, () => module.createCachedData())
      else scripts.acceptModuleCache()
      return module
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
    if (job.evaluation === undefined) {
      job.evaluation = job.module.evaluate()
      const suspects = hasGraphInfo ? [] : [...graphOf(job)].filter(({ mentionsAwait }) => mentionsAwait)
      if (suspects.length > 0 && isPending(job.evaluation)) for (const suspect of suspects) suspect.hasWaited = true
    }
    return job.evaluation
  }

  async function importModule(
    specifier: string,
    parentURL: string | undefined,
    attributes: object = {},
  ): Promise<object> {
    let job: Job
    try {
      job = getJob(specifier, { url: parentURL, isRequired: false }, attributes as Attributes)
      instantiate(job)
    } catch (error) {
      throw withLoaderFrame(error)
    }
    try {
      await evaluate(job)
    } catch (error) {
      explain(error, job)
      throw error
    }
    return job.module.namespace
  }

  function explain(error: unknown, { url, module, mentionsAwait }: Job): void {
    explainMissingVariable(error, () => ({
      url,
      scope: resolver.packageScope(url),
      namesVariable: dialect.asyncGraphShowsStack,
      hasTopLevelAwait: hasGraphInfo ? (module as InformedModule).hasTopLevelAwait() : mentionsAwait,
    }))
  }

  function isAsync(job: Job): boolean {
    const { module } = job
    if (!(module instanceof SourceTextModule)) return false
    if (hasGraphInfo) return (module as InformedModule).hasAsyncGraph()
    if (![...graphOf(job)].some(({ mentionsAwait }) => mentionsAwait)) return false
    apply(then, evaluate(job), [undefined, ignore])
    return [...graphOf(job)].some(({ hasWaited }) => hasWaited)
  }

  function isPending(promise: Promise<void>): boolean {
    return original('util').inspect(promise, { depth: 0 }).includes('<pending>')
  }

  function throwIfAsync(job: Job, filename: string, parent: GuestModule | null | undefined): void {
    if (!isAsync(job)) return
    const message = describeAsyncGraph(filename, guest.requireStack(parent), dialect.asyncGraphShowsStack)
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
    const wasEvaluated = job.evaluation !== undefined
    apply(then, evaluate(job), [undefined, ignore])
    if (job.module.status === 'errored') {
      if (!wasEvaluated) explain(job.module.error, job)
      throw job.module.error
    }
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
    syncBuiltins: synthetic.syncBuiltins,
  }
}

const facadeSource = "export * from 'original'; export { default } from 'original'; export const __esModule = true;"

/** What the guest's side of the CommonJS loader needs of the host's, and what it offers in return. */

import type { GuestCycles } from './guest-cycles.ts'

/** A module as Node shows it. */
export interface GuestModule {
  id: string
  path: string
  exports: unknown
  filename: string | null
  loaded: boolean
  children: GuestModule[]
  paths?: string[]
  parent?: GuestModule | null | undefined
  load(filename: string): void
  require(id: string): unknown
  _compile(content: string, filename: string, format?: string): unknown
}

/** A function that runs a CommonJS module's source. */
export type CompiledWrapper = (
  this: unknown,
  exports: unknown,
  require: unknown,
  module: GuestModule,
  filename: string,
  dirname: string,
) => unknown

/** The `require` function of a module. */
export interface GuestRequire {
  (id: string): unknown
  resolve: {
    (request: string, options?: unknown): string
    paths?: (request: string) => string[] | null
  }
  main: GuestModule | undefined
  extensions: Record<string, unknown>
  cache: Record<string, GuestModule | undefined>
}

/** `Module`, as Node's `require('module')` is. */
export interface GuestModuleConstructor {
  new (id?: string, parent?: GuestModule | null): GuestModule
  readonly prototype: GuestModule
  _cache: Record<string, GuestModule | undefined>
  _pathCache: Record<string, string>
  _extensions: Record<string, (module: GuestModule, filename: string) => void>
  globalPaths: string[]
  wrap(script: string): string
  wrapper: string[]
  builtinModules: readonly string[]
  isBuiltin(id: string): boolean
  createRequire(filename: unknown): GuestRequire
  runMain(main?: string): void
  syncBuiltinESMExports(): void
  Module: GuestModuleConstructor
  _load(request: string, parent: GuestModule | null | undefined, isMain?: boolean): unknown
  _resolveFilename(
    request: string,
    parent: GuestModule | null | undefined,
    isMain?: boolean,
    options?: { paths?: unknown; conditions?: ReadonlySet<string> },
  ): string
  _findPath(
    request: string,
    paths: readonly string[] | null,
    isMain?: boolean,
    conditions?: ReadonlySet<string>,
  ): string | false
  _resolveLookupPaths(request: string, parent: GuestModule | null | undefined): string[] | null
  _nodeModulePaths(from: string): string[]
  _initPaths(): void
  _preloadModules(requests: unknown): void
  _debug: unknown
  [key: string]: unknown
}

/** What is known of a module and no program sees. */
export interface ModuleState {
  firstParent: GuestModule | null | undefined
  lastParent: GuestModule | null | undefined
  source: string | undefined
  /** Whether a module that an import has put in the cache is loading already. */
  visited: boolean
  /** What the module exported when it had been loaded. */
  snapshot: { readonly exports: unknown } | undefined
  /** Of an ES module that was required: whether it has been evaluated. */
  isEvaluated: (() => boolean) | undefined
}

/** What the host's side does for the guest's. None of it calls guest code, but for the last group. */
export interface ModuleHost {
  /** Makes the steps that the host's side takes for a guest. */
  readonly createSteps: (Module: GuestModuleConstructor, parts: GuestParts) => ModuleSteps
  readonly process: Omit<NodeJS.Process, 'mainModule'> & { mainModule?: GuestModule | undefined }
  readonly builtinModules: readonly string[]
  readonly resolve: (...paths: string[]) => string
  readonly dirname: (path: string) => string
  readonly basename: (path: string) => string
  readonly isAbsolute: (path: string) => boolean
  readonly cwd: () => string
  /** The path and the URL that `createRequire` is asked for, or `undefined` when there is neither. */
  readonly locate: (filename: unknown) => { readonly path: string; readonly url: string | undefined } | undefined
  readonly isBuiltin: (id: string) => boolean
  /** The folders of modules that are looked in from a folder: the same list each time. */
  readonly modulePaths: (folder: string) => readonly string[]
  readonly globalPaths: () => readonly string[]
  readonly initPaths: () => void
  readonly read: (filename: string) => string
  /** The format of what the handler of `.js` loads; `undefined` when the source must tell. */
  readonly formatOf: (filename: string) => string | undefined
  readonly stripTypes: (content: string, filename: string) => string
  /**
   * Compiles the source of a CommonJS module.
   *
   * @returns `undefined` when it is the source of an ES module, and may be
   */
  readonly compile: (content: string, filename: string, mayBeModule: boolean) => CompiledWrapper | undefined
  /** What a text says in JSON, or `undefined` when the guest has to parse it. */
  readonly jsonValue: (text: string) => unknown
  /** Compiles a source that the guest has wrapped by itself. */
  readonly compileWrapped: (wrapped: string, filename: string) => CompiledWrapper
  readonly stat: (path: string) => number
  /** What a package.json says, as JSON. */
  readonly readPackage: (path: string) => string
  readonly inspect: (value: unknown) => string
  readonly isProxy: (value: unknown) => boolean
  readonly coded: (base: 'Error' | 'RangeError' | 'TypeError', code: string, message: string) => Error
  readonly notFound: (request: string, requireStack: readonly string[]) => Error
  /** Makes the stack of an error begin below a function. */
  readonly hide: (error: unknown, below: (...args: never[]) => unknown) => unknown

  /** The exports of a built-in. */
  readonly builtin: (id: string) => unknown
  /** Evaluates an ES module for `require`. */
  readonly requireModule: (
    module: GuestModule,
    filename: string,
    source: string,
    parent: GuestModule | null | undefined,
  ) => unknown
  /** Evaluates the entry, which turned out to be an ES module. */
  readonly importMain: (filename: string) => void
  readonly runMain: (main: string | undefined) => void
  readonly syncBuiltins: () => void
}

type Callable = (...args: never[]) => unknown

/** What the steps leave to the guest's realm. */
export interface GuestParts {
  readonly cycles: GuestCycles
  /** The folders that a request is looked for in, below those of the option `paths`. @throws ERR_INVALID_ARG_VALUE */
  readonly pathsAmong: (given: unknown, request: string) => readonly string[]
}

/** What a request has led to: a module that is to be loaded now, or else what has been exported. */
export type FoundModule =
  | { readonly module: GuestModule; readonly filename: string; readonly exports?: undefined }
  | { readonly module: undefined; readonly filename?: undefined; readonly exports: unknown }

/** The steps of the CommonJS loader, some of which the ESM loader takes, too. Stacks begin below the function that is given last. */
export interface ModuleSteps {
  /** The guest's own copy of a list, of which it makes others: faster than one of a list of another realm. */
  readonly listOf: (list: readonly string[]) => string[] | undefined
  readonly keepList: (list: readonly string[], copy: string[]) => void
  readonly isRelative: (request: string) => boolean
  readonly isBuiltin: (request: string) => boolean
  /** Notes who asked for a new module. */
  readonly enroll: (module: GuestModule, parent: GuestModule | null | undefined) => void
  readonly parentOf: (module: GuestModule) => GuestModule | null | undefined
  readonly setParent: (module: GuestModule, parent: GuestModule | null | undefined) => void
  /** The module that the folder's modules got for a request before. */
  readonly known: (request: string, parent: GuestModule) => GuestModule | undefined
  /** What a module exports, or so far, to who requires it in a cycle. */
  readonly exportsOf: (module: GuestModule) => unknown
  readonly find: (
    request: string,
    parent: GuestModule | null | undefined,
    isMain: boolean | undefined,
    below: Callable,
  ) => FoundModule
  /** Follows the loading of a module that {@link find} has found. */
  readonly end: (
    module: GuestModule,
    filename: string,
    request: string,
    parent: GuestModule | null | undefined,
    threw: boolean,
  ) => void
  readonly resolveFilename: (
    request: string,
    parent: GuestModule | null | undefined,
    isMain: boolean | undefined,
    options: { paths?: unknown; conditions?: ReadonlySet<string> } | undefined,
    below: Callable,
  ) => string
  readonly findPath: (
    request: string,
    paths: readonly string[] | null,
    isMain: boolean,
    conditions: ReadonlySet<string> | undefined,
    below: Callable,
  ) => string | false
  /** Fills in what a module needs to be loaded. @returns the extension under which it is loaded */
  readonly prepare: (module: GuestModule, filename: string) => string
  readonly noteLoaded: (module: GuestModule) => void
  readonly setExecuting: (module: GuestModule, isExecuting: boolean) => void
  readonly setUrl: (module: GuestModule, url: string) => void
  readonly sourceOf: (module: GuestModule, filename: string, below: Callable) => string
  /** Evaluates what turned out to be an ES module. */
  readonly loadModule: (module: GuestModule, filename: string, source: string) => void
  /** The entry of a file in `require.cache`, made when there is none. */
  readonly emplace: (filename: string) => GuestModule
  /** Keeps the source of a module that was read for its exports' names. */
  readonly keepSource: (module: GuestModule, source: string) => void
  /** Loads a module of CommonJS that is imported. */
  readonly loadImported: (module: GuestModule, filename: string, isMain: boolean) => unknown
  /** Whether a module's own code is running. */
  readonly isExecuting: (module: GuestModule) => boolean
  /** The names or ids of who required a module, and of who required that. */
  readonly requireStack: (module: GuestModule | null | undefined) => string[]
  readonly setRequired: (module: GuestModule, isEvaluated: () => boolean) => void
  /** The extension under which a file is loaded. */
  readonly extensionOf: (filename: string) => string
}

/** What the guest's side offers. */
export interface GuestLoader extends ModuleSteps {
  readonly Module: GuestModuleConstructor
  /** What stands in `require.cache` for JSON that is imported. */
  readonly jsonModule: (text: string, label: string) => GuestModule
  readonly metaResolve: (resolve: (specifier: string) => string) => (specifier: string) => string
}

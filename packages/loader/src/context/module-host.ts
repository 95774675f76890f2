/** What the guest's side of the CommonJS loader needs of the host's, and what it offers in return. */

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
  /** Tables of the host's realm: what a program puts on the prototypes of its own is not called here. */
  readonly tables: {
    readonly states: WeakMap<object, ModuleState>
    /** File names by the folder of the module that asks and what it asks for. */
    readonly resolved: Map<string, string>
  }
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
  /** The folders of modules that are looked in from a folder, by its absolute path. */
  readonly modulePaths: (folder: string) => readonly string[]
  readonly globalPaths: () => readonly string[]
  readonly initPaths: () => void
  /** What `imports` or the package's own name make of a request. */
  readonly findInternal: (
    request: string,
    from: string,
    conditions: ReadonlySet<string> | undefined,
  ) => string | undefined
  readonly findPath: (
    request: string,
    paths: readonly string[] | null,
    isMain: boolean,
    conditions: ReadonlySet<string> | undefined,
  ) => string | false
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

/** What the guest's side offers. */
export interface GuestLoader {
  readonly Module: GuestModuleConstructor
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
  /** What stands in `require.cache` for JSON that is imported. */
  readonly jsonModule: (text: string, label: string) => GuestModule
  readonly metaResolve: (resolve: (specifier: string) => string) => (specifier: string) => string
}

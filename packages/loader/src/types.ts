import type { ErrorFactory, Intrinsics } from '@libvisor/abi'
import type { FileView } from '@libvisor/core'
import type { PackageFields } from './state/package-json.ts'

/** The pure functions of Node's own that the resolver builds on. They are arguments, so that nothing patched is used. */
export interface PathFunctions {
  resolve(...paths: string[]): string
  dirname(path: string): string
  basename(path: string): string
  normalize(path: string): string
  relative(from: string, to: string): string
  isAbsolute(path: string): boolean
  fileURLToPath(url: string | URL): string
  pathToFileURL(path: string): URL
  /** Whether a specifier names a built-in, with or without `node:`. */
  isBuiltin(specifier: string): boolean
}

/** In what the module loaders of the supported versions of Node differ. */
export interface LoaderDialect {
  /** `"imports"` may have keys that begin with `#/` (24). */
  readonly slashImports: boolean
  /** The error of a broken self-reference names the package's folder, not its package.json (24). */
  readonly selfReferenceNamesFolder: boolean
  /** `.wasm` can be imported without a flag (24). */
  readonly wasm: boolean
  /** `.ts`, `.mts` and `.cts` are loaded. */
  readonly typescript: boolean
  /** A file without extension follows the `type` field when it is required (26). */
  readonly typedExtensionless: boolean
  /** A CommonJS module that is imported exports `module.exports` under that name as well (24). */
  readonly exportsModuleExports: boolean
  /** The error for an ES module that cannot be required shows the whole require stack (24). */
  readonly asyncGraphShowsStack: boolean
  /**
   * What a hook calls CommonJS that is imported. Only `commonjs-sync` gives it its own `require` and its place in
   * `require.cache` before 24.13; later it is an internal name.
   */
  readonly importedCommonJs: 'commonjs' | 'commonjs-sync'
  /** CommonJS finds a package.json in the root (22). */
  readonly nearestReachesRoot: boolean
  /** `module.findPackageJSON` answers the path of the module itself when no package.json is above it (24). */
  readonly findPackageJsonAlwaysAnswers: boolean
}

/** Emits a warning as `process.emitWarning` does. */
export type EmitWarning = (message: string, type: string, code: string) => void

/** What a resolver needs. */
export interface ResolverOptions {
  /** The guest's file system. */
  readonly files: FileView
  /** Makes the errors that the guest sees. */
  readonly errors: ErrorFactory
  /** The realm to which errors belong. @defaultValue the realm of libvisor itself */
  readonly intrinsics?: Intrinsics
  readonly path: PathFunctions
  readonly dialect: LoaderDialect
  /** What package.json files say, by their text: resolvers may share it. @defaultValue nothing is shared */
  readonly packageTexts?: Map<string, PackageFields | undefined>
  /** The guest's working directory. @defaultValue `/` */
  readonly cwd?: () => string
  /** Folders searched after every `node_modules`: `NODE_PATH` and what Node adds. @defaultValue none */
  readonly globalPaths?: () => readonly string[]
  /** The keys of `require.extensions`, in their order. @defaultValue `.js`, `.json`, `.node` */
  readonly extensions?: () => readonly string[]
  /** @defaultValue drops warnings */
  readonly emitWarning?: EmitWarning
  /** `--preserve-symlinks`. @defaultValue false */
  readonly preserveSymlinks?: boolean
  /** `--preserve-symlinks-main`. @defaultValue false */
  readonly preserveSymlinksMain?: boolean
}

/** The fields of a package.json that the loader reads. */
export interface PackageConfig {
  /** The path of the package.json. */
  readonly path: string
  readonly exists: boolean
  readonly name: string | undefined
  readonly main: string | undefined
  readonly type: 'commonjs' | 'module' | 'none'
  readonly exports: unknown
  readonly imports: unknown
}

/** Who requires. */
export interface RequireOptions {
  /** The file whose `require` is called; `undefined` for none. */
  readonly parentPath?: string | undefined
  /** Folders to search. @defaultValue those of the parent */
  readonly paths?: readonly string[] | null | undefined
  /** @defaultValue `require`, `node`, `node-addons`, `module-sync` */
  readonly conditions?: ReadonlySet<string> | undefined
  /** Whether the program's entry is asked for. @defaultValue false */
  readonly isMain?: boolean
  /** The chain of files for the error. @defaultValue the parent */
  readonly requireStack?: readonly string[]
}

/** Who imports. */
export interface ImportOptions {
  /** The URL of the importing module; `undefined` for the program's entry. */
  readonly parentURL?: string | undefined
  /** @defaultValue `node`, `import`, `module-sync`, `node-addons` */
  readonly conditions?: ReadonlySet<string> | undefined
}

/** What a file holds, as Node's loaders call it; `undefined` when only its source can tell. */
export type ModuleFormat =
  | 'addon'
  | 'builtin'
  | 'commonjs'
  | 'commonjs-typescript'
  | 'json'
  | 'module'
  | 'module-typescript'
  | 'typescript'
  | 'wasm'

/** What an import leads to. */
export interface ResolvedImport {
  readonly url: string
  /** What it holds, as far as its name tells: `null` when the source must tell, `undefined` when nothing is known. */
  readonly format: ModuleFormat | null | undefined
}

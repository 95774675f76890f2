import { hostIntrinsics } from '@libvisor/abi'
import type {
  EmitWarning,
  ImportOptions,
  PackageConfig,
  RequireOptions,
  ResolvedImport,
  ResolverOptions,
} from '../types.ts'
import { Derived } from './derived.ts'
import { createLoaderErrors } from './loader-errors.ts'
import type { LoaderErrors } from './loader-errors.ts'
import { createPackageReader } from './package-json.ts'
import { createTargetResolver } from './package-target.ts'
import { createCommonJsResolver, isRelative, usualExtensions } from './resolve-commonjs.ts'
import type { CommonJsResolver } from './resolve-commonjs.ts'
import { createEsmResolver, importConditions } from './resolve-esm.ts'
import { formatOfName } from './source-format.ts'

/**
 * Resolves modules over a guest's file system as Node does, with Node's errors. Keeps every package.json it has read.
 */
export interface Resolver {
  /**
   * Resolves as `require` does.
   *
   * @returns the path of a file, or the request itself when it names a built-in
   * @throws Node's error, such as MODULE_NOT_FOUND or ERR_PACKAGE_PATH_NOT_EXPORTED
   */
  require(request: string, options?: RequireOptions): string
  /**
   * Resolves as `import` does.
   *
   * @returns a `file:` or `node:` URL, or what the specifier was when it is another URL
   * @throws Node's error, such as ERR_MODULE_NOT_FOUND or ERR_UNSUPPORTED_DIR_IMPORT
   */
  import(specifier: string, options?: ImportOptions): ResolvedImport
  /** What `imports` or the package's own name make of a request, which come before every folder. */
  findInternal: CommonJsResolver['findInternal']
  /** The file that `require` finds below each of some folders, or `false`. */
  findPath: CommonJsResolver['findPath']
  /** The folders that are searched for a request. */
  lookupPaths: CommonJsResolver['lookupPaths']
  /**
   * The package.json that `module.findPackageJSON` answers.
   *
   * @returns its path, or `undefined` when there is none above the module
   */
  findPackageJson(specifier: string, base: string): string | undefined
  /** The package.json above a URL, as ESM finds it. */
  packageScope(url: string): PackageConfig
  /** The package.json above a file, as CommonJS finds it. */
  nearestPackage(path: string): PackageConfig | undefined
  /** What `type` says in the package.json above a file, as CommonJS finds it. */
  nearestType(path: string): PackageConfig['type']
  /** Forgets one package.json, or all that were read, and what imports led to. */
  invalidate(path?: string): void
  /** The errors that this resolver throws. */
  readonly errors: LoaderErrors
}

/**
 * Makes a resolver over a file system.
 *
 * @param options - the file system, the errors, and in what the loader of this Node differs from others
 * @returns the resolver
 * @example
 * ```ts
 * import { createErrors, hostIntrinsics, linux } from '@libvisor/abi'
 * import { createResolver, loaderHost } from '@libvisor/loader'
 * import assert from 'node:assert/strict'
 *
 * const tree = new Map([['/app/node_modules/left/index.js', 'module.exports = 1']])
 * const isFolder = (path: string) => [...tree.keys()].some((file) => file.startsWith(`${path}/`))
 * const resolver = createResolver({
 *   files: {
 *     kind: (path) => (tree.has(path) ? 'file' : isFolder(path) ? 'directory' : undefined),
 *     read: (path) => Buffer.from(tree.get(path) ?? ''),
 *     realpath: (path) => path,
 *     hostPath: () => undefined,
 *     differsFromHost: () => true,
 *   },
 *   errors: createErrors({ personality: linux, intrinsics: hostIntrinsics }),
 *   path: loaderHost.path,
 *   dialect: loaderHost.dialect,
 * })
 * assert.equal(resolver.require('left', { parentPath: '/app/main.js' }), '/app/node_modules/left/index.js')
 * assert.throws(() => resolver.require('right', { parentPath: '/app/main.js' }), { code: 'MODULE_NOT_FOUND' })
 * ```
 */
export function createResolver(options: ResolverOptions): Resolver {
  const { files, path, dialect, preserveSymlinks = false, preserveSymlinksMain = false } = options
  const { cwd = () => '/', globalPaths = () => [], extensions = () => usualExtensions } = options
  const { emitWarning: warn = () => {} } = options
  const derived = new Derived(files)
  const emitWarning: EmitWarning = (...args) => {
    // Each guest is to be warned.
    derived.spoil()
    warn(...args)
  }
  const errors = createLoaderErrors(options.errors, options.intrinsics ?? hostIntrinsics)
  const packages = createPackageReader({ files, errors, path, dialect, texts: options.packageTexts, derived })
  const esm = createEsmResolver({
    files,
    derived,
    errors,
    path,
    packages,
    cwd,
    emitWarning,
    preserveSymlinks,
    preserveSymlinksMain,
    targets: () => targets,
    // Node asks for the hint on behalf of a module without a file name: a relative path then starts at the working directory.
    hint: (specifier, parentPath) => {
      const paths = isRelative(specifier) ? ['.'] : [...commonJs.nodeModulePaths(parentPath), ...globalPaths()]
      return commonJs.resolve(specifier, { paths })
    },
    formatOf: (url) => formatOfName(url, packages.scope(url).type, dialect),
  })
  const targets = createTargetResolver({ errors, path, dialect, emitWarning, resolvePackage: esm.resolvePackage })
  const commonJs = createCommonJsResolver({
    files,
    derived,
    errors,
    path,
    dialect,
    packages,
    targets,
    cwd,
    globalPaths,
    extensions,
    emitWarning,
    preserveSymlinks,
    preserveSymlinksMain,
  })

  return {
    errors,
    require: (request, requireOptions = {}) => commonJs.resolve(request, requireOptions),
    import: (specifier, importOptions = {}) => esm.resolve(specifier, importOptions),
    findInternal: commonJs.findInternal,
    findPath: commonJs.findPath,
    lookupPaths: commonJs.lookupPaths,
    packageScope: packages.scope,
    nearestPackage: packages.nearest,
    nearestType: (file) => derived.answer('type', path.dirname(file), () => packages.nearest(file)?.type ?? 'none'),
    invalidate(file) {
      packages.invalidate(file)
      esm.invalidate()
      commonJs.invalidate()
    },

    findPackageJson(specifier, base) {
      const isBare = specifier !== '' && !/^[./]/.test(specifier) && !URL.canParse(specifier)
      if (isBare) return esm.locatePackage(specifier, base).packagePath
      let url: string
      try {
        url = esm.resolve(specifier, { parentURL: base, conditions: importConditions }).url
      } catch (error) {
        const { code, url: folder } = error as { code?: unknown; url?: string }
        if (code !== 'ERR_UNSUPPORTED_DIR_IMPORT' || folder === undefined) throw error
        url = folder
      }
      const file = path.fileURLToPath(url)
      return packages.nearest(file)?.path ?? (dialect.findPackageJsonAlwaysAnswers ? file : undefined)
    },
  }
}

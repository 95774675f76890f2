/**
 * ESM_RESOLVE and what it needs, after "Resolution Algorithm Specification" of Node's `doc/api/esm.md`.
 */
import type { FileView } from '@libvisor/core'
import type {
  EmitWarning,
  ImportOptions,
  ModuleFormat,
  PackageConfig,
  PathFunctions,
  ResolvedImport,
} from '../types.ts'
import type { Derived } from './derived.ts'
import type { LoaderErrors } from './loader-errors.ts'
import type { PackageReader } from './package-json.ts'
import type { TargetResolver } from './package-target.ts'

/** Resolves as `import` does. */
export interface EsmResolver {
  /** ESM_RESOLVE. */
  resolve(specifier: string, options: ImportOptions): ResolvedImport
  /** Forgets what imports led to. */
  invalidate(): void
  /** PACKAGE_RESOLVE. */
  resolvePackage(specifier: string, base: string, conditions: ReadonlySet<string>): URL
  /** Where the package.json of a bare specifier's package is. */
  locatePackage(specifier: string, base: string): PackageLocation
}

/** A package that was found. */
export interface PackageLocation {
  /** The path of its package.json. */
  readonly packagePath: string
  /** `.`, or `./` and what was asked for below the package. */
  readonly subpath: string
}

/** What a resolver needs. */
export interface EsmResolverOptions {
  readonly files: FileView
  readonly derived: Derived
  readonly errors: LoaderErrors
  readonly path: PathFunctions
  readonly packages: PackageReader
  /** Lazy, for `imports` may name a package. */
  readonly targets: () => TargetResolver
  readonly cwd: () => string
  readonly emitWarning: EmitWarning
  readonly preserveSymlinks: boolean
  readonly preserveSymlinksMain: boolean
  /** Resolves as `require` does, for a hint in an error. */
  readonly hint: (specifier: string, parentPath: string) => string
  /** What a URL holds, as far as its name tells. */
  readonly formatOf: (url: string) => ModuleFormat | null | undefined
}

/** The conditions of `import`. */
export const importConditions: ReadonlySet<string> = new Set(['node', 'import', 'module-sync', 'node-addons'])

const isRelative = (specifier: string): boolean => /^\.\.?(?:\/|$)/.test(specifier)
const isPath = (specifier: string): boolean => specifier.startsWith('/') || isRelative(specifier)

/** What is tried for a `main`, and, without one, for the folder. */
const mainSuffixes = ['', '.js', '.json', '.node', '/index.js', '/index.json', '/index.node']
const indexNames = ['index.js', 'index.json', 'index.node']

/**
 * Makes a resolver of imports.
 *
 * @param options - the files to look at, the errors to throw
 * @returns the resolver
 */
export function createEsmResolver(options: EsmResolverOptions): EsmResolver {
  const { files, derived, errors, path, packages, targets, emitWarning } = options

  const pathOrUrl = (url: string): string => (url.startsWith('file:') ? path.fileURLToPath(url) : url)
  const isFile = (file: string): boolean => files.kind(file) === 'file'

  /** The package's name and what is asked for below it. */
  function parseSpecifier(specifier: string, base: string): readonly [name: string, subpath: string] {
    const scoped = specifier.startsWith('@')
    let slash = specifier.indexOf('/')
    let valid = !scoped || slash !== -1
    if (scoped && slash !== -1) slash = specifier.indexOf('/', slash + 1)
    const name = slash === -1 ? specifier : specifier.slice(0, slash)
    if (name.startsWith('.') || /[%\\]/.test(name)) valid = false
    if (!valid) throw errors.invalidSpecifier(specifier, 'is not a valid package name', path.fileURLToPath(base))
    return [name, slash === -1 ? '.' : `.${specifier.slice(slash)}`]
  }

  function locatePackage(specifier: string, base: string): PackageLocation {
    const [name, subpath] = parseSpecifier(specifier, base)
    const scope = packages.scope(base)
    if (scope.exists && scope.exports !== undefined && scope.name === name) return { packagePath: scope.path, subpath }

    const up = name.startsWith('@') ? '../../../../' : '../../../'
    let url = new URL(`./node_modules/${name}/package.json`, base)
    let packagePath = path.fileURLToPath(url)
    for (;;) {
      if (files.kind(packagePath.slice(0, -'/package.json'.length)) === 'directory') return { packagePath, subpath }
      url = new URL(`${up}node_modules/${name}/package.json`, url)
      const next = path.fileURLToPath(url)
      if (next.length === packagePath.length) break
      packagePath = next
    }
    throw errors.importNotFound(name, path.fileURLToPath(base), undefined)
  }

  /** LOAD_AS_DIRECTORY of a package without `exports`. */
  function resolveMain(config: PackageConfig, base: string): URL {
    const folder = path.dirname(config.path)
    const { main } = config
    const candidates = main === undefined ? [] : mainSuffixes.map((suffix) => path.resolve(folder, main + suffix))
    const first = candidates[0]
    for (const name of indexNames) candidates.push(path.resolve(folder, name))
    const file = candidates.find(isFile)
    if (file === undefined) {
      throw errors.mainImportNotFound(first ?? path.resolve(folder, 'index.js'), path.fileURLToPath(base))
    }
    const url = path.pathToFileURL(file)
    if (options.formatOf(url.href) === 'module') warnMain(config, file, base)
    return url
  }

  function warnMain({ main, path: packagePath }: PackageConfig, file: string, base: string): void {
    const folder = `${path.dirname(packagePath)}/`
    const found = file.slice(folder.length)
    const from = path.fileURLToPath(base)
    if (!main) {
      emitWarning(
        `No "main" or "exports" field defined in the package.json for ${folder} resolving the main entry point ` +
          `"${found}", imported from ${from}.\nDefault "index" lookups for the main are deprecated for ES modules.`,
        'DeprecationWarning',
        'DEP0151',
      )
    } else if (path.resolve(folder, main) !== file) {
      emitWarning(
        `Package ${folder} has a "main" field set to "${main}", excluding the full filename and extension to the ` +
          `resolved file at "${found}", imported from ${from}.\n Automatic extension resolution of the "main" field ` +
          'is deprecated for ES modules.',
        'DeprecationWarning',
        'DEP0151',
      )
    }
  }

  function resolvePackage(specifier: string, base: string, conditions: ReadonlySet<string>): URL {
    if (path.isBuiltin(specifier)) return new URL(`node:${specifier}`)
    const { packagePath, subpath } = locatePackage(specifier, base)
    const config = packages.read(packagePath, { specifier, base })
    if (config.exports !== undefined) return targets().exports(config, subpath, base, conditions)
    if (subpath === '.') return resolveMain(config, base)
    return new URL(subpath, path.pathToFileURL(packagePath))
  }

  /** The end of ESM_RESOLVE: what is found must be a file, and stands under its real path. */
  function finalize(url: URL, base: string, preserveSymlinks: boolean): URL {
    const from = pathOrUrl(base)
    if (/%2F|%5C/i.test(url.pathname)) {
      throw errors.invalidSpecifier(url.pathname, 'must not include encoded "/" or "\\" characters', from)
    }
    let file: string
    try {
      file = path.fileURLToPath(url)
    } catch (error) {
      throw Object.assign(error as Error, { input: url.href, module: base })
    }
    // Node looks at the root in place of a path that ends in a slash.
    const kind = file.endsWith('/') ? 'directory' : files.kind(file)
    if (kind === 'directory') throw errors.directoryImport(file, from, url.href)
    if (kind === undefined) throw errors.importNotFound(file, from, url.href)
    if (preserveSymlinks) return url
    const real = path.pathToFileURL(files.realpath(file))
    real.search = url.search
    real.hash = url.hash
    return real
  }

  function resolveUrl(specifier: string, base: string, conditions: ReadonlySet<string>): URL {
    if (isPath(specifier)) {
      try {
        return new URL(specifier, base)
      } catch (error) {
        throw errors.unresolvable(specifier, base, error)
      }
    }
    if (base.startsWith('file:') && specifier.startsWith('#')) {
      return targets().imports(packages.scope(base), specifier, base, conditions)
    }
    const url = URL.parse(specifier)
    return url ?? resolvePackage(specifier, base, conditions)
  }

  /** What `require` would have found, for who forgot the extension. */
  function addHint(error: Error, specifier: string, parentURL: string): void {
    const request = specifier.startsWith('file://') ? path.fileURLToPath(specifier) : specifier
    let found: string
    try {
      found = describeHint(request, parentURL)
    } catch {
      return
    }
    if (found === request) return
    const hint = `Did you mean to import ${JSON.stringify(found)}?`
    const { stack = '' } = error
    error.message += `\n${hint}`
    // There need not be a frame.
    const end = stack.includes('\n') ? stack.indexOf('\n') : stack.length
    error.stack = `${stack.slice(0, end)}\n${hint}${stack.slice(end)}`
  }

  function describeHint(request: string, parentURL: string): string {
    const found = options.hint(request, path.fileURLToPath(parentURL))
    if (isRelative(request)) {
      const folder = parentURL.slice('file://'.length, parentURL.lastIndexOf('/'))
      const relative = path.relative(folder === '' ? '/' : folder, path.pathToFileURL(found).pathname)
      return relative.startsWith('../') ? relative : `./${relative}`
    }
    if (request.startsWith('/') || request.startsWith('.')) return found
    const [name = request] = request.split('/', 1)
    const needle = `/node_modules/${name}/`
    const index = found.lastIndexOf(needle)
    if (index === -1) return path.pathToFileURL(found).href
    return `${name}/${found
      .slice(index + needle.length)
      .split('/')
      .map(encodeURIComponent)
      .join('/')}`
  }

  /** Node keeps what an import led to for as long as the process lives, also when the file is gone. */
  const resolved = new Map<string, ResolvedImport>()

  return {
    locatePackage,
    resolvePackage,

    resolve(specifier, { parentURL, conditions = importConditions }) {
      const key = [parentURL, specifier, ...conditions].join('\0')
      const known = resolved.get(key)
      if (known !== undefined && !derived.isOpen) return known
      const base = parentURL ?? path.pathToFileURL(`${options.cwd()}/`).href
      const preserveSymlinks = parentURL === undefined ? options.preserveSymlinksMain : options.preserveSymlinks
      try {
        const result = derived.answer(`import\0${preserveSymlinks}\0${base}`, key, () =>
          resolveAll(specifier, base, conditions, preserveSymlinks),
        )
        resolved.set(key, result)
        return result
      } catch (error) {
        const { code } = error as { code?: unknown }
        if (code === 'ERR_MODULE_NOT_FOUND' || code === 'ERR_UNSUPPORTED_DIR_IMPORT') {
          addHint(error as Error, specifier, base)
        }
        throw error
      }
    },

    invalidate: () => resolved.clear(),
  }

  function resolveAll(
    specifier: string,
    base: string,
    conditions: ReadonlySet<string>,
    preserveSymlinks: boolean,
  ): ResolvedImport {
    const url = resolveUrl(specifier, base, conditions)
    if (url.protocol !== 'file:') return { url: url.href, format: url.protocol === 'node:' ? 'builtin' : undefined }
    const { href } = finalize(url, base, preserveSymlinks)
    return { url: href, format: options.formatOf(href) }
  }
}

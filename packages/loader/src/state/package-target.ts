/**
 * PACKAGE_EXPORTS_RESOLVE, PACKAGE_IMPORTS_RESOLVE and what they need, after "Resolution Algorithm Specification" of
 * Node's `doc/api/esm.md`.
 */
import type { EmitWarning, LoaderDialect, PackageConfig, PathFunctions } from '../types.ts'
import type { LoaderErrors } from './loader-errors.ts'

/** Resolves the `exports` and `imports` of packages. */
export interface TargetResolver {
  /**
   * @param subpath - `.`, or `./` and what was asked for below the package
   * @param base - the URL of the module that asks, when it is known
   */
  exports(config: PackageConfig, subpath: string, base: string | undefined, conditions: ReadonlySet<string>): URL
  imports(config: PackageConfig, specifier: string, base: string, conditions: ReadonlySet<string>): URL
}

/** What a resolver of targets needs. */
export interface TargetResolverOptions {
  readonly errors: LoaderErrors
  readonly path: PathFunctions
  readonly dialect: LoaderDialect
  readonly emitWarning: EmitWarning
  /** PACKAGE_RESOLVE, for a target of `imports` that names a package. */
  readonly resolvePackage: (specifier: string, base: string, conditions: ReadonlySet<string>) => URL
}

/** What stays the same while a target is searched. */
interface Search {
  readonly packageUrl: string
  readonly key: string
  /** What a pattern's `*` stands for, or `undefined` when the key is no pattern. */
  readonly match: string | undefined
  readonly isImport: boolean
  readonly isTrailingSlash: boolean
  readonly base: string | undefined
  readonly conditions: ReadonlySet<string>
}

const segment =
  String.raw`(?:\.|%2e){1,2}|(?:n|%6e|%4e)(?:o|%6f|%4f)(?:d|%64|%44)(?:e|%65|%45)(?:_|%5f)` +
  '(?:m|%6d|%4d)(?:o|%6f|%4f)(?:d|%64|%44)(?:u|%75|%55)(?:l|%6c|%4c)(?:e|%65|%45)(?:s|%73|%53)'
const forbiddenSegment = new RegExp(String.raw`(?:^|\\|/)(?:${segment})(?:\\|/|$)`, 'i')
const emptySegment = /(?:^|[\\/])(?:[\\/]|$)/

const isArrayIndex = (key: string): boolean =>
  String(Number(key)) === key && Number(key) >= 0 && Number(key) < 0xffff_ffff

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** PATTERN_KEY_COMPARE: the more specific key comes first. */
function isMoreSpecific(key: string, than: string): boolean {
  const base = (pattern: string): number => (pattern.includes('*') ? pattern.indexOf('*') + 1 : pattern.length)
  return base(key) !== base(than) ? base(key) > base(than) : key.length > than.length
}

/** The best pattern for a request, and what its `*` stands for. */
function matchPattern(keys: readonly string[], request: string): readonly [key: string, match: string] | undefined {
  let best: string | undefined
  for (const key of keys) {
    const star = key.indexOf('*')
    if (star === -1 || key.lastIndexOf('*') !== star || request.length < key.length) continue
    if (!request.startsWith(key.slice(0, star)) || !request.endsWith(key.slice(star + 1))) continue
    if (best === undefined || isMoreSpecific(key, best)) best = key
  }
  if (best === undefined) return undefined
  const star = best.indexOf('*')
  return [best, request.slice(star, request.length - (best.length - star - 1))]
}

/**
 * Makes a resolver of package targets.
 *
 * @param options - the errors to throw, and how packages are resolved
 * @returns the resolver
 */
export function createTargetResolver(options: TargetResolverOptions): TargetResolver {
  const { errors, path, dialect, emitWarning, resolvePackage } = options
  const toPath = (url: string | undefined): string | undefined =>
    url === undefined ? undefined : path.fileURLToPath(url)
  const folderOf = (packageUrl: string): string => path.fileURLToPath(new URL('.', packageUrl))
  const trailingSlashWarned = new Set<string>()

  const invalidTarget = (search: Search, target: unknown): Error =>
    errors.invalidPackageTarget({
      folder: folderOf(search.packageUrl),
      key: search.key,
      target: typeof target === 'object' && target !== null ? JSON.stringify(target) : String(target),
      isImport: search.isImport,
      base: toPath(search.base),
    })

  function warnEmptySegment(search: Search, target: string, isTarget: boolean): void {
    const { key, match, isImport, base, packageUrl } = search
    const request = match === undefined ? key : key.replace('*', () => match)
    const resolved = match === undefined ? target : target.replaceAll('*', () => match)
    const kind = /[/\\]{2}/.test(isTarget ? resolved : request) ? 'double slash' : 'leading or trailing slash matching'
    emitWarning(
      `Use of deprecated ${kind} resolving "${resolved}" for module request "${request}" ` +
        `${request === key ? '' : `matched to "${key}" `}in the "${isImport ? 'imports' : 'exports'}" field module ` +
        `resolution of the package at ${path.fileURLToPath(packageUrl)}${base === undefined ? '' : ` imported from ${toPath(base)}`}.`,
      'DeprecationWarning',
      'DEP0166',
    )
  }

  function resolveString(search: Search, target: string): URL {
    const { packageUrl, match, isImport, isTrailingSlash, conditions } = search
    if (!target.startsWith('./')) {
      if (isImport && !target.startsWith('/') && !target.startsWith('../') && !URL.canParse(target)) {
        const specifier = match === undefined ? target : target.replaceAll('*', () => match)
        return resolvePackage(specifier, packageUrl, conditions)
      }
      throw invalidTarget(search, target)
    }
    const rest = target.slice(2)
    if (forbiddenSegment.test(rest)) throw invalidTarget(search, target)
    if (emptySegment.test(rest) && !isTrailingSlash) warnEmptySegment(search, target, true)

    const resolved = new URL(target, packageUrl)
    if (!resolved.pathname.startsWith(new URL('.', packageUrl).pathname)) throw invalidTarget(search, target)
    if (match === undefined || match === '') return resolved

    if (forbiddenSegment.test(match)) {
      const request = search.key.replace('*', () => match)
      const reason =
        `request is not a valid match in pattern "${search.key}" for the ` +
        `"${isImport ? 'imports' : 'exports'}" resolution of ${path.fileURLToPath(packageUrl)}`
      throw errors.invalidSpecifier(request, reason, toPath(search.base))
    }
    if (emptySegment.test(match) && !isTrailingSlash) warnEmptySegment(search, target, false)
    return new URL(resolved.href.replaceAll('*', () => match))
  }

  /** PACKAGE_TARGET_RESOLVE. `undefined`: nothing applies; `null`: what was asked for is excluded. */
  function resolveTarget(search: Search, target: unknown): URL | null | undefined {
    if (typeof target === 'string') return resolveString(search, target)
    if (target === null) return null
    if (Array.isArray(target)) return resolveAlternatives(search, target)
    if (!isObject(target)) throw invalidTarget(search, target)

    const keys = Object.keys(target)
    if (keys.some(isArrayIndex)) {
      const reason = '"exports" cannot contain numeric property keys.'
      throw errors.invalidPackageConfig(path.fileURLToPath(search.packageUrl), search.base, reason)
    }
    for (const key of keys) {
      if (key !== 'default' && !search.conditions.has(key)) continue
      const resolved = resolveTarget(search, target[key])
      if (resolved !== undefined) return resolved
    }
    return undefined
  }

  function resolveAlternatives(search: Search, targets: readonly unknown[]): URL | null | undefined {
    if (targets.length === 0) return null
    let failure: unknown
    for (const target of targets) {
      try {
        const resolved = resolveTarget(search, target)
        if (resolved === undefined) continue
        if (resolved !== null) return resolved
        failure = null
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'ERR_INVALID_PACKAGE_TARGET') throw error
        failure = error
      }
    }
    if (failure === undefined || failure === null) return failure
    throw failure
  }

  /** Whether `exports` is only the target of the main entry, written without `.`. */
  function isMainSugar(config: PackageConfig, base: string | undefined): boolean {
    if (!isObject(config.exports)) return true
    const sugar = Object.keys(config.exports).map((key) => !key.startsWith('.'))
    if (sugar.some((is) => is !== sugar[0])) {
      const reason =
        '"exports" cannot contain some keys starting with \'.\' and some not. The exports object must either be an ' +
        'object of package subpath keys or an object of main entry condition name keys only.'
      throw errors.invalidPackageConfig(config.path, base, reason)
    }
    return sugar[0] ?? false
  }

  return {
    exports(config, subpath, base, conditions) {
      const packageUrl = path.pathToFileURL(config.path).href
      const entries = isMainSugar(config, base) ? { '.': config.exports } : (config.exports as Record<string, unknown>)
      const isTrailingSlash = subpath.endsWith('/')
      const search = { packageUrl, isImport: false, base, conditions }
      let resolved: URL | null | undefined
      if (Object.hasOwn(entries, subpath) && !subpath.includes('*') && !isTrailingSlash) {
        const exact = { ...search, key: subpath, match: undefined, isTrailingSlash: false }
        resolved = resolveTarget(exact, entries[subpath])
      } else {
        const found = matchPattern(Object.keys(entries), subpath)
        if (found !== undefined) {
          const [key, match] = found
          if (isTrailingSlash) warnTrailingSlash(config.path, subpath, base)
          resolved = resolveTarget({ ...search, key, match, isTrailingSlash }, entries[key])
        }
      }
      if (resolved) return resolved
      throw errors.pathNotExported(folderOf(packageUrl), subpath, toPath(base))
    },

    imports(config, specifier, base, conditions) {
      const rootOnly = specifier === '#' || (!dialect.slashImports && specifier.startsWith('#/'))
      if (rootOnly || specifier.endsWith('/')) {
        throw errors.invalidSpecifier(specifier, 'is not a valid internal imports specifier name', toPath(base))
      }
      const packageUrl = path.pathToFileURL(config.path).href
      const entries = (config.imports ?? {}) as Record<string, unknown>
      const search = { packageUrl, isImport: true, isTrailingSlash: false, base, conditions }
      let resolved: URL | null | undefined
      if (Object.hasOwn(entries, specifier) && !specifier.includes('*')) {
        resolved = resolveTarget({ ...search, key: specifier, match: undefined }, entries[specifier])
      } else {
        const found = matchPattern(Object.keys(entries), specifier)
        if (found !== undefined)
          resolved = resolveTarget({ ...search, key: found[0], match: found[1] }, entries[found[0]])
      }
      if (resolved) return resolved
      throw errors.importNotDefined(
        specifier,
        config.exists ? folderOf(packageUrl) : undefined,
        path.fileURLToPath(base),
      )
    },
  }

  function warnTrailingSlash(packagePath: string, subpath: string, base: string | undefined): void {
    const id = `${packagePath}|${subpath}`
    if (trailingSlashWarned.has(id)) return
    trailingSlashWarned.add(id)
    emitWarning(
      `Use of deprecated trailing slash pattern mapping "${subpath}" in the "exports" field module resolution of the ` +
        `package at ${packagePath}${base === undefined ? '' : ` imported from ${toPath(base)}`}. ` +
        'Mapping specifiers ending in "/" is no longer supported.',
      'DeprecationWarning',
      'DEP0155',
    )
  }
}

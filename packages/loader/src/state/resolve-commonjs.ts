/**
 * The resolution of `require`, after "All together" of Node's `doc/api/modules.md`.
 */
import type { FileView } from '@libvisor/core'
import type { EmitWarning, LoaderDialect, PackageConfig, PathFunctions, RequireOptions } from '../types.ts'
import type { Derived } from './derived.ts'
import type { LoaderErrors } from './loader-errors.ts'
import { modulePaths } from './module-paths.ts'
import type { PackageReader } from './package-json.ts'
import type { TargetResolver } from './package-target.ts'

/** Resolves as `require` does. */
export interface CommonJsResolver {
  /**
   * @returns the file's path, or the request itself when it names a built-in
   * @throws MODULE_NOT_FOUND, and the errors of packages
   */
  resolve(request: string, options: RequireOptions): string
  /** LOAD_PACKAGE_IMPORTS and LOAD_PACKAGE_SELF. */
  findInternal(request: string, parentPath: string, conditions: ReadonlySet<string>): string | undefined
  /** LOAD_AS_FILE, LOAD_AS_DIRECTORY and LOAD_PACKAGE_EXPORTS below each of some folders. */
  findPath(
    request: string,
    paths: readonly string[] | null | undefined,
    options?: Pick<RequireOptions, 'conditions' | 'isMain'>,
  ): string | false
  /** NODE_MODULES_PATHS. */
  nodeModulePaths(folder: string): string[]
  /** The folders that are searched for a request; `null` for a built-in. */
  lookupPaths(request: string, parentPath: string | undefined): string[] | null
  /** Forgets what package.json files have said. */
  invalidate(): void
}

/** What a resolver needs. */
export interface CommonJsResolverOptions {
  readonly files: FileView
  readonly derived: Derived
  readonly errors: LoaderErrors
  readonly path: PathFunctions
  readonly dialect: LoaderDialect
  readonly packages: PackageReader
  readonly targets: TargetResolver
  readonly cwd: () => string
  readonly globalPaths: () => readonly string[]
  readonly extensions: () => readonly string[]
  readonly emitWarning: EmitWarning
  readonly preserveSymlinks: boolean
  readonly preserveSymlinksMain: boolean
}

/** The conditions of `require`. */
export const requireConditions: ReadonlySet<string> = new Set(['require', 'node', 'node-addons', 'module-sync'])

/** `name` or `@scope/name`, and what follows. */
const packageRequest = /^((?:@[^/\\%]+\/)?[^./\\%][^/\\%]*)(\/.*)?$/

/** Whether what a folder of a search is depends on nothing else; the empty one stands before an absolute request. */
const isAnchored = (folder: unknown): boolean => folder === '' || (typeof folder === 'string' && folder.startsWith('/'))

const keyOf = (conditions: ReadonlySet<string>): string =>
  conditions === requireConditions ? '' : [...conditions].join('\0')

/** The extensions that Node looks for, in this order, unless a program adds others. */
export const usualExtensions: readonly string[] = ['.js', '.json', '.node']

const areUsual = (extensions: readonly string[]): boolean =>
  extensions.length === usualExtensions.length &&
  usualExtensions.every((extension, index) => extensions[index] === extension)

/** For how many first folders a list is remembered. */
const MOST_LISTS = 10_000

/** Folders that requests are looked for in. */
interface SearchedFolders {
  readonly folders: readonly string[]
  /** What is asked of a request that is looked for there as most are. */
  readonly question: string
}

/** Those that were searched last, by the first of them: a thread's guests search the same, and each for many requests. */
const lists = new Map<string, SearchedFolders>()
let lastList = 0

/**
 * Recognizes a list of folders: there are as many as folders above a module.
 *
 * @param given - a guest's array, which may have lost its iterator and its methods
 * @returns `undefined` where a folder depends on the working directory, or is none
 */
function recognize(given: readonly unknown[]): SearchedFolders | undefined {
  const { length } = given
  const first = length === 0 ? '' : given[0]
  if (typeof first !== 'string') return undefined
  const known = lists.get(first)
  let index = known?.folders.length === length ? 0 : length + 1
  while (index < length && known!.folders[index] === given[index]) index++
  if (index === length) return known
  const folders = copyOf(given)
  if (!folders.every(isAnchored)) return undefined
  if (lists.size >= MOST_LISTS) lists.clear()
  const searched = { folders: folders as readonly string[], question: `path\0${++lastList}` }
  lists.set(first, searched)
  return searched
}

/** `slice` would ask an array of another realm for its species, which takes longer than the copying. */
function copyOf<Item>(list: readonly Item[]): Item[] {
  const copy: Item[] = []
  for (let index = 0; index < list.length; index++) copy[index] = list[index] as Item
  return copy
}

/** Whether a request starts at the folder of who asks. */
export const isRelative = (request: string): boolean =>
  request === '.' || request === '..' || request.startsWith('./') || request.startsWith('../')

/**
 * Makes a resolver of requires.
 *
 * @param options - the files to look at, the errors to throw
 * @returns the resolver
 */
export function createCommonJsResolver(options: CommonJsResolverOptions): CommonJsResolver {
  const { files, derived, errors, path, dialect, packages, targets, emitWarning } = options
  /** Who asks may be a folder itself, as the one in which a program is typed in. */
  const folderOf = (parentPath: string): string =>
    parentPath.length > 1 && parentPath.endsWith('/') ? parentPath.slice(0, -1) : path.dirname(parentPath)
  /** By which names packages call themselves, by the folder of who asks. */
  const selfNames = new Map<string, { readonly name: string | undefined }>()
  const absolute = (...parts: string[]): string => path.resolve(options.cwd(), ...parts)

  /** Node's own loader takes anything for a file that is no directory. */
  const isFile = (file: string): boolean => {
    const kind = files.kind(file)
    return kind !== undefined && kind !== 'directory'
  }

  const canonical = (file: string, isMain: boolean): string =>
    (isMain ? options.preserveSymlinksMain : options.preserveSymlinks) ? path.resolve(file) : files.realpath(file)

  const tryFile = (file: string, isMain: boolean): string | undefined =>
    isFile(file) ? canonical(file, isMain) : undefined

  function tryExtensions(file: string, isMain: boolean): string | undefined {
    for (const extension of options.extensions()) {
      const found = tryFile(file + extension, isMain)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** LOAD_AS_DIRECTORY. */
  function tryFolder(folder: string, isMain: boolean, request: string): string | undefined {
    const { main, path: packagePath } = packages.read(path.resolve(folder, 'package.json'))
    const index = path.resolve(folder, 'index')
    if (!main) return tryExtensions(index, isMain)

    const file = path.resolve(folder, main)
    const found =
      tryFile(file, isMain) ?? tryExtensions(file, isMain) ?? tryExtensions(path.resolve(file, 'index'), isMain)
    if (found !== undefined) return found
    const fallback = tryExtensions(index, isMain)
    if (fallback === undefined) throw errors.mainNotFound(file, packagePath, request)
    emitWarning(
      `Invalid 'main' field in '${packagePath}' of '${main}'. Please either fix that or report it to the module author`,
      'DeprecationWarning',
      'DEP0128',
    )
    return fallback
  }

  /** RESOLVE_ESM_MATCH: what `exports` or `imports` lead to must be there. */
  function finalize(url: URL, parentPath: string | undefined, notFoundPath: string): string {
    if (/%2F|%5C/i.test(url.href)) {
      throw errors.invalidSpecifier(url.href, 'must not include encoded "/" or "\\" characters', parentPath)
    }
    const file = path.fileURLToPath(url)
    const found = tryFile(file, false)
    if (found === undefined) throw errors.targetNotFound(file, notFoundPath)
    return found
  }

  /** Resolves by `exports` or `imports`; a package that is missing gets the error of `require`. */
  function finalizeOr(resolve: () => string, notFound: () => Error): string {
    try {
      return resolve()
    } catch (error) {
      throw (error as { code?: unknown }).code === 'ERR_MODULE_NOT_FOUND' ? notFound() : error
    }
  }

  /** LOAD_PACKAGE_EXPORTS. */
  function tryPackageExports(folder: string, request: string, conditions: ReadonlySet<string>): string | undefined {
    const match = packageRequest.exec(request)
    const name = match?.[1]
    if (name === undefined) return undefined
    const packageFolder = absolute(folder, name)
    const config = packages.read(path.resolve(packageFolder, 'package.json'))
    if (config.exports === undefined) return undefined
    return finalizeOr(
      () => finalize(targets.exports(config, `.${match?.[2] ?? ''}`, undefined, conditions), undefined, packageFolder),
      () => errors.targetNotFound(request, config.path),
    )
  }

  /** LOAD_PACKAGE_SELF. */
  function trySelf(parentPath: string, request: string, conditions: ReadonlySet<string>): string | undefined {
    const config = packages.nearest(parentPath)
    if (config?.exports === undefined || config.name === undefined) return undefined
    if (request !== config.name && !request.startsWith(`${config.name}/`)) return undefined
    const subpath = `.${request.slice(config.name.length)}`
    const base = path.pathToFileURL(parentPath).href
    const owner = dialect.selfReferenceNamesFolder ? path.dirname(config.path) : config.path
    return finalizeOr(
      () => finalize(targets.exports(config, subpath, base, conditions), parentPath, owner),
      () => errors.targetNotFound(dialect.selfReferenceNamesFolder ? subpath : request, owner),
    )
  }

  /** LOAD_PACKAGE_IMPORTS. CommonJS looks whether there are imports at all, and the ESM algorithm then looks again. */
  function tryImports(parentPath: string, request: string, conditions: ReadonlySet<string>): string | undefined {
    const nearest: PackageConfig | undefined = packages.nearest(parentPath)
    if (nearest?.imports === undefined) return undefined
    const base = path.pathToFileURL(parentPath).href
    return finalizeOr(
      () => finalize(targets.imports(packages.scope(base), request, base, conditions), parentPath, nearest.path),
      () => errors.targetNotFound(request),
    )
  }

  function findPath(
    request: string,
    paths: readonly string[] | null | undefined,
    { conditions = requireConditions, isMain = false }: Pick<RequireOptions, 'conditions' | 'isMain'> = {},
  ): string | false {
    const given = path.isAbsolute(request) ? [''] : (paths ?? [])
    const searched = recognize(given)
    if (searched === undefined) return search(request, copyOf(given), conditions, isMain)
    const { folders, question } = searched
    const extensions = options.extensions()
    const isUsual = !isMain && conditions === requireConditions && areUsual(extensions)
    const about = isUsual ? question : [question, isMain, keyOf(conditions), ...extensions].join('\0')
    return derived.answer(about, request, () => search(request, folders, conditions, isMain))
  }

  function search(
    request: string,
    folders: readonly string[],
    conditions: ReadonlySet<string>,
    isMain: boolean,
  ): string | false {
    const isAbsolute = path.isAbsolute(request)
    const asFolder = /(?:^|\/)\.\.?$|\/$/.test(request)
    const isInside = !(isRelative(request) && path.normalize(request).startsWith('..'))

    for (const folder of folders) {
      if (typeof folder !== 'string') {
        throw errors.invalidArgument('"paths" argument', 'of type array of strings', String(folders))
      }
      if (isInside && folder !== '' && files.kind(absolute(folder)) !== 'directory') continue
      if (!isAbsolute) {
        const exported = tryPackageExports(folder, request, conditions)
        if (exported !== undefined) return exported
      }
      const file = absolute(folder, request)
      const found =
        (asFolder ? undefined : (tryFile(file, isMain) ?? tryExtensions(file, isMain))) ??
        (files.kind(file) === 'directory' ? tryFolder(file, isMain, request) : undefined)
      if (found !== undefined) return found
    }
    return false
  }

  const nodeModulePaths = (folder: string): string[] => modulePaths(absolute(folder))

  function lookupPaths(request: string, parentPath: string | undefined): string[] | null {
    if (path.isBuiltin(request)) return null
    if (isRelative(request)) return [parentPath === undefined ? '.' : path.dirname(parentPath)]
    const above = parentPath === undefined ? [] : nodeModulePaths(path.dirname(parentPath))
    const paths = [...above, ...options.globalPaths()]
    return paths.length > 0 ? paths : null
  }

  /**
   * Whether a request may name the package that makes it. Asked for each request, nearly all of which do not: the name is looked up once for
   * each folder, as Node reads a package.json once.
   */
  function mayBeSelf(request: string, parentPath: string): boolean {
    const folder = folderOf(parentPath)
    let known = selfNames.get(folder)
    if (known === undefined) {
      known = derived.answer('self', folder, () => {
        const { name, exports } = packages.nearest(parentPath) ?? {}
        return { name: exports === undefined ? undefined : name }
      })
      selfNames.set(folder, known)
    }
    const { name } = known
    return name !== undefined && request.startsWith(name)
  }

  function findInternal(request: string, parentPath: string, conditions: ReadonlySet<string>): string | undefined {
    if (!request.startsWith('#') && !mayBeSelf(request, parentPath)) return undefined
    return derived.answer(`internal\0${folderOf(parentPath)}\0${keyOf(conditions)}`, request, () => {
      const imported = request.startsWith('#') ? tryImports(parentPath, request, conditions) : undefined
      return imported ?? trySelf(parentPath, request, conditions)
    })
  }

  return {
    findInternal,
    findPath,
    nodeModulePaths,
    lookupPaths,
    invalidate: () => selfNames.clear(),

    resolve(request, { parentPath, paths, conditions = requireConditions, isMain = false, requireStack }) {
      if (path.isBuiltin(request)) return request
      if (parentPath !== undefined) {
        const internal = findInternal(request, parentPath, conditions)
        if (internal !== undefined) return internal
      }
      const searched = paths === undefined ? lookupPaths(request, parentPath) : paths
      const found = findPath(request, searched, { conditions, isMain })
      if (found !== false) return found
      throw errors.requireNotFound(request, requireStack ?? (parentPath === undefined ? [] : [parentPath]))
    },
  }
}

import type { FileView } from '@libvisor/core'
import type { LoaderDialect, PackageConfig, PathFunctions } from '../types.ts'
import { Derived } from './derived.ts'
import type { LoaderErrors } from './loader-errors.ts'

/** Who asked for a package, for the error of a package.json that cannot be parsed. */
export interface PackageRequest {
  readonly specifier: string
  /** The URL of the module that asked. */
  readonly base: string
}

/** Reads package.json files. What has been read once is kept, as Node keeps it. */
export interface PackageReader {
  /** Reads one package.json. @throws ERR_INVALID_PACKAGE_CONFIG when it is not JSON */
  read(path: string, request?: PackageRequest): PackageConfig
  /** The package.json that CommonJS finds: the nearest above a file, up to a `node_modules`. */
  nearest(file: string): PackageConfig | undefined
  /** The package.json that ESM finds: the nearest above a URL, up to a `node_modules`. */
  scope(url: string): PackageConfig
  /** Forgets what was read: one package.json, or all. */
  invalidate(path?: string): void
}

/** What a package.json says. */
export type PackageFields = Readonly<Record<string, unknown>>

/** What a reader needs. */
export interface PackageReaderOptions {
  readonly files: FileView
  readonly errors: LoaderErrors
  readonly path: PathFunctions
  readonly dialect: LoaderDialect
  /** What is known by its text already: readers may share it. @defaultValue nothing is shared */
  readonly texts?: Map<string, PackageFields | undefined> | undefined
  /** @defaultValue none are kept */
  readonly derived?: Derived
}

/** A package.json that has been read. */
interface Known {
  readonly config: PackageConfig
  readonly fields: PackageFields
}

const decoder = new TextDecoder()

const missing = (path: string): PackageConfig => ({
  path,
  exists: false,
  name: undefined,
  main: undefined,
  type: 'none',
  exports: undefined,
  imports: undefined,
})

/**
 * Node's parser ignores a field of the wrong type. It keeps `exports` as text, and parses again what looks like JSON when
 * it is used: in ESM always (the copy that `scope` makes), in CommonJS only where `exports` are looked up.
 */
function configOf(path: string, fields: PackageFields): PackageConfig {
  const { name, main, type, exports, imports } = fields
  const isJson = typeof exports === 'string' && /^[[{]/.test(exports)
  const isTarget = typeof exports === 'string' || (typeof exports === 'object' && exports !== null)
  return {
    path,
    exists: true,
    name: typeof name === 'string' ? name : undefined,
    main: typeof main === 'string' ? main : undefined,
    type: type === 'commonjs' || type === 'module' ? type : 'none',
    get exports(): unknown {
      return isJson ? JSON.parse(exports) : isTarget ? exports : undefined
    },
    imports: typeof imports === 'object' && imports !== null ? imports : undefined,
  }
}

/**
 * Makes a reader of package.json files.
 *
 * @param options - the files to read, the errors to throw
 * @returns the reader, with an empty cache
 * @source Node 24 `src/node_modules.cc`
 */
export function createPackageReader(options: PackageReaderOptions): PackageReader {
  const { files, errors, path, dialect, texts, derived = new Derived(files) } = options
  const cache = new Map<string, Known>()

  function parse(text: string): PackageFields | undefined {
    try {
      const value: unknown = JSON.parse(text)
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
        // What a guest has put on Object.prototype is in no package.json.
        const { name, main, type, exports, imports } = Object.setPrototypeOf(value, null) as PackageFields
        return { name, main, type, exports, imports }
      }
    } catch {
      // The error that Node throws says nothing about the place either.
    }
    return undefined
  }

  function fieldsOf(text: string): PackageFields | undefined {
    if (texts === undefined) return parse(text)
    const known = texts.get(text)
    if (known !== undefined) return known
    const fields = parse(text)
    texts.set(text, fields)
    return fields
  }

  function read(file: string): string | undefined {
    if (files.kind(file) !== 'file') return undefined
    try {
      return files.text?.(file).replace(/^\ufeff/, '') ?? decoder.decode(files.read(file))
    } catch {
      return undefined
    }
  }

  function find(file: string, request?: PackageRequest): PackageConfig | undefined {
    const known = cache.get(file)
    if (known !== undefined) {
      if (derived.isOpen) attest(file, known)
      return known.config
    }
    const text = read(file)
    if (text === undefined) return undefined
    const fields = fieldsOf(text)
    if (fields === undefined) {
      const base = request === undefined ? undefined : path.fileURLToPath(request.base)
      throw errors.unreadablePackageConfig(file, request?.specifier, base)
    }
    const config = configOf(file, fields)
    cache.set(file, { config, fields })
    return config
  }

  /** Other guests get the answer only if they would read in the file what this one has kept of it. */
  function attest(file: string, { fields }: Known): void {
    const text = read(file)
    if (text === undefined || fieldsOf(text) !== fields) derived.spoil()
  }

  function scopeAt(first: URL): PackageConfig {
    let candidate = first
    while (!candidate.pathname.endsWith('node_modules/package.json')) {
      const config = find(path.fileURLToPath(candidate))
      if (config !== undefined) return config
      const parent = new URL('../package.json', candidate)
      if (parent.pathname === candidate.pathname) break
      candidate = parent
    }
    return missing(path.fileURLToPath(candidate))
  }

  return {
    read: (file, request) => find(file, request) ?? missing(file),

    nearest(file) {
      const start = file.length > 1 && file.endsWith('/') ? file.slice(0, -1) : path.dirname(file)
      for (let folder = start; folder !== '/'; folder = path.dirname(folder)) {
        if (path.basename(folder) === 'node_modules') return undefined
        const config = find(`${folder}/package.json`)
        if (config !== undefined) return config
      }
      return dialect.nearestReachesRoot ? find('/package.json') : undefined
    },

    scope(url) {
      const first = new URL('./package.json', url)
      return { ...derived.answer('scope', path.fileURLToPath(first), () => scopeAt(first)) }
    },

    invalidate(file) {
      if (file === undefined) cache.clear()
      else cache.delete(file)
    },
  }
}

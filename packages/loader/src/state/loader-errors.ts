import { defineProperty } from '@libvisor/abi'
import type { CodedError, ErrorFactory, Intrinsics } from '@libvisor/abi'

/** An error of a CommonJS look-up, with what Node tells about it. */
export interface NotFoundError extends Error {
  code: string
  requireStack?: string[]
  path?: string
  requestPath?: string
}

/** The errors of Node's module loaders. A `base` is the path of the module that asked, as far as it is known. */
export interface LoaderErrors {
  /** A CommonJS request that leads nowhere. */
  requireNotFound(request: string, requireStack: readonly string[]): NotFoundError
  /** A CommonJS request whose `exports` or `imports` lead to a file that is not there. */
  targetNotFound(request: string, path?: string): NotFoundError
  /** A package whose `main` leads nowhere. */
  mainNotFound(file: string, packagePath: string, request: string): NotFoundError
  importNotFound(path: string, base: string, url: string | undefined): CodedError
  /** A package without `exports` whose `main` and index lead nowhere. */
  mainImportNotFound(path: string, base: string): NotFoundError
  directoryImport(path: string, base: string, url: string): CodedError
  invalidSpecifier(request: string, reason: string, base: string | undefined): CodedError
  invalidPackageConfig(path: string, base: string | undefined, reason: string): CodedError
  unreadablePackageConfig(path: string, specifier: string | undefined, base: string | undefined): NotFoundError
  invalidPackageTarget(options: InvalidTarget): CodedError
  importNotDefined(specifier: string, folder: string | undefined, base: string): CodedError
  pathNotExported(folder: string, subpath: string, base: string | undefined): CodedError
  unresolvable(specifier: string, base: string, cause: unknown): CodedError
  unknownExtension(extension: string, path: string): CodedError
  unknownFormat(format: string, url: string): CodedError
  strippingInNodeModules(path: string): CodedError
  attributeMissing(url: string, key: string, type: string): CodedError
  attributeUnsupported(key: string, value: unknown, url: string): CodedError
  attributeIncompatible(url: string, type: string): CodedError
  invalidArgument(name: string, expected: string, received: string): CodedError
}

/** A target of `exports` or `imports` that is not valid. */
export interface InvalidTarget {
  /** The package's folder, with a slash at its end. */
  readonly folder: string
  readonly key: string
  readonly target: string
  readonly isImport: boolean
  readonly base: string | undefined
}

const from = (base: string | undefined): string => (base ? ` imported from ${base}` : '')

/** Gives an error properties of its own, whatever a guest has put on the prototype. */
function withOwn<E extends Error, P extends object>(error: E, properties: P): E & P {
  for (const [key, value] of Object.entries(properties)) {
    defineProperty(error, key, { value, writable: true, enumerable: true, configurable: true })
  }
  return error as E & P
}

/**
 * Makes the errors of Node's module loaders.
 *
 * @param errors - the factory of the realm to which the errors belong
 * @param intrinsics - that realm
 * @returns the factory
 * @source Node 24 `lib/internal/errors.js`, `lib/internal/modules/cjs/loader.js`, `src/node_modules.cc`
 */
export function createLoaderErrors(errors: ErrorFactory, intrinsics: Intrinsics): LoaderErrors {
  const { coded } = errors
  const createError = (message: string): Error => new intrinsics.Error(message)
  /** An error that Node makes in native code: its stack does not have its code. */
  const native = (code: string, message: string): NotFoundError => withOwn(createError(message), { code })

  return {
    requireNotFound(request, requireStack) {
      const stack = requireStack.length > 0 ? `\nRequire stack:\n- ${requireStack.join('\n- ')}` : ''
      return withOwn(createError(`Cannot find module '${request}'${stack}`), {
        code: 'MODULE_NOT_FOUND',
        requireStack: intrinsics.Array.from(requireStack),
      })
    },

    targetNotFound(request, path) {
      const error = withOwn(createError(`Cannot find module '${request}'`), { code: 'MODULE_NOT_FOUND' })
      return path ? withOwn(error, { path }) : error
    },

    mainNotFound(file, packagePath, request) {
      const message = `Cannot find module '${file}'. Please verify that the package.json has a valid "main" entry`
      return withOwn(createError(message), { code: 'MODULE_NOT_FOUND', path: packagePath, requestPath: request })
    },

    importNotFound(path, base, url) {
      const kind = url === undefined ? 'package' : 'module'
      const error = coded('Error', 'ERR_MODULE_NOT_FOUND', `Cannot find ${kind} '${path}' imported from ${base}`)
      return url === undefined ? error : withOwn(error, { url })
    },

    mainImportNotFound: (path, base) =>
      native('ERR_MODULE_NOT_FOUND', `Cannot find package '${path}' imported from ${base}`),

    directoryImport(path, base, url) {
      const message = `Directory import '${path}' is not supported resolving ES modules imported from ${base}`
      return withOwn(coded('Error', 'ERR_UNSUPPORTED_DIR_IMPORT', message), { url })
    },

    invalidSpecifier: (request, reason, base) =>
      coded('TypeError', 'ERR_INVALID_MODULE_SPECIFIER', `Invalid module "${request}" ${reason}${from(base)}`),

    invalidPackageConfig(path, base, reason) {
      const importing = base ? ` while importing ${base}` : ''
      return coded('Error', 'ERR_INVALID_PACKAGE_CONFIG', `Invalid package config ${path}${importing}. ${reason}`)
    },

    unreadablePackageConfig(path, specifier, base) {
      const importing = base === undefined ? '' : ` while importing "${specifier}" from ${base}`
      return native('ERR_INVALID_PACKAGE_CONFIG', `Invalid package config ${path}${importing}.`)
    },

    invalidPackageTarget({ folder, key, target, isImport, base }) {
      const relative =
        !isImport && target.length > 0 && !target.startsWith('./') ? '; targets must start with "./"' : ''
      const where = `in the package config ${folder}package.json${from(base)}${relative}`
      const text = JSON.stringify(target)
      const message =
        key === '.'
          ? `Invalid "exports" main target ${text} defined ${where}`
          : `Invalid "${isImport ? 'imports' : 'exports'}" target ${text} defined for '${key}' ${where}`
      return coded('Error', 'ERR_INVALID_PACKAGE_TARGET', message)
    },

    importNotDefined(specifier, folder, base) {
      const where = folder ? ` in package ${folder}package.json` : ''
      const message = `Package import specifier "${specifier}" is not defined${where} imported from ${base}`
      return coded('TypeError', 'ERR_PACKAGE_IMPORT_NOT_DEFINED', message)
    },

    pathNotExported(folder, subpath, base) {
      const message =
        subpath === '.'
          ? `No "exports" main defined in ${folder}package.json${from(base)}`
          : `Package subpath '${subpath}' is not defined by "exports" in ${folder}package.json${from(base)}`
      return coded('Error', 'ERR_PACKAGE_PATH_NOT_EXPORTED', message)
    },

    unresolvable(specifier, base, cause) {
      const message =
        `Failed to resolve module specifier "${specifier}" from "${base}": ` +
        'Invalid relative URL or base scheme is not hierarchical.'
      return withOwn(coded('TypeError', 'ERR_UNSUPPORTED_RESOLVE_REQUEST', message), { cause })
    },

    unknownExtension: (extension, path) =>
      coded('TypeError', 'ERR_UNKNOWN_FILE_EXTENSION', `Unknown file extension "${extension}" for ${path}`),

    unknownFormat: (format, url) =>
      coded('RangeError', 'ERR_UNKNOWN_MODULE_FORMAT', `Unknown module format: ${format} for URL ${url}`),

    strippingInNodeModules: (path) =>
      coded(
        'Error',
        'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING',
        `Stripping types is currently unsupported for files under node_modules, for "${path}"`,
      ),

    attributeMissing: (url, key, type) =>
      coded(
        'TypeError',
        'ERR_IMPORT_ATTRIBUTE_MISSING',
        `Module "${url}" needs an import attribute of "${key}: ${type}"`,
      ),

    attributeUnsupported: (key, value, url) =>
      coded(
        'TypeError',
        'ERR_IMPORT_ATTRIBUTE_UNSUPPORTED',
        `Import attribute "${key}" with value "${String(value)}" is not supported in ${url}`,
      ),

    attributeIncompatible: (url, type) =>
      coded('TypeError', 'ERR_IMPORT_ATTRIBUTE_TYPE_INCOMPATIBLE', `Module "${url}" is not of type "${type}"`),

    invalidArgument: (name, expected, received) =>
      coded('TypeError', 'ERR_INVALID_ARG_TYPE', `The ${name} must be ${expected}. Received ${received}`),
  }
}

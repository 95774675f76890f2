import type { FileView } from '@libvisor/core'
import type { EmitWarning, LoaderDialect, ModuleFormat, PathFunctions } from '../types.ts'
import type { Resolver } from './resolver.ts'
import { formatOfName, formatOfRequired, extensionOf, isWebAssembly } from './source-format.ts'

/** A module's source and what it holds. */
export interface LoadedSource {
  /** `undefined` only for what is required: Node's own loader then looks at the source. */
  readonly format: ModuleFormat | undefined
  readonly source: string | Uint8Array
}

/** Reads the sources of modules. */
export interface SourceReader {
  /**
   * Reads a module that is imported.
   *
   * @param url - a `file:` URL
   * @param format - what is known about it already
   * @throws ERR_UNKNOWN_FILE_EXTENSION
   */
  imported(url: string, format: string | null | undefined): LoadedSource & { readonly format: ModuleFormat }
  /**
   * Reads a module that is required.
   *
   * @param file - its path
   * @param guess - what Node's own loader takes it for, after the host's package.json
   */
  required(file: string, guess: string | null | undefined): LoadedSource
}

/** What Node's own parsers tell about a source. */
export interface SyntaxProbe {
  /** Whether a source parses as ESM and not as CommonJS. */
  containsModuleSyntax(source: string, file: string): boolean
  /** Removes types from TypeScript. @throws ERR_INVALID_TYPESCRIPT_SYNTAX, ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX */
  stripTypes(source: string, file: string): string
}

/** What a reader needs. */
export interface SourceReaderOptions {
  readonly files: FileView
  readonly resolver: Resolver
  readonly path: PathFunctions
  readonly dialect: LoaderDialect
  readonly probe: SyntaxProbe
  /** Reads a file whose bytes nobody asks for. @defaultValue every file is read as bytes */
  readonly text?: (file: string) => string
  /** Emits a warning without a type of its own. */
  readonly emitWarning: EmitWarning
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Makes a reader of sources.
 *
 * @param options - the files to read, the resolver that knows their packages
 * @returns the reader
 */
export function createSourceReader(options: SourceReaderOptions): SourceReader {
  const { files, resolver, path, dialect, probe, emitWarning } = options
  const typelessWarned = new Set<string>()

  function detect(source: string, file: string): 'commonjs' | 'module' {
    return probe.containsModuleSyntax(source, file) ? 'module' : 'commonjs'
  }

  function warnTypeless(url: string, packagePath: string): void {
    if (typelessWarned.has(packagePath) || new URL(url).pathname.includes('/node_modules/')) return
    typelessWarned.add(packagePath)
    emitWarning(
      `Module type of ${url} is not specified and it doesn't parse as CommonJS.\n` +
        'Reparsing as ES module because module syntax was detected. This incurs a performance overhead.\n' +
        `To eliminate this warning, add "type": "module" to ${packagePath}.`,
      'Warning',
      'MODULE_TYPELESS_PACKAGE_JSON',
    )
  }

  function detectImported(url: string, file: string, content: string | Uint8Array): ModuleFormat {
    const extension = extensionOf(new URL(url).pathname)
    const { type, exists, path: packagePath } = resolver.packageScope(url)
    const source = typeof content === 'string' ? content : decoder.decode(content)
    if (extension === '') {
      if (typeof content !== 'string' && isWebAssembly(content)) return 'wasm'
      return type === 'module' ? 'module' : detect(source, file)
    }
    // Node gives nothing to its detection when there is nothing in the file.
    if (content.length === 0 && extension === '.js') return 'commonjs'
    if (extension === '.ts' && file.includes('/node_modules/')) throw resolver.errors.strippingInNodeModules(file)
    const detected = detect(extension === '.ts' ? probe.stripTypes(source, file) : source, file)
    if (detected === 'module' && exists) warnTypeless(url, packagePath)
    return extension === '.ts' ? `${detected}-typescript` : detected
  }

  return {
    imported(url, known) {
      const file = path.fileURLToPath(url)
      const format =
        (known as ModuleFormat | null | undefined) ?? formatOfName(url, resolver.packageScope(url).type, dialect)
      const extension = extensionOf(new URL(url).pathname)
      if (format === undefined) throw resolver.errors.unknownExtension(extension, file)
      // What has no extension may be WebAssembly.
      const isText = format === null ? extension !== '' : format !== 'wasm' && format !== 'addon'
      const source = isText && options.text !== undefined ? options.text(file) : files.read(file)
      return { format: format ?? detectImported(url, file, source), source }
    },

    required(file, guess) {
      const source = decoder.decode(files.read(file))
      if (guess === 'json') return { format: 'json', source }
      const format = formatOfRequired(file, () => resolver.nearestPackage(file)?.type ?? 'none', dialect)
      // Node detects by itself where it has no guess of its own, and compiles only once.
      if (format !== undefined || guess === undefined || guess === null) return { format, source }
      return { format: detect(source, file), source }
    },
  }
}

/**
 * What a file holds, by its name, its package's `type`, and, where these do not tell, its source.
 *
 * @source Node 24 `lib/internal/modules/esm/get_format.js`, `lib/internal/modules/cjs/loader.js`
 */
import type { LoaderDialect, ModuleFormat, PackageConfig } from '../types.ts'

/** The extension of a URL or a path, as Node's ESM loader sees it: a name that begins with a dot has none. */
export function extensionOf(pathname: string): string {
  const name = pathname.slice(pathname.lastIndexOf('/') + 1)
  const dot = name.lastIndexOf('.')
  return dot > 0 ? name.slice(dot) : ''
}

/**
 * The format of a module that is imported, as far as its name and its package tell.
 *
 * @param url - the module's URL
 * @param type - the `type` of the package it is in
 * @param dialect - what this Node loads
 * @returns the format; `null` when the source must tell; `undefined` when Node does not know the extension
 */
export function formatOfName(
  url: string,
  type: PackageConfig['type'],
  dialect: LoaderDialect,
): ModuleFormat | null | undefined {
  switch (extensionOf(new URL(url).pathname)) {
    case '.js':
      return type === 'none' ? null : type
    case '.mjs':
      return 'module'
    case '.cjs':
      return 'commonjs'
    case '.json':
      return 'json'
    case '.wasm':
      return dialect.wasm ? 'wasm' : undefined
    case '.ts':
      if (!dialect.typescript) return undefined
      return type === 'none' ? null : `${type}-typescript`
    case '.mts':
      return dialect.typescript ? 'module-typescript' : undefined
    case '.cts':
      return dialect.typescript ? 'commonjs-typescript' : undefined
    case '':
      // In a package of modules the source tells modules from WebAssembly.
      return type === 'commonjs' ? 'commonjs' : null
    default:
      return undefined
  }
}

/**
 * The format of a file that is required and that the handler of `.js` loads.
 *
 * @param file - the file's path
 * @param typeOf - the `type` of the package it is in; asked only where it matters
 * @param dialect - what this Node loads
 * @returns the format, or `undefined` when the source must tell
 */
export function formatOfRequired(
  file: string,
  typeOf: () => PackageConfig['type'],
  dialect: LoaderDialect,
): ModuleFormat | undefined {
  const typed = (): 'commonjs' | 'module' | undefined => {
    const type = typeOf()
    return type === 'none' ? undefined : type
  }
  if (file.endsWith('.cjs')) return 'commonjs'
  if (file.endsWith('.mjs')) return 'module'
  if (file.endsWith('.js')) return typed()
  if (dialect.typescript) {
    if (file.endsWith('.mts')) return 'module-typescript'
    if (file.endsWith('.cts')) return 'commonjs-typescript'
    if (file.endsWith('.ts')) {
      const type = typed()
      return type === undefined ? 'typescript' : `${type}-typescript`
    }
  }
  return dialect.typedExtensionless && extensionOf(file) === '' ? typed() : undefined
}

/** Whether bytes begin as every WebAssembly module does. */
export function isWebAssembly(bytes: Uint8Array): boolean {
  return bytes[0] === 0x00 && bytes[1] === 0x61 && bytes[2] === 0x73 && bytes[3] === 0x6d
}

/** What the loader takes from the Node it runs in. Nothing here depends on anything that gets patched. */
import { host, original } from '@libvisor/abi'
import type * as NodeModule from 'node:module'
import type { SyntaxProbe } from './state/source-reader.ts'
import type { LoaderDialect, PathFunctions } from './types.ts'

const { posix } = original('path')
const { fileURLToPath, pathToFileURL } = original('url')
const nodeModule = original('module')

const [major = 0, minor = 0] = host.process.versions.node.split('.').map(Number)
const isAtLeast = (wantedMajor: number, wantedMinor: number): boolean =>
  major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)

type StripOptions = NodeModule.StripTypeScriptTypesOptions

const path: PathFunctions = {
  resolve: posix.resolve,
  dirname: posix.dirname,
  basename: posix.basename,
  normalize: posix.normalize,
  relative: posix.relative,
  isAbsolute: posix.isAbsolute,
  fileURLToPath,
  pathToFileURL,
  isBuiltin: nodeModule.isBuiltin,
}

const dialect: LoaderDialect = {
  slashImports: isAtLeast(24, 0),
  selfReferenceNamesFolder: isAtLeast(24, 0),
  wasm: isAtLeast(24, 0),
  typescript: host.process.features.typescript !== false,
  typedExtensionless: isAtLeast(26, 0),
  exportsModuleExports: isAtLeast(24, 0),
  asyncGraphShowsStack: isAtLeast(24, 0),
  importedCommonJs: isAtLeast(24, 13) ? 'commonjs' : 'commonjs-sync',
  nearestReachesRoot: !isAtLeast(24, 0),
  findPackageJsonAlwaysAnswers: isAtLeast(24, 0),
}

/** What V8 says when a source needs the goal symbol Module, or something that only a module may do. */
const moduleSyntaxErrors = new Set([
  'Cannot use import statement outside a module',
  "Unexpected token 'export'",
  "Cannot use 'import.meta' outside a module",
])
const commonJsOnlyErrors = new Set([
  "Identifier '__filename' has already been declared",
  "Identifier '__dirname' has already been declared",
  "Identifier 'exports' has already been declared",
  "Identifier 'module' has already been declared",
  "Identifier 'require' has already been declared",
  'await is only valid in async functions and the top level bodies of modules',
  'Unexpected reserved word',
  'Missing initializer in const declaration',
])
const commonJsParameters = ['exports', 'require', 'module', '__filename', '__dirname']

function syntaxErrorOf(source: string, filename: string, parameters: readonly string[]): string | undefined {
  try {
    original('vm').compileFunction(source, parameters, { filename })
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

let stripWarning: readonly unknown[] | undefined

/** Removes types without a warning: the first call of the public function warns that it is experimental. */
function stripSilently(source: string, options: StripOptions): string {
  if (stripWarning !== undefined) return nodeModule.stripTypeScriptTypes(source, options)
  const { process } = host
  const { emitWarning } = process
  stripWarning = []
  process.emitWarning = (...warning: readonly unknown[]) => void (stripWarning = warning)
  try {
    return nodeModule.stripTypeScriptTypes(source, options)
  } finally {
    process.emitWarning = emitWarning
  }
}

const probe: SyntaxProbe = {
  /** @source Node 24 `src/node_contextify.cc`, ShouldRetryAsESM */
  containsModuleSyntax(source, file) {
    const message = syntaxErrorOf(source, file, commonJsParameters)
    if (message === undefined) return false
    if (moduleSyntaxErrors.has(message)) return true
    return commonJsOnlyErrors.has(message) && syntaxErrorOf(`(async function() {${source}})();`, file, []) === undefined
  },

  // Node's own loader does not warn.
  stripTypes: (source, file) => stripSilently(source, { sourceUrl: file }),
}

/** What the loader takes from the Node it runs in. */
export interface LoaderHost {
  /** The process object, alive: what is asked of it is what the guest sees. */
  readonly process: NodeJS.Process
  /** `node:module` before any patch. */
  readonly module: typeof NodeModule
  /** The URL of the folder of the loader's own modules. */
  readonly ownFolder: string
  readonly path: PathFunctions
  readonly dialect: LoaderDialect
  readonly probe: SyntaxProbe
  /** `module.stripTypeScriptTypes` without the warning that it is experimental. */
  readonly stripTypeScriptTypes: (source: string, options: StripOptions) => string
  /** The arguments of `process.emitWarning` for that warning; none where Node does not warn. */
  readonly stripWarning: () => readonly unknown[]
  /** Options of the command line that change how modules are found. */
  readonly flags: { readonly preserveSymlinks: boolean; readonly preserveSymlinksMain: boolean }
}

/**
 * What the loader takes from the Node it runs in: path functions, the differences between versions, its parsers.
 *
 * @example
 * ```ts
 * import { loaderHost } from '@libvisor/loader'
 * import assert from 'node:assert/strict'
 *
 * assert.equal(loaderHost.path.isBuiltin('node:fs'), true)
 * assert.equal(loaderHost.probe.containsModuleSyntax('export {}', '/a.js'), true)
 * ```
 */
export const loaderHost: LoaderHost = Object.freeze({
  process: host.process,
  module: nodeModule,
  ownFolder: new URL('.', import.meta.url).href,
  path,
  dialect,
  probe,
  stripTypeScriptTypes: stripSilently,
  stripWarning: () => stripWarning ?? [],
  flags: Object.freeze({
    preserveSymlinks: host.process.execArgv.includes('--preserve-symlinks'),
    preserveSymlinksMain: host.process.execArgv.includes('--preserve-symlinks-main'),
  }),
})

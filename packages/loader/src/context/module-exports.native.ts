import { unsupported } from '@libvisor/core'
import { loaderHost } from '../loader-host.native.ts'
import type { StackCleaner } from '../shim/stack.ts'
import type { Resolver } from '../state/resolver.ts'
import type { Evaluator } from './evaluated.ts'
import { addGuestExports } from './guest-exports.ts'
import type { ExportsHost } from './guest-exports.ts'
import type { GuestModuleConstructor } from './module-host.ts'
import type { GuestSourceMaps, SourceMapsSupport } from './source-maps.native.ts'
import type { ScriptStore } from './script-store.native.ts'

/** What the functions of `node:module` that do not load are made of. */
export interface ModuleExportsOptions {
  readonly Module: GuestModuleConstructor
  readonly evaluate: Evaluator['evaluate']
  readonly resolver: Resolver
  readonly scripts: ScriptStore
  readonly stacks: StackCleaner
  readonly sourceMaps: GuestSourceMaps
  /** The guest's. */
  readonly process: NodeJS.Process
  /** Gives an error of libvisor's own realm to the guest's. */
  readonly adoptError: (error: unknown) => unknown
}

type Callable = (...args: unknown[]) => unknown
type StripOptions = Parameters<typeof loaderHost.stripTypeScriptTypes>[1]

/**
 * Puts on a guest's `Module` what it offers besides loading.
 *
 * @param options - the guest's `Module`, its realm and resolver
 */
export function addModuleExports(options: ModuleExportsOptions): void {
  const { Module, evaluate, resolver, scripts, stacks, sourceMaps, process, adoptError } = options
  const { module: original, path, stripTypeScriptTypes, stripWarning } = loaderHost
  let hasWarned = false

  /** Calls a function of Node's own, which throws errors of libvisor's realm. */
  const adopting =
    <Result>(call: (...args: unknown[]) => Result) =>
    (...args: unknown[]): Result => {
      try {
        return call(...args)
      } catch (error) {
        throw adoptError(error)
      }
    }

  const isText = (value: unknown): boolean =>
    typeof value === 'string' || typeof (value as { href?: unknown } | null)?.href === 'string'
  const hostFunction = (name: keyof typeof original): Callable => adopting(original[name] as Callable)

  const host: ExportsHost = {
    process,
    hide: stacks.hide,
    refuse: (api) =>
      unsupported(`module.${api}()`, "a context's modules are loaded by libvisor; use isolation: 'thread' for hooks"),
    findPackageJson(specifier, base) {
      // What is not of the right type gets Node's own error.
      if (!isText(specifier) || !isText(base)) return hostFunction('findPackageJSON')(specifier, base) as undefined
      const text = String(base)
      const parentURL = path.isAbsolute(text) ? path.pathToFileURL(text) : new URL(text)
      return resolver.findPackageJson(String(specifier), parentURL.href)
    },
    validateDirectory(directory) {
      if (directory !== undefined && typeof directory !== 'string') hostFunction('enableCompileCache')(directory)
    },
    compileCacheStatus: original.constants.compileCacheStatus,
    stripTypes: adopting((source, given) => {
      try {
        return stripTypeScriptTypes(source as string, given as StripOptions)
      } finally {
        const warning = hasWarned ? [] : stripWarning()
        hasWarned = true
        if (warning.length > 0) process.emitWarning(...(warning as [string, string]))
      }
    }),
    names: Object.getOwnPropertyNames(original),
    findSourceMap(file) {
      // What is not of the right type gets Node's own error.
      if (typeof file !== 'string') return hostFunction('findSourceMap')(file) as undefined
      return sourceMaps.find(file)
    },
    SourceMap: original.SourceMap,
    getSourceMapsSupport: () => sourceMaps.support,
    setSourceMapsSupport(enabled, given = {}) {
      const { nodeModules = false, generatedCode = false } = (given ?? {}) as Record<string, unknown>
      const isValid = given !== null && typeof given === 'object' && !Array.isArray(given)
      const flags = { enabled, nodeModules, generatedCode }
      if (!isValid || Object.values(flags).some((flag) => typeof flag !== 'boolean')) {
        hostFunction('setSourceMapsSupport')(enabled, given)
      }
      sourceMaps.support = flags as SourceMapsSupport
    },
  }
  ;(evaluate(scripts.script(guestSource, 'node:module')) as typeof addGuestExports)(Module, host)
}

/** What is evaluated in a guest's realm. */
const guestSource = `(${addGuestExports.toString()})`

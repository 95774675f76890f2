/** What `node:module` offers a guest besides loading. */
import type * as NodeModule from 'node:module'
import type { RegisterHooksOptions } from 'node:module'
import { unsupported } from '@libvisor/core'
import type { CurrentNamespace, Namespace } from '@libvisor/core'
import type { LoaderHost } from '../loader-host.native.ts'
import type { StateOf } from './states.ts'
import type { StackCleaner } from './stack.ts'

/** The functions of `node:module` that are different in a guest. */
export type ModuleExports = Pick<
  typeof NodeModule,
  'enableCompileCache' | 'findPackageJSON' | 'register' | 'registerHooks'
>

/** What they need. */
export interface ModuleExportsOptions {
  readonly host: LoaderHost
  readonly stateOf: StateOf
  readonly current: CurrentNamespace
  /** The gate of built-ins. */
  readonly gate: (specifier: string) => void
  readonly stacks: StackCleaner
}

/**
 * Makes the functions for one namespace.
 *
 * @param ns - the namespace
 * @param options - how modules are found, and who is told about built-ins
 * @returns the functions
 */
export function createModuleExports(ns: Namespace, options: ModuleExportsOptions): ModuleExports {
  const { host, stateOf, current, gate, stacks } = options
  const { path, module: original } = host

  function findPackageJSON(...args: Parameters<typeof original.findPackageJSON>): string | undefined {
    const [specifier, base = 'data:'] = args
    const state = stateOf(ns)
    const isText = (value: unknown): boolean => typeof value === 'string' || value instanceof URL
    // What is not of the right type gets Node's own error.
    if (state === undefined || !isText(specifier) || !isText(base)) {
      return stacks.guard(() => original.findPackageJSON(...args))
    }
    try {
      const parentURL = typeof base === 'string' && path.isAbsolute(base) ? path.pathToFileURL(base) : new URL(base)
      return state.resolver.findPackageJson(String(specifier), parentURL.href)
    } catch (error) {
      throw stacks.hide(error, findPackageJSON)
    }
  }

  return {
    findPackageJSON,

    register(...args: unknown[]) {
      if (stateOf(ns) !== undefined) {
        throw unsupported(
          'module.register()',
          "its hooks run in a thread that sees the host's files; use module.registerHooks()",
        )
      }
      return (original.register as (...args: unknown[]) => unknown)(...args)
    },

    // The cache would be written to the host's disk. Node answers the same where NODE_DISABLE_COMPILE_CACHE is set.
    enableCompileCache(...args: unknown[]) {
      const [options] = args
      const directory =
        typeof options === 'object' && options !== null ? (options as { directory?: unknown }).directory : options
      if (directory !== undefined && typeof directory !== 'string') {
        // It fails, in Node's own words.
        return (original.enableCompileCache as (...args: unknown[]) => NodeModule.EnableCompileCacheResult)(...args)
      }
      return { status: original.constants.compileCacheStatus.DISABLED }
    },

    /** A guest's hooks run before libvisor's, since Node calls the last registered first; they see only its own modules. */
    registerHooks(hooks) {
      const { resolve, load } = hooks
      const guarded: RegisterHooksOptions = { ...hooks }
      if (typeof resolve === 'function') {
        guarded.resolve = (specifier, context, nextResolve) => {
          if (current() !== ns) return nextResolve(specifier, context)
          const result = resolve(specifier, context, nextResolve)
          const url: unknown = result?.url
          if (typeof url === 'string' && url.startsWith('node:')) gate(url)
          return result
        }
      }
      if (typeof load === 'function') {
        guarded.load = (url, context, nextLoad) => {
          if (current() !== ns) return nextLoad(url, context)
          if (url.startsWith('node:')) gate(url)
          return load(url, context, nextLoad)
        }
      }
      return original.registerHooks(guarded)
    },
  } satisfies ModuleExports as ModuleExports
}

import { original } from '@libvisor/abi'
import type { ErrorFactory } from '@libvisor/abi'
import type * as vm from 'node:vm'
import type { LoaderDialect, PathFunctions } from '../types.ts'
import type { GuestLoader, GuestModule } from './module-host.ts'
import type { Job } from './module-job.ts'
import type { ScriptStore } from './script-store.native.ts'

/** Makes ES modules of what is none. */
export interface SyntheticModules {
  /** @throws ERR_UNKNOWN_BUILTIN_MODULE */
  builtin(url: string): Job
  commonJs(url: string, file: string, source: string, format: string, isMain: boolean): Job
  json(url: string, file: string, source: string): Job
  /** Brings the exports of built-ins that have been imported up to date. */
  syncBuiltins(): void
}

/** What they are made of. */
export interface SyntheticModulesOptions {
  readonly context: vm.Context
  readonly errors: ErrorFactory
  readonly scripts: ScriptStore
  readonly path: PathFunctions
  readonly dialect: LoaderDialect
  readonly guest: GuestLoader
  /** The exports of a built-in. */
  readonly builtin: (id: string) => object
  readonly stripTypes: (source: string, file: string) => string
  readonly read: (file: string) => string
}

/**
 * Makes what makes modules of built-ins, CommonJS and JSON.
 *
 * @param options - the guest's context and CommonJS loader
 * @returns the functions
 * @source Node 24 `lib/internal/modules/esm/translators.js`, `lib/internal/bootstrap/realm.js`
 */
export function createSyntheticModules(options: SyntheticModulesOptions): SyntheticModules {
  const { context, errors, scripts, path, dialect, guest } = options
  const { SyntheticModule } = original('vm')
  const builtins = new Map<string, () => void>()
  const exportNames = new WeakMap<GuestModule, Set<string>>()

  function createSynthetic(
    url: string,
    names: readonly string[],
    evaluate: (set: (name: string, value: unknown) => void) => void,
    commonJs?: GuestModule,
  ): Job {
    const module = new SyntheticModule([...names], () => evaluate((name, value) => module.setExport(name, value)), {
      context,
      identifier: url,
    })
    return { url, module, commonJs, dependencies: [], evaluation: undefined, mentionsAwait: false, hasWaited: false }
  }

  function createBuiltin(url: string): Job {
    const id = url.slice('node:'.length)
    if (!path.isBuiltin(url)) {
      throw errors.coded('Error', 'ERR_UNKNOWN_BUILTIN_MODULE', `No such built-in module: ${url}`)
    }
    const exports = options.builtin(id) as Record<string, unknown>
    const names = Object.keys(exports)
    const job = createSynthetic(url, [...new Set([...names, 'default'])], (set) => {
      const sync = (): void => {
        for (const name of names) if (name !== 'default') set(name, readOwn(exports, name))
      }
      sync()
      set('default', exports)
      builtins.set(id, sync)
    })
    void job.module.evaluate()
    return job
  }

  function createCommonJs(url: string, file: string, source: string, format: string, isMain: boolean): Job {
    const module = guest.emplace(file)
    const names = namesOf(module, file, format === 'commonjs' ? source : options.stripTypes(source, file))
    guest.keepSource(module, source)
    const all = new Set([...names, 'default'])
    if (dialect.exportsModuleExports) all.add('module.exports')
    const evaluate = (set: (name: string, value: unknown) => void): void => {
      const exports = guest.loadImported(module, file, isMain) as Record<string, unknown>
      for (const name of names) {
        if (name === 'default' || (name === 'module.exports' && dialect.exportsModuleExports) || !hasOwn(exports, name))
          continue
        set(name, readOwn(exports, name))
      }
      set('default', exports)
      if (dialect.exportsModuleExports) set('module.exports', exports)
    }
    return createSynthetic(url, [...all], evaluate, module)
  }

  /** The names that a CommonJS module exports, with those that it exports again. */
  function namesOf(module: GuestModule, file: string, source: string): ReadonlySet<string> {
    const known = exportNames.get(module)
    if (known !== undefined) return known
    const { names, reexports } = scripts.exportsOf(source)
    const all = new Set(names)
    // First, for cycles.
    exportNames.set(module, all)
    for (const request of reexports) {
      let found: string
      try {
        found = guest.Module._resolveFilename(request, module, false)
      } catch {
        continue
      }
      if (path.isBuiltin(found) || guest.extensionOf(found) !== '.js') continue
      let text: string
      try {
        text = options.read(found)
      } catch {
        continue
      }
      for (const name of namesOf(guest.emplace(found), found, text)) all.add(name)
    }
    return all
  }

  function createJson(url: string, file: string, source: string): Job {
    const isPlain = url.startsWith('file:') && !/[#?]/.test(url)
    const cached = isPlain ? guest.Module._cache[file] : undefined
    const module = cached?.loaded === true ? cached : guest.jsonModule(source, file)
    if (isPlain) guest.Module._cache[file] ??= module
    return createSynthetic(url, ['default'], (set) => set('default', module.exports))
  }

  return {
    builtin: createBuiltin,
    commonJs: createCommonJs,
    json: createJson,
    syncBuiltins() {
      for (const sync of builtins.values()) sync()
    },
  }
}

/**
 * Whether a value has a property of its own.
 *
 * @param value - anything
 * @param key - the property
 */
export const hasOwn = (object: unknown, key: string): boolean =>
  object !== null && (typeof object === 'object' || typeof object === 'function') && Object.hasOwn(object, key)

/** A getter of a guest's, or of a built-in that is refused, may throw: the export is then `undefined`, as in Node. */
function readOwn(object: Record<string, unknown>, key: string): unknown {
  try {
    return Object.hasOwn(object, key) ? object[key] : undefined
  } catch {
    return undefined
  }
}

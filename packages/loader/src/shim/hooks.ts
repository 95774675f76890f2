/**
 * The hooks that `module.registerHooks` gets.
 *
 * Which way a module goes, while a guest's files differ from the host's:
 * - `require`: Node's own CommonJS loader asks the patched `Module._resolveFilename` (commonjs.ts), and reads by the load hook.
 * - `import`: the resolve hook answers, and the load hook reads.
 * While nothing differs both hooks only pass on, and Node's own loader stats and reads by itself.
 */
import type { LoadHookContext, ResolveFnOutput, ResolveHookContext, LoadFnOutput } from 'node:module'
import { denied } from '@libvisor/core'
import type { CurrentNamespace, Namespace } from '@libvisor/core'
import type { LoaderHost } from '../loader-host.native.ts'
import type { LoaderParts } from '../parts.ts'
import type { StateOf } from './states.ts'
import type { StackCleaner } from './stack.ts'

type NextResolve = (specifier: string, context?: Partial<ResolveHookContext>) => ResolveFnOutput
type NextLoad = (url: string, context?: Partial<LoadHookContext>) => LoadFnOutput

/** A pair of synchronous hooks. */
export interface Hooks {
  resolve(specifier: string, context: ResolveHookContext, nextResolve: NextResolve): ResolveFnOutput
  load(url: string, context: LoadHookContext, nextLoad: NextLoad): LoadFnOutput
}

/** What the hooks need. */
export interface HooksOptions {
  readonly host: LoaderHost
  readonly current: CurrentNamespace
  readonly stateOf: StateOf
  readonly parts: () => LoaderParts
  /** The gate of built-ins. */
  readonly gate: (specifier: string) => void
  readonly isOwnCode: (url: string) => boolean
  readonly stacks: StackCleaner
  /** Called for each file that is required, before it runs. */
  readonly onRequired: (file: string) => void
}

/** Node puts the condition of its own loader before those of the command line. */
function isImport(conditions: readonly string[]): boolean {
  return conditions.find((condition) => condition === 'import' || condition === 'require') === 'import'
}

/**
 * Makes the hooks.
 *
 * @param options - how modules are found, and who is told about built-ins
 * @returns the hooks
 */
export function createHooks(options: HooksOptions): Hooks {
  const { host, current, stateOf, parts, gate, isOwnCode, stacks, onRequired } = options
  const { path, dialect } = host
  const conditionSets = new WeakMap<readonly string[], ReadonlySet<string>>()

  function setOf(conditions: readonly string[]): ReadonlySet<string> {
    let set = conditionSets.get(conditions)
    if (set === undefined) conditionSets.set(conditions, (set = new Set(conditions)))
    return set
  }

  /** Whether only Node can answer: built-ins, and URLs that lead to no file. */
  const isNodes = (specifier: string, parentURL: string | undefined): boolean => {
    if (path.isBuiltin(specifier) || (parentURL !== undefined && !parentURL.startsWith('file:'))) return true
    const url = /^[./#]/.test(specifier) ? null : URL.parse(specifier)
    return url !== null && url.protocol !== 'file:'
  }

  function resolve(specifier: string, context: ResolveHookContext, nextResolve: NextResolve): ResolveFnOutput {
    const ns = current()
    if (ns === undefined) return nextResolve(specifier, context)
    const { conditions } = context
    // It is a URL object where a program passes one to import.meta.resolve().
    const parentURL = context.parentURL === undefined ? undefined : String(context.parentURL)
    const imports = isImport(conditions)
    if (imports && parentURL !== undefined && isOwnCode(parentURL)) {
      // Its modules import each other, also where a thread loads one late.
      const result = path.isBuiltin(specifier) ? undefined : nextResolve(specifier, context)
      if (result !== undefined && isOwnCode(result.url)) return result
      throw stacks.hide(denied(`import('${specifier}') from libvisor's own code`), resolve)
    }
    const state = imports && !isNodes(specifier, parentURL) ? stateOf(ns) : undefined
    if (state === undefined) {
      const result = stacks.guard(() => nextResolve(specifier, context))
      if (imports && result.url.startsWith('node:')) gate(result.url)
      return result
    }
    try {
      const { url, format } = state.resolver.import(specifier, { parentURL, conditions: setOf(conditions) })
      if (format === 'builtin') gate(url)
      return { url, format: format as string | null, shortCircuit: true }
    } catch (error) {
      throw stacks.hide(error, resolve)
    }
  }

  /** A hook that gets no format from Node fails on it; without hooks Node says which format it does not know. */
  function passOn(ns: Namespace, url: string, next: () => LoadFnOutput): LoadFnOutput {
    try {
      return stacks.guard(next)
    } catch (error) {
      const { code } = error as { code?: unknown }
      if (code !== 'ERR_INVALID_RETURN_PROPERTY_VALUE' || !url.startsWith('data:')) throw error
      const type = /^data:([^/]+\/[^;,]+)(?:;[^,]*)?,/.exec(url)?.[1] ?? 'null'
      throw stacks.hide(parts().createLoaderErrors(ns.errors, ns.intrinsics).unknownFormat(type, url), load)
    }
  }

  function load(url: string, context: LoadHookContext, nextLoad: NextLoad): LoadFnOutput {
    const ns = current()
    if (ns === undefined) return nextLoad(url, context)
    if (url.startsWith('node:')) {
      gate(url)
      return stacks.guard(() => nextLoad(url, context))
    }
    const isOwn = isImport(context.conditions) && isOwnCode(url)
    const state = url.startsWith('file:') && !isOwn ? stateOf(ns) : undefined
    if (state === undefined) return passOn(ns, url, () => nextLoad(url, context))
    try {
      if (!isImport(context.conditions)) {
        const file = path.fileURLToPath(url)
        const { format, source } = state.reader.required(file, context.format)
        onRequired(file)
        return { format: format as string, source, shortCircuit: true }
      }
      const { format, source } = state.reader.imported(url, context.format)
      parts().validateAttributes(url, format, context.importAttributes as Record<string, string>, state.resolver.errors)
      return { format: format === 'commonjs' ? dialect.importedCommonJs : format, source, shortCircuit: true }
    } catch (error) {
      throw stacks.hide(error, load)
    }
  }

  return { resolve, load }
}

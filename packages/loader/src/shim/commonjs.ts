/**
 * The patches of Node's CommonJS loader. Guests patch the same functions (`module-alias`, `tsconfig-paths`, `pirates`), so each
 * calls the next as a property of `Module`, as Node does.
 */
import { apply, getOwnPropertyDescriptor } from '@libvisor/abi'
import { mimic } from '@libvisor/core'
import type { CurrentNamespace, Realm } from '@libvisor/core'
import type { LoaderHost } from '../loader-host.native.ts'
import type { LoaderParts } from '../parts.ts'
import type { StateOf } from './states.ts'
import type { StackCleaner } from './stack.ts'

/** A CommonJS module, as far as the loader looks at it. */
export interface CommonJsModule {
  id: string
  filename: string | null
  paths?: string[]
  exports: unknown
}

interface ResolveOptions {
  readonly paths?: readonly string[]
  readonly conditions?: ReadonlySet<string>
}

/** The parts of Node's `Module` that have no public type. */
export interface ModuleConstructor {
  new (id: string, parent: CommonJsModule | null): CommonJsModule
  readonly prototype: object
  readonly _cache: Record<string, CommonJsModule>
  readonly _extensions: Record<string, (module: CommonJsModule, file: string) => void>
  globalPaths: string[]
  _resolveFilename(
    request: string,
    parent: CommonJsModule | null | undefined,
    isMain?: boolean,
    options?: unknown,
  ): string
  _findPath(
    request: string,
    paths: readonly string[] | null,
    isMain?: boolean,
    conditions?: ReadonlySet<string>,
  ): string | false
  _resolveLookupPaths(request: string, parent: CommonJsModule | null | undefined): string[] | null
  _nodeModulePaths(from: string): string[]
  _initPaths(): void
  _load(request: string, parent: CommonJsModule | null | undefined, isMain: boolean): unknown
  runMain(main?: string): void
}

/** What the patches need. */
export interface CommonJsOptions {
  readonly realm: Realm
  readonly current: CurrentNamespace
  readonly stateOf: StateOf
  readonly parts: () => LoaderParts
  readonly host: LoaderHost
  readonly isOwnCode: (url: string) => boolean
  readonly stacks: StackCleaner
  readonly Module: ModuleConstructor
}

const isRelative = (request: string): boolean => /^\.\.?(?:\/|$)/.test(request)

/**
 * Installs the patches of `Module`.
 *
 * @param options - the realm, and how modules are found
 */
export function patchCommonJs(options: CommonJsOptions): void {
  const { realm, current, stateOf, parts, host, isOwnCode, stacks, Module } = options
  const { path } = host
  const { _resolveFilename, _findPath, _resolveLookupPaths, _initPaths } = Module
  const parentOf = getOwnPropertyDescriptor(Module.prototype, 'parent')?.get

  const patch = (
    target: object,
    key: string,
    from: (...args: never[]) => unknown,
    to: (...args: never[]) => unknown,
  ): void => realm.patches.patch(target, key, { value: mimic(from, to) })

  /** The state that answers, or none where Node's own loader does: for the host, and for libvisor's own code. */
  const stateFor = (parent: CommonJsModule | null | undefined): ReturnType<StateOf> =>
    parent?.filename && isOwnCode(`file://${parent.filename}`) ? undefined : stateOf(current())

  function requireStack(parent: CommonJsModule | null | undefined): string[] {
    const stack: string[] = []
    let cursor = parent
    while (cursor) {
      stack.push(cursor.filename || cursor.id)
      cursor = parentOf === undefined ? undefined : (apply(parentOf, cursor, []) as CommonJsModule | undefined)
    }
    return stack
  }

  /** Where a request is looked for: what the caller gave, or the folders above the module. */
  function searchedPaths(
    request: string,
    parent: CommonJsModule | null | undefined,
    given: readonly string[] | undefined,
  ): readonly string[] | null {
    if (given === undefined) return Module._resolveLookupPaths(request, parent)
    if (isRelative(request)) return given
    const paths = new Set<string>()
    for (const folder of given) {
      const stand = new Module('', null)
      stand.paths = Module._nodeModulePaths(folder)
      for (const found of Module._resolveLookupPaths(request, stand) ?? []) paths.add(found)
    }
    return [...paths]
  }

  function selfPath(parent: CommonJsModule | null | undefined): string | undefined {
    if (parent?.filename) return parent.filename
    return parent?.id === '<repl>' || parent?.id === 'internal/preload' ? `${host.process.cwd()}/` : undefined
  }

  function resolveFilename(
    this: unknown,
    request: string,
    parent: CommonJsModule | null | undefined,
    isMain?: boolean,
    resolveOptions?: ResolveOptions,
  ): string {
    const state = stateFor(parent)
    const given = resolveOptions?.paths
    // What is not of the right type gets Node's own error.
    if (state === undefined || typeof request !== 'string' || (given !== undefined && !Array.isArray(given))) {
      return stacks.guard(() => apply(_resolveFilename, this, [request, parent, isMain, resolveOptions]))
    }
    if (path.isBuiltin(request)) return request
    try {
      const conditions = resolveOptions?.conditions ?? parts().requireConditions
      const paths = searchedPaths(request, parent, given)
      const from = selfPath(parent)
      const internal = from === undefined ? undefined : state.resolver.findInternal(request, from, conditions)
      const found = internal ?? Module._findPath(request, paths, isMain, conditions)
      if (found) return found
      throw state.resolver.errors.requireNotFound(request, requireStack(parent))
    } catch (error) {
      throw stacks.hide(error, resolveFilename)
    }
  }

  function findPath(
    this: unknown,
    request: string,
    paths: readonly string[] | null,
    isMain?: boolean,
    conditions?: ReadonlySet<string>,
  ): string | false {
    const state = stateOf(current())
    if (state === undefined) return apply(_findPath, this, [request, paths, isMain, conditions])
    return state.resolver.findPath(request, paths, { isMain: isMain === true, conditions })
  }

  function resolveLookupPaths(
    this: unknown,
    request: string,
    parent: CommonJsModule | null | undefined,
  ): string[] | null {
    const state = stateFor(parent)
    if (state === undefined || path.isBuiltin(request) || isRelative(request)) {
      return apply(_resolveLookupPaths, this, [request, parent])
    }
    const paths = [...(parent?.paths ?? []), ...state.globalPaths]
    return paths.length > 0 ? paths : null
  }

  function initPaths(this: unknown): void {
    const state = stateOf(current())
    if (state === undefined) return apply(_initPaths, this, [])
    state.initPaths()
    Module.globalPaths = [...state.globalPaths]
  }

  patch(Module, '_resolveFilename', _resolveFilename, resolveFilename)
  patch(Module, '_findPath', _findPath, findPath)
  patch(Module, '_resolveLookupPaths', _resolveLookupPaths, resolveLookupPaths)
  patch(Module, '_initPaths', _initPaths, initPaths)
}

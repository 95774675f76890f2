import type * as NodeModule from 'node:module'
import type { GuestModuleConstructor } from './module-host.ts'

/** What the host's side does for the functions of `node:module` that do not load. */
export interface ExportsHost {
  readonly findPackageJson: (specifier: unknown, base: unknown) => string | undefined
  /** The error for hooks, which would reach all guests of a thread. */
  readonly refuse: (api: string) => Error
  readonly validateDirectory: (value: unknown) => void
  /** The names of what this Node's `Module` has. */
  readonly names: readonly string[]
  readonly compileCacheStatus: Readonly<Record<string, number>>
  readonly stripTypes: (code: unknown, options: unknown) => string
  readonly findSourceMap: (file: unknown) => NodeModule.SourceMap | undefined
  readonly SourceMap: typeof NodeModule.SourceMap
  readonly getSourceMapsSupport: () => object
  readonly setSourceMapsSupport: (...args: unknown[]) => void
  /** The guest's. */
  readonly process: NodeJS.Process
  readonly hide: (error: unknown, below: (...args: never[]) => unknown) => unknown
}

/**
 * Puts on a guest's `Module` what it offers besides loading. It is evaluated in the guest's realm, from its own source
 * text: it must not refer to anything outside of itself.
 *
 * @param Module - the guest's
 * @param host - the host's side
 * @source Node 24 `lib/module.js`
 */
export function addGuestExports(Module: GuestModuleConstructor, host: ExportsHost): void {
  'use strict'
  const { assign, defineProperty, freeze, getOwnPropertyNames } = Object
  const { apply } = Reflect

  function ask<Args extends readonly unknown[], Result>(
    below: (...args: never[]) => unknown,
    call: (...args: Args) => Result,
    ...args: Args
  ): Result {
    try {
      return apply(call, undefined, args)
    } catch (error) {
      throw host.hide(error, below)
    }
  }

  Module['registerHooks'] = function registerHooks(): never {
    throw host.hide(host.refuse('registerHooks'), registerHooks)
  }
  Module['register'] = function register(): never {
    throw host.hide(host.refuse('register'), register)
  }
  const compileCacheStatus = freeze(assign({ __proto__: null }, host.compileCacheStatus))
  Module['constants'] = freeze({ __proto__: null, compileCacheStatus })
  Module['enableCompileCache'] = function enableCompileCache(options?: { directory?: unknown } | string): object {
    const directory = typeof options === 'object' && options !== null ? options.directory : options
    ask(enableCompileCache, host.validateDirectory, directory)
    // libvisor has a code cache of its own. Node answers the same where NODE_DISABLE_COMPILE_CACHE is set.
    return { status: compileCacheStatus['DISABLED'] }
  }
  Module['findPackageJSON'] = function findPackageJSON(
    specifier: unknown,
    base: unknown = 'data:',
  ): string | undefined {
    return ask(findPackageJSON, host.findPackageJson, specifier, base)
  }
  Module['flushCompileCache'] = function flushCompileCache(): void {}
  Module['getCompileCacheDir'] = function getCompileCacheDir(): undefined {}
  Module['stripTypeScriptTypes'] = function stripTypeScriptTypes(code: unknown, options?: unknown): string {
    return ask(stripTypeScriptTypes, host.stripTypes, code, options)
  }
  Module['findSourceMap'] = function findSourceMap(path: string): unknown {
    return ask(findSourceMap, host.findSourceMap, path)
  }
  Module['SourceMap'] = host.SourceMap
  Module['getSourceMapsSupport'] = function getSourceMapsSupport(): object {
    return freeze(assign({ __proto__: null }, host.getSourceMapsSupport()))
  }
  Module['setSourceMapsSupport'] = function setSourceMapsSupport(...args: unknown[]): void {
    ask(setSourceMapsSupport, host.setSourceMapsSupport, ...args)
  }
  host.process.setSourceMapsEnabled = function setSourceMapsEnabled(enabled: boolean): void {
    ask(setSourceMapsEnabled, host.setSourceMapsSupport, enabled, { nodeModules: enabled, generatedCode: enabled })
  }
  defineProperty(host.process, 'sourceMapsEnabled', {
    get: () => (host.getSourceMapsSupport() as { enabled: boolean }).enabled,
    enumerable: true,
    configurable: true,
  })
  for (const name of getOwnPropertyNames(Module)) if (!host.names.includes(name)) delete Module[name]
}

import type { GuestErrors } from './guest-errors.ts'
import type { GuestModule, GuestModuleConstructor, GuestRequire, ModuleHost } from './module-host.ts'

/**
 * Makes what makes the `require` functions of modules. It is evaluated in the guest's realm, from its own source text: it
 * must not refer to anything outside of itself.
 *
 * @param Module - the guest's
 * @param host - the host's side
 * @param errors - how errors are made and thrown
 * @returns makes the function of one module
 * @source Node 24 `lib/internal/modules/helpers.js`, makeRequireFunction
 */
export function createGuestRequire(
  Module: GuestModuleConstructor,
  host: Pick<ModuleHost, 'process'>,
  errors: Pick<GuestErrors, 'validateString'>,
): (module: GuestModule) => GuestRequire {
  'use strict'
  const { validateString } = errors
  const { defineProperty } = Object

  return makeRequire

  function makeRequire(module: GuestModule): GuestRequire {
    const require = function require(path: string): unknown {
      return module.require(path)
    } as GuestRequire
    const resolve = function resolve(request: string, options?: { paths?: unknown }): string {
      validateString(request, 'request', resolve)
      const filename = Module._resolveFilename(request, module, false, options ?? {})
      return `${filename}`
    }
    require.resolve = resolve as GuestRequire['resolve']
    const paths = function paths(request: string): string[] | null {
      validateString(request, 'request', paths)
      return Module._resolveLookupPaths(request, module)
    }
    require.resolve.paths = paths
    const main = host.process.mainModule
    defineProperty(require, 'main', { value: main, writable: true, enumerable: true, configurable: true })
    require.extensions = Module._extensions
    require.cache = Module._cache
    return require
  }
}

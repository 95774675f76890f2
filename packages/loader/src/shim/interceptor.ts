import { apply, builtin, defineProperty, getOwnPropertyDescriptor, ownKeys } from '@libvisor/abi'
import { createDispatcher, mimic } from '@libvisor/core'
import type { BoundSet, Interceptor, Namespace } from '@libvisor/core'
import { loaderHost } from '../loader-host.native.ts'
import { createBuiltinGate } from './builtin-gate.ts'
import type { BuiltinGateOptions } from './builtin-gate.ts'
import { patchCommonJs } from './commonjs.ts'
import type { ModuleConstructor } from './commonjs.ts'
import { createHooks } from './hooks.ts'
import type { LoaderParts } from '../parts.ts'
import type { ModuleExports } from './module-exports.ts'
import { patchRunMain } from './run-main.ts'
import type { ModuleEntry } from './run-main.ts'
import { createStackCleaner } from './stack.ts'
import { createStates } from './states.ts'

/** How the loader's interceptor is made. */
export interface LoaderInterceptorOptions extends BuiltinGateOptions {
  /** The larger part of the loader, asked for when it is first needed: `loaderParts`, or what loads them. */
  readonly parts: () => LoaderParts
  /**
   * Whether a module is libvisor's own: an `import()` from there is refused in a guest, and a `require()` sees the host.
   *
   * @param url - the module's URL
   * @defaultValue no module is
   */
  readonly isOwnCode?: (url: string) => boolean
}

type Callable = (...args: unknown[]) => unknown

/**
 * Makes the interceptor of module loading: in a realm that it is installed in, `require` and `import` find a guest's files.
 *
 * While a guest's files cannot differ from the host's, Node's own loader is left alone.
 *
 * @param options - where its parts come from, who is told about built-ins, and what libvisor's own code is
 * @returns the interceptor
 * @example
 * ```ts
 * import { createNamespace } from '@libvisor/core'
 * import { createLoaderInterceptor, loaderParts } from '@libvisor/loader'
 * import assert from 'node:assert/strict'
 *
 * const loader = createLoaderInterceptor({ parts: () => loaderParts, isDenied: (id) => id === 'sqlite' })
 * assert.equal(loader.area, 'loader')
 * using ns = createNamespace({ name: 'a' })
 * using bound = loader.bind(ns)
 * const module = bound.modules['module']?.() as typeof import('node:module')
 * assert.equal(module.isBuiltin('node:fs'), true)
 * ```
 */
export function createLoaderInterceptor(options: LoaderInterceptorOptions): Interceptor {
  const { parts, isOwnCode = () => false } = options
  const host = loaderHost
  const gate = createBuiltinGate(options)
  const stacks = createStackCleaner((file) => file.startsWith(host.ownFolder) || isOwnCode(file))
  const Module = builtin('module') as unknown as ModuleConstructor
  const stateOf = createStates({ host, parts, extensions: () => Object.keys(Module._extensions) })

  return {
    area: 'loader',

    install(realm, current) {
      const bound = new WeakMap<Namespace, ModuleExports>()
      const exportsOf = (ns: Namespace): ModuleExports => {
        let exports = bound.get(ns)
        if (exports === undefined)
          bound.set(ns, (exports = parts().createModuleExports(ns, { host, stateOf, current, gate, stacks })))
        return exports
      }
      for (const key of ['enableCompileCache', 'findPackageJSON', 'register', 'registerHooks'] as const) {
        const original = (Module as unknown as ModuleExports)[key] as Callable
        const dispatcher = createDispatcher(original, current, (ns) => exportsOf(ns)[key])
        realm.patches.patch(Module, key, { value: dispatcher })
      }
      patchCommonJs({ realm, current, stateOf, parts, host, isOwnCode, stacks, Module })
      const entry: ModuleEntry = { file: undefined }
      const onRequired = (file: string): void => {
        if (file !== entry.file) return
        entry.file = undefined
        Reflect.deleteProperty(Module._cache, file)
      }
      const main = realm.kind === 'own' ? patchRunMain({ realm, current, stateOf, Module, host, entry }) : undefined

      const { process } = realm.global
      if (!realm.patches.has(process, 'getBuiltinModule')) {
        const { getBuiltinModule } = process
        const replacement = function (this: unknown, id: string): unknown {
          if (current() !== undefined && typeof id === 'string' && host.path.isBuiltin(id)) gate(id)
          return apply(getBuiltinModule, process, [id])
        }
        realm.patches.patch(process, 'getBuiltinModule', { value: mimic(getBuiltinModule, replacement) })
      }

      const registration = host.module.registerHooks(
        createHooks({ host, current, stateOf, parts, gate, isOwnCode, stacks, onRequired }),
      )
      return {
        [Symbol.dispose]() {
          registration.deregister()
          main?.[Symbol.dispose]()
        },
      }
    },

    bind(ns): BoundSet {
      let module: object | undefined
      return {
        modules: {
          module: () =>
            (module ??= bindModule(
              Module,
              parts().createModuleExports(ns, { host, stateOf, current: () => ns, gate, stacks }),
            )),
        },
        globals: {},
        [Symbol.dispose]() {},
      }
    },
  }
}

/** `node:module` as one namespace sees it: the same class under another name, with the namespace's own functions. */
function bindModule(Module: ModuleConstructor, exports: ModuleExports): object {
  const copy = class extends Module {}
  for (const key of ownKeys(Module)) {
    const descriptor = getOwnPropertyDescriptor(Module, key)
    if (descriptor !== undefined && key !== 'prototype') defineProperty(copy, key, descriptor)
  }
  for (const [key, value] of Object.entries(exports))
    defineProperty(copy, key, { value, writable: true, configurable: true, enumerable: true })
  defineProperty(copy, 'Module', { value: copy, writable: true, configurable: true, enumerable: true })
  return copy
}

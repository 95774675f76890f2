import type * as vm from 'node:vm'
import { builtin, defineProperty } from '@libvisor/abi'
import type { ErrorFactory } from '@libvisor/abi'
import { keepAlive, mimic } from '@libvisor/core'
import type { ContextRealm } from './context-realm.native.ts'

/** What a guest's `vm` is made of. */
export interface GuestVmOptions {
  readonly realm: ContextRealm
  /** Copies exports for the guest. */
  readonly copy: (exports: object) => object
  /** Makes the guest's errors. */
  readonly errors: ErrorFactory
  /** Whether the guest was started with `--experimental-vm-modules`. Its thread always is. */
  readonly withModules: boolean
}

type Options = Record<string, unknown>
type ModuleClass = new (...args: unknown[]) => object

/** `vm`, with what `--experimental-vm-modules` adds. */
type VmExports = typeof vm & { SourceTextModule?: ModuleClass; SyntheticModule?: ModuleClass }

/**
 * Makes the `vm` module of a guest: what Node does in its main context is done in the guest's, and what evaluated code
 * imports comes from the guest's loader.
 *
 * @param options - the guest's realm
 * @returns the exports
 */
export function createGuestVm({ realm, copy, errors, withModules }: GuestVmOptions): object {
  const host = builtin('vm') as VmExports
  const { context, kit, adopt } = realm
  const { USE_MAIN_CONTEXT_DEFAULT_LOADER } = host.constants
  let modules = 0

  /** Node's own loader is the host's: the guest's answers in its place. */
  function withLoader<T>(options: T): T {
    if (typeof options !== 'object' || options === null) return options
    const given = options as Options
    const { importModuleDynamically } = given
    if (typeof importModuleDynamically === 'function' && !withModules) {
      return { ...given, importModuleDynamically: () => Promise.reject(missingFlag()) } as T
    }
    if (importModuleDynamically !== USE_MAIN_CONTEXT_DEFAULT_LOADER) return options
    const { filename } = given
    return {
      ...given,
      importModuleDynamically: (specifier: string, _referrer: unknown, attributes: object) =>
        realm.importModule(specifier, typeof filename === 'string' ? filename : undefined, attributes),
    } as T
  }

  const missingFlag = (): Error =>
    errors.coded(
      'TypeError',
      'ERR_VM_DYNAMIC_IMPORT_CALLBACK_MISSING_FLAG',
      'A dynamic import callback was invoked without --experimental-vm-modules',
    )

  // Only what is left out gets a default.
  const orNew = (object: vm.Context | undefined): vm.Context =>
    (object === undefined ? kit.object() : object) as vm.Context

  const adopting = <Result>(call: () => Result): Result => {
    try {
      return call()
    } catch (error) {
      throw adopt(error)
    }
  }

  class Script extends host.Script {
    constructor(code: string, options: vm.ScriptOptions | string = {}) {
      try {
        super(code, withLoader(options))
      } catch (error) {
        throw adopt(error)
      }
    }

    override runInThisContext(options?: vm.RunningScriptOptions): unknown {
      return adopting(() => super.runInContext(context, options))
    }
  }

  const functions = {
    runInThisContext: (code: string, options?: vm.RunningCodeOptions | string): unknown =>
      adopting(() => host.runInContext(code, context, withLoader(options))),
    createScript: (code: string, options?: vm.ScriptOptions | string): Script => new Script(code, options),
    runInContext: (code: string, contextified: vm.Context, options?: vm.RunningCodeOptions | string): unknown =>
      adopting(() => host.runInContext(code, contextified, withLoader(options))),
    runInNewContext: (
      code: string,
      object?: vm.Context,
      options?: vm.RunningCodeInNewContextOptions | string,
    ): unknown => adopting(() => host.runInNewContext(code, orNew(object), withLoader(options))),
    createContext: (object?: vm.Context, options?: vm.CreateContextOptions): vm.Context =>
      adopting(() => host.createContext(orNew(object), withLoader(options))),
    measureMemory: (options?: vm.MeasureMemoryOptions): Promise<unknown> =>
      adopting(() => adopt(whileAlive(host.measureMemory(options)))),
    isContext: (object: vm.Context): boolean => adopting(() => object !== context && host.isContext(object)),
    compileFunction: (code: string, parameters?: readonly string[], options?: vm.CompileFunctionOptions): unknown => {
      const inGuest = options === undefined ? {} : options
      return adopting(() =>
        host.compileFunction(
          code,
          parameters,
          isPlain(inGuest) ? withLoader({ parsingContext: context, ...inGuest }) : inGuest,
        ),
      )
    },
  }

  const exports = copy(host) as Record<string, unknown>
  const put = (name: string, value: unknown): void =>
    void defineProperty(exports, name, { value, writable: true, enumerable: true, configurable: true })
  for (const [name, fn] of Object.entries(functions)) {
    if (name in host)
      put(name, mimic(Reflect.get(host, name) as object, kit.calling(fn as (...args: never[]) => unknown)))
  }
  put('Script', Script)
  for (const name of ['SourceTextModule', 'SyntheticModule'] as const) {
    const Original = host[name]
    if (!withModules) Reflect.deleteProperty(exports, name)
    else if (Original !== undefined) put(name, inGuestContext(Original, name))
  }
  if (!withModules) Reflect.deleteProperty(exports, 'Module')
  return exports

  /** A class of modules that belong to the guest's context where they are given none. */
  function inGuestContext(Original: ModuleClass, name: string): ModuleClass {
    const optionsAt = name === 'SourceTextModule' ? 1 : 2
    const Guest = class extends Original {
      constructor(...args: unknown[]) {
        const given = args[optionsAt] ?? {}
        if (isPlain(given)) {
          const { context: own = context, identifier } = given as Options
          const name = identifier ?? (own === context ? `vm:module(${modules++})` : undefined)
          args[optionsAt] = withLoader({ ...given, context: own, ...(name !== undefined && { identifier: name }) })
        }
        super(...args)
      }
    }
    defineProperty(Guest, 'name', { value: name, configurable: true })
    return Guest
  }
}

/** A measurement is on no list that tells who waits for it. */
async function whileAlive<Result>(promise: Promise<Result>): Promise<Result> {
  const reference = keepAlive()
  try {
    return await promise
  } finally {
    reference[Symbol.dispose]()
  }
}

const isPlain = (value: unknown): value is Record<string, unknown> & { parsingContext?: vm.Context } =>
  typeof value === 'object' && value !== null

import { apply, builtin } from '@libvisor/abi'
import { mimic } from '@libvisor/core'
import type { CurrentNamespace, Realm } from '@libvisor/core'
import type { LoaderHost } from '../loader-host.native.ts'
import { loaderHost } from '../loader-host.native.ts'
import type { ModuleConstructor } from './commonjs.ts'
import type { LoaderState, StateOf } from './loader-state.ts'

/** What the patch of `Module.runMain` needs. */
export interface RunMainOptions {
  readonly realm: Realm
  readonly current: CurrentNamespace
  readonly stateOf: StateOf
  readonly host: LoaderHost
  readonly Module: ModuleConstructor
}

/**
 * Replaces `Module.runMain`, with which Node starts the program of a thread.
 *
 * @param options - the realm, and how modules are found
 */
export function patchRunMain(options: RunMainOptions): void {
  const { realm, current, stateOf, host, Module } = options
  const { runMain } = Module

  function runGuestMain(this: unknown, main: string = host.process.argv[1] ?? ''): void {
    const state = stateOf(current())
    // WebAssembly is the one kind of entry that the CommonJS loader cannot hand on to the ESM loader.
    if (state === undefined || main.endsWith('.wasm')) return apply(runMain, this, [main])
    const file = Module._findPath(host.path.resolve(host.process.cwd(), main), null, true)
    // An entry that is ESM goes on to the ESM loader from here, as the entry.
    Module._load(main, null, true)
    if (file && isModule(state, file)) Reflect.deleteProperty(Module._cache, file)
  }
  /** Whether Node would not have gone through the CommonJS loader, and no trace of the entry were in `require.cache`. */
  const isModule = ({ resolver }: LoaderState, file: string): boolean =>
    /\.m[jt]s$/.test(file) || (!/\.c[jt]s$/.test(file) && resolver.nearestPackage(file)?.type === 'module')

  realm.patches.patch(Module, 'runMain', { value: mimic(runMain, runGuestMain) })
}

/**
 * Runs a program as `node <file>` would, in a realm in which the loader's interceptor is installed: `process.argv[1]` is
 * the absolute path, extensions are tried, and the file is CommonJS or ESM as Node decides.
 *
 * What a CommonJS program throws while it is loaded is thrown here, and is to be left uncaught: call this from the bottom of a
 * stack. An error of an ESM program reaches the realm's `uncaughtException` by itself.
 *
 * @param file - the program, relative to the guest's working directory
 * @throws {Error} MODULE_NOT_FOUND when there is no such file
 * @example
 * ```ts
 * import { runEntry } from '@libvisor/loader'
 * import assert from 'node:assert/strict'
 *
 * assert.throws(() => runEntry('/no/such/program.js'), { code: 'MODULE_NOT_FOUND' })
 * ```
 */
export function runEntry(file: string): void {
  const { process, path } = loaderHost
  const main = path.resolve(process.cwd(), file)
  process.argv[1] = main
  ;(builtin('module') as unknown as ModuleConstructor).runMain(main)
}

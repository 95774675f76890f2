import { mimic } from '@libvisor/core'
import type { CurrentNamespace, Realm } from '@libvisor/core'
import type { LoaderHost } from '../loader-host.native.ts'
import type { ModuleConstructor } from './commonjs.ts'
import type { LoaderState } from './loader-state.ts'
import type { StateOf } from './states.ts'

/** What the patch of `Module.runMain` needs. */
export interface RunMainOptions {
  readonly realm: Realm
  readonly current: CurrentNamespace
  readonly stateOf: StateOf
  readonly host: LoaderHost
  readonly Module: ModuleConstructor
  readonly entry: ModuleEntry
}

/** An entry that is ESM and passes the CommonJS loader on its way, of which `require.cache` must not tell. */
export interface ModuleEntry {
  file: string | undefined
}

/** How a realm runs the program at a path: a call of Node's own function, so that no stack shows another. */
type Plan = (main: string) => () => void

const plans = new WeakMap<object, Plan>()

/**
 * The call that runs a program.
 *
 * @param Module - the realm's `Module`
 * @param main - the program's absolute path
 * @returns the call, which is all that the program's stack shows
 */
export function planMain(Module: ModuleConstructor, main: string): () => void {
  return plans.get(Module)?.(main) ?? Module.runMain.bind(Module, main)
}

/**
 * Replaces `Module.runMain`, with which Node starts the program of a thread.
 *
 * @param options - the realm, and how modules are found
 * @returns takes the plan back
 */
export function patchRunMain(options: RunMainOptions): Disposable {
  const { realm, current, stateOf, host, Module, entry } = options
  const { runMain } = Module

  /** Whether Node would not have gone through the CommonJS loader. */
  const isModule = ({ resolver }: LoaderState, file: string): boolean =>
    /\.m[jt]s$/.test(file) || (!/\.c[jt]s$/.test(file) && resolver.nearestPackage(file)?.type === 'module')

  function plan(main: string): () => void {
    const state = stateOf(current())
    // WebAssembly is the one kind of entry that the CommonJS loader cannot hand on to the ESM loader.
    if (state === undefined || main.endsWith('.wasm')) return runMain.bind(Module, main)
    try {
      const file = Module._findPath(host.path.resolve(host.process.cwd(), main), null, true)
      if (file && isModule(state, file)) entry.file = file
    } catch {
      // The program fails in the same way when it is loaded.
    }
    // An entry that is ESM goes on to the ESM loader from here, as the entry.
    return Module._load.bind(Module, main, null, true)
  }

  function runGuestMain(main: string = host.process.argv[1] ?? ''): void {
    plan(main)()
  }

  realm.patches.patch(Module, 'runMain', { value: mimic(runMain, runGuestMain) })
  plans.set(Module, plan)
  return { [Symbol.dispose]: () => void plans.delete(Module) }
}

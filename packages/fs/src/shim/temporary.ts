/** `mkdtempDisposable`: a directory of its own that goes when it is disposed of. */
import type { FsContext } from './context.ts'
import { promiseOf } from './flavours.ts'
import type { AnyFunction } from './flavours.ts'
import { runAsync, runSync } from './operation.ts'
import { removeAll } from './remove.ts'

/** Makes `mkdtempDisposableSync`. */
export function mkdtempDisposableSync(context: FsContext, mkdtempSync: AnyFunction): AnyFunction {
  return (prefix, options) => {
    const path = mkdtempSync(prefix, options)
    // The path stays what it was when the guest changes its directory.
    const target = context.path(path)
    const call = { context, flavour: 'sync', path: target, dest: target, args: [] } as const
    const remove = (): void => runSync(context.process, removeAll(call))
    return { path, remove, [Symbol.dispose]: () => remove() }
  }
}

/** Makes `mkdtempDisposable` of `fs/promises`. */
export function mkdtempDisposable(context: FsContext, mkdtemp: AnyFunction): AnyFunction {
  return async (prefix, options) => {
    const path = await mkdtemp(prefix, options)
    const target = context.path(path)
    const call = { context, flavour: 'promise', path: target, dest: target, args: [] } as const
    const remove = (): Promise<void> => promiseOf(context, () => runAsync(context.process, removeAll(call)))
    return { __proto__: null, path, remove, [Symbol.asyncDispose]: async () => remove() }
  }
}

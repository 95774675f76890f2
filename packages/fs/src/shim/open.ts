/** `open` of `fs/promises`, and its functions that take a `FileHandle` in place of a path. */
import { callNative } from '@libvisor/core'
import { arePlain, flagsOf, isValidPath, modeOf } from './arguments.ts'
import type { FsContext } from './context.ts'
import { fileHandles, isGuestHandle } from './file-handle.ts'
import { promiseOf, validateAsync } from './flavours.ts'
import type { AnyFunction } from './flavours.ts'
import { nodePromises, NOWHERE } from './natives.native.ts'
import { attempt, runAsync } from './operation.ts'

const FILE_MODE = 0o666

/** Makes `open` of `fs/promises`. */
export function createOpen(context: FsContext): AnyFunction {
  const native = nodePromises.open as AnyFunction
  const open = async (args: readonly unknown[]): Promise<object> => {
    const [path, flags, mode] = args
    if (!isValidPath(path) || !arePlain(['flags', 'openMode'], args, 1)) {
      await validateAsync(native, [isValidPath(path) ? NOWHERE : path, flags, mode])
    }
    const { absolute, shown } = context.path(path)
    const info = { syscall: 'open', path: shown }
    const handles = await fileHandles()
    const operation = attempt(context.ns, info, 'open', absolute, flagsOf(flags), modeOf(mode, FILE_MODE))
    return handles.create(context, await runAsync(context.process, operation))
  }
  return (...args) => promiseOf(context, () => open(args))
}

/**
 * Makes a function of `fs/promises` take a `FileHandle` too.
 *
 * @param name - of the function, and of the method it stands for
 * @param onPath - the function for paths
 */
export function onHandle(name: string, onPath: AnyFunction): AnyFunction {
  const native = nodePromises[name as 'readFile'] as AnyFunction
  return (...args) => {
    if (typeof args[0] === 'string') return onPath(...args)
    const [target, ...rest] = args
    if (isGuestHandle(target)) return target[name]!(...rest)
    if (isHostHandle(target)) return callNative(native, ...args)
    return onPath(...args)
  }
}

/** Whether a value is a handle that was opened outside any namespace. */
function isHostHandle(value: unknown): boolean {
  return typeof value === 'object' && value !== null && value.constructor.name === 'FileHandle'
}

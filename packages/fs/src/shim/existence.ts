/** `exists` and `existsSync`, which answer where others fail. */
import { bindGuest, callNative, callNativeSync, deliver, livenessOf, ownerHere } from '@libvisor/core'
import { isValidPath } from './arguments.ts'
import type { FsContext } from './context.ts'
import type { AnyFunction } from './flavours.ts'
import { nodeFs, promisifyCustom } from './natives.native.ts'
import { errnoOf } from './operation.ts'

const SLASH = 47

/** Makes `existsSync`. */
export function existsSync(context: FsContext): AnyFunction {
  const native = nodeFs.existsSync as AnyFunction
  // It calls nothing that could be replaced.
  return (...args) => (context.isSame(args[0]) ? native(...args) : ask(...args))

  function isThere(path: unknown): boolean {
    try {
      context.process.sync.access(context.path(path).absolute, 0)
      return true
    } catch (error) {
      if (errnoOf(error) === undefined) throw error
      return false
    }
  }

  function ask(...args: unknown[]): unknown {
    const [path] = args
    // The original says what it thinks of arguments like these, once.
    if (!isValidPath(path)) return callNativeSync(native, ...args)
    const { process } = context
    if (typeof path !== 'string' || path.charCodeAt(0) !== SLASH) return isThere(path)
    // Most of what is asked for and not known yet is not there: the walk says so by itself.
    if (process.local && process.recall(path, 'read', true) === undefined && !isThere(path)) return false
    return process.resolve(path, 'read', true)?.identical === true ? callNativeSync(native, path) : isThere(path)
  }
}

/** Makes `exists`, with its own way of being promisified. */
export function exists(context: FsContext): AnyFunction {
  const native = nodeFs.exists as unknown as AnyFunction
  const exists: AnyFunction = (...args) => {
    const [path, callback] = args
    if (typeof callback !== 'function') return callNative(native, ...args)
    if (!isValidPath(path)) return callNative(native, path, bindGuest(callback))
    const owner = ownerHere(context.ns)
    const answer = (found: boolean): void => deliver(owner, 'io', () => void (callback as AnyFunction)(found))
    const release = livenessOf(context.ns).hold()
    context.process.async
      .access(context.path(path).absolute, 0)
      .then(
        () => answer(true),
        () => answer(false),
      )
      .finally(release)
  }
  const promisified = {
    exists: (path: unknown) => new context.ns.intrinsics.Promise((resolve) => exists(path, resolve)),
  }
  Object.defineProperty(exists, promisifyCustom, { value: promisified.exists, configurable: true })
  return exists
}

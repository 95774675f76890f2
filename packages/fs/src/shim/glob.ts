/** `glob`, in its three flavours. */
import { bindGuest, callNative, callNativeSync, unsupported } from '@libvisor/core'
import type { FsContext } from './context.ts'
import type { AnyFunction } from './flavours.ts'
import { nodeFs, nodePromises } from './natives.native.ts'

/** Makes `globSync`, `glob` and the `glob` of `fs/promises`. */
export function createGlob(context: FsContext): { sync: AnyFunction; callback: AnyFunction; promise: AnyFunction } {
  const check = (): void => {
    if (context.process.differsFromHost() || !context.cwdIsHost) throw unsupported('fs.glob')
  }
  return {
    sync: (...args) => {
      check()
      return callNativeSync(nodeFs.globSync as AnyFunction, ...args)
    },
    callback: (...args) => {
      check()
      return callNative(nodeFs.glob as AnyFunction, ...args.map(bindGuest))
    },
    promise: (...args) => {
      check()
      return callNative(nodePromises.glob as AnyFunction, ...args)
    },
  }
}

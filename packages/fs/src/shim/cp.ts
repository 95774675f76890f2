/** `cp`, in its three flavours. */
import { bindGuest, callNative, callNativeSync } from '@libvisor/core'
import { isValidPath } from './arguments.ts'
import { callBackNative } from './adopting.ts'
import type { FsContext } from './context.ts'
import { TreeCopy } from './copy-tree.ts'
import type { CopyOptions } from './copy-tree.ts'
import { callBack, callbackIndex, isFailure, promiseOf, silenced } from './flavours.ts'
import type { AnyFunction } from './flavours.ts'
import { nodeFs, nodePromises, NOWHERE } from './natives.native.ts'
import { runAsync, runSync } from './operation.ts'
import type { Operation } from './operation.ts'
import type { Flavour } from './path-operation.ts'

/** Arguments with which the original can only fail, and by which it does not call the guest's filter. */
function probeArguments([source, destination, options]: readonly unknown[]): unknown[] {
  const hasFilter = typeof (options as CopyOptions | null | undefined)?.filter === 'function'
  return [
    isValidPath(source) ? NOWHERE : source,
    isValidPath(destination) ? `${NOWHERE}/copy` : destination,
    hasFilter ? { ...(options as CopyOptions), filter: () => false } : options,
  ]
}

function isPlain([source, destination, options]: readonly unknown[]): boolean {
  const isDefault = options === undefined || isRecursiveOnly(options)
  return isValidPath(source) && isValidPath(destination) && isDefault
}

function isRecursiveOnly(options: unknown): boolean {
  if (typeof options !== 'object' || options === null) return false
  return Object.entries(options).every(([key, value]) => key === 'recursive' && typeof value === 'boolean')
}

function emulate(
  context: FsContext,
  flavour: Flavour,
  [source, destination, options]: readonly unknown[],
): Operation<void> {
  const copy = new TreeCopy(context, flavour, (options as CopyOptions | undefined) ?? {})
  return copy.run(context.path(source).shown, context.path(destination).shown)
}

/** Whether both trees are the host's own, and mean the same to it. */
function isHosts(context: FsContext, [source, destination]: readonly unknown[]): boolean {
  const { process } = context
  if (process.differsFromHost() || !context.cwdIsHost) return false
  const { resolve } = process
  const from = resolve.call(process, context.path(source).absolute, 'read', false)
  const to = resolve.call(process, context.path(destination).absolute, 'write', false)
  return from?.identical === true && to?.identical === true
}

/** The arguments for the original: the guest's filter runs as the guest. */
function bound([source, destination, options]: readonly unknown[]): unknown[] {
  const { filter } = (options ?? {}) as CopyOptions
  if (filter === undefined) return options === undefined ? [source, destination] : [source, destination, options]
  return [source, destination, { ...(options as CopyOptions), filter: bindGuest(filter) }]
}

/** Makes `cpSync`, `cp` and the `cp` of `fs/promises`. */
export function createCp(context: FsContext): { sync: AnyFunction; callback: AnyFunction; promise: AnyFunction } {
  const nativeSync = nodeFs.cpSync as AnyFunction
  const nativeCallback = nodeFs.cp as AnyFunction
  const nativePromise = nodePromises.cp as AnyFunction

  const sync: AnyFunction = (...args) => {
    if (!isPlain(args)) {
      try {
        callNativeSync(nativeSync, ...probeArguments(args))
      } catch (error) {
        if (!isFailure(error)) throw error
      }
    }
    if (isHosts(context, args)) return callNativeSync(nativeSync, ...bound(args))
    return runSync(context.process, emulate(context, 'sync', args))
  }

  const callback: AnyFunction = (...args) => {
    const at = callbackIndex(args, 2)
    if (at < 0) return callNative(nativeCallback, ...probeArguments(args), args[3])
    const given = args.slice(0, at)
    if (!isPlain(given)) callNative(nativeCallback, ...probeArguments(given), silenced(args[at] as AnyFunction))
    const done = args[at] as AnyFunction
    if (isHosts(context, given)) return callBackNative(context.ns, nativeCallback, bound(given), done)
    callBack(context, emulate(context, 'callback', given), done)
  }

  const promise: AnyFunction = (...args) =>
    promiseOf(context, async () => {
      if (!isPlain(args)) {
        try {
          await callNative(nativePromise, ...probeArguments(args))
        } catch (error) {
          if (!isFailure(error)) throw error
        }
      }
      if (isHosts(context, args)) return callNative(nativePromise, ...bound(args))
      return runAsync(context.process, emulate(context, 'promise', args))
    })

  return { sync, callback, promise }
}

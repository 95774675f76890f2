/** `openAsBlob`. */
import { callNativeSync } from '@libvisor/core'
import { isValidPath } from './arguments.ts'
import type { FsContext } from './context.ts'
import type { AnyFunction } from './flavours.ts'
import { nodeFs, ownFile } from './natives.native.ts'
import { errnoOf } from './operation.ts'

/** Reads a virtual file into a `Blob`: a snapshot, where Node's would read again and fail if the file had changed. */
function readBlob(context: FsContext, path: unknown, type: string | undefined): Blob {
  const { absolute } = context.path(path)
  const { sync } = context.process
  let fd: number
  try {
    fd = sync.open(absolute, context.ns.personality.fs.O_RDONLY, 0)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    throw context.ns.errors.coded('TypeError', 'ERR_INVALID_ARG_VALUE', 'Unable to open file as blob')
  }
  try {
    const { size } = sync.fstat(fd)
    return new Blob([sync.read(fd, size, 0)], type === undefined ? {} : { type })
  } finally {
    sync.close(fd)
  }
}

function open(context: FsContext, native: AnyFunction, args: readonly unknown[]): unknown {
  const [path, options] = args
  // Node looks at the options first, and opens in the same turn.
  if (!isValidPath(path)) return callNativeSync(native, ...args)
  if (options !== undefined) callNativeSync(native, ownFile(), options)
  const host = context.process.resolve(context.path(path).absolute, 'read', true)
  if (host !== undefined) return callNativeSync(native, host.path, ...args.slice(1))
  return readBlob(context, path, (options as { type?: string } | undefined)?.type)
}

/** Makes `openAsBlob`. */
export function openAsBlob(context: FsContext): AnyFunction {
  const { Promise } = context.ns.intrinsics
  return (...args) => Promise.resolve(open(context, nodeFs.openAsBlob as AnyFunction, args))
}

/** Makes `openAsBlobSync`, which only newer Nodes have. */
export function openAsBlobSync(context: FsContext): AnyFunction {
  const native = (nodeFs as unknown as Record<string, AnyFunction | undefined>).openAsBlobSync
  return (...args) => open(context, native!, args)
}

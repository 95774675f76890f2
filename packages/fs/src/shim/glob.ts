/** `glob`, in its three flavours. */
import { bindGuest, callNative, callNativeSync, unsupported } from '@libvisor/core'
import { isValidPath } from './arguments.ts'
import { callBackNative } from './adopting.ts'
import type { FsContext } from './context.ts'
import { callBack, callbackIndex, promiseOf } from './flavours.ts'
import type { AnyFunction } from './flavours.ts'
import { GlobWalk } from './glob-walk.ts'
import type { GlobOptions } from './glob-walk.ts'
import { nodeFs, NOWHERE } from './natives.native.ts'
import { runAsync, runSync } from './operation.ts'
import type { Operation } from './operation.ts'
import type { Flavour } from './path-operation.ts'

const known: ReadonlySet<string> = new Set(['cwd', 'exclude', 'followSymlinks', 'withFileTypes'])
const nativeSync = nodeFs.globSync as AnyFunction

/** Lets the original throw if the arguments are invalid: where there is nothing to find. */
function validate([pattern, options]: readonly unknown[]): void {
  const isPattern =
    typeof pattern === 'string' || (Array.isArray(pattern) && pattern.every((item) => typeof item === 'string'))
  let probe = options
  if (typeof options === 'object' && options !== null) {
    const { cwd, exclude } = options as GlobOptions
    const place = cwd === undefined || isValidPath(cwd) ? { cwd: NOWHERE } : {}
    probe = { ...options, ...place, ...(typeof exclude === 'function' ? { exclude: () => true } : {}) }
  }
  callNativeSync(nativeSync, isPattern ? 'x' : pattern, probe ?? { cwd: NOWHERE })
  for (const key in options ?? {}) if (!known.has(key)) throw unsupported(`The option '${key}' of fs.glob`)
}

function walk(context: FsContext, flavour: Flavour, [pattern, options]: readonly unknown[]): Operation<unknown[]> {
  return new GlobWalk(context, flavour, [pattern].flat() as string[], (options as GlobOptions | undefined) ?? {}).run()
}

/** Makes `globSync`, `glob` and the `glob` of `fs/promises`. */
export function createGlob(context: FsContext): { sync: AnyFunction; callback: AnyFunction; promise: AnyFunction } {
  const isHosts = (): boolean => !context.process.differsFromHost() && context.cwdIsHost

  const bound = ([pattern, options]: readonly unknown[]): unknown[] => {
    const { exclude } = (options ?? {}) as GlobOptions
    return [
      pattern,
      typeof exclude === 'function' ? { ...(options as GlobOptions), exclude: bindGuest(exclude) } : options,
    ]
  }

  return {
    sync(...args) {
      if (isHosts()) return callNativeSync(nativeSync, ...bound(args))
      validate(args)
      return runSync(context.process, walk(context, 'sync', args))
    },

    callback(...args) {
      const at = callbackIndex(args, 1)
      const given = args.slice(0, Math.max(at, 1))
      const native = nodeFs.glob as AnyFunction
      if (at < 0) return callNative(native, ...bound(given), args[at])
      if (isHosts()) return callBackNative(context.ns, native, bound(given), args[at] as AnyFunction)
      validate(given)
      callBack(context, walk(context, 'callback', given), args[at] as AnyFunction)
    },

    // As in Node, nothing happens before the first result is asked for.
    async *promise(...args) {
      if (!isHosts()) validate(args)
      const search = isHosts() ? runAsHost(bound(args)) : runAsync(context.process, walk(context, 'promise', args))
      yield* await promiseOf(context, () => search)
    },
  }
}

/** Searches the host's files. */
function runAsHost(args: unknown[]): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, matches: unknown[]): void => (error === null ? resolve(matches) : reject(error))
    callNative(nodeFs.glob as AnyFunction, args[0], args[1] ?? {}, done)
  })
}

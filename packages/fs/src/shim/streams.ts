/** Node's own streams, with the namespace's functions under them. */
import { construct } from '@libvisor/abi'
import type { ReadStream, WriteStream } from 'node:fs'
import type { FsContext, LiveExports } from './context.ts'
import type { AnyFunction } from './flavours.ts'
import { nodeFs } from './natives.native.ts'

/** What Node's streams call of `fs`. */
const STREAM_FUNCTIONS = ['open', 'close', 'read', 'write', 'writev', 'fsync'] as const

/** The two classes, and the functions that make instances of them. */
export interface StreamExports {
  readonly ReadStream: typeof ReadStream
  readonly WriteStream: typeof WriteStream
  readonly createReadStream: AnyFunction
  readonly createWriteStream: AnyFunction
}

/** The functions of `fs` that a stream calls: each is looked up when it is called, as a guest may have replaced it. */
function streamFunctions(context: FsContext, exports: () => LiveExports): LiveExports {
  const functions: Record<string, AnyFunction> = {}
  for (const name of STREAM_FUNCTIONS) {
    functions[name] = (...args) =>
      ((context.live ?? exports()) as unknown as Record<string, AnyFunction>)[name]!(...args)
  }
  return functions as unknown as LiveExports
}

/** Puts the functions into the options of a stream that brings none of its own. */
function withFunctions(options: unknown, functions: LiveExports): unknown {
  if (options === undefined || options === null || typeof options === 'function') return { fs: functions }
  if (typeof options === 'string') return { encoding: options, fs: functions }
  if (typeof options !== 'object') return options
  const { fs, fd } = options as { fs?: unknown; fd?: unknown }
  // A stream over a `FileHandle` calls the handle's methods.
  if (fs !== undefined && fs !== null) return options
  if (typeof fd === 'object' && fd !== null) return options
  const copy: Record<string, unknown> = {}
  for (const key in options) copy[key] = (options as Record<string, unknown>)[key]
  copy.fs = functions
  return copy
}

type StreamConstructor = new (path: unknown, options: unknown) => object

function bindStream<Class>(original: Class, functions: LiveExports): Class {
  const Original = original as unknown as StreamConstructor
  const bound = function (this: unknown, path: unknown, options: unknown): object {
    const args = [path, withFunctions(options, functions)]
    const isConstructed = new.target !== undefined
    // ES5 subclasses call the constructor on their own instance.
    if (!isConstructed && this instanceof Original) return (original as AnyFunction).apply(this, args) as object
    return construct(Original, args, !isConstructed || new.target === bound ? Original : new.target) as object
  }
  bound.prototype = Original.prototype as object
  Object.setPrototypeOf(bound, Object.getPrototypeOf(Original) as object)
  return bound as unknown as Class
}

/**
 * Makes the streams of one namespace. Node loads its own when they are first used, and so does this.
 *
 * @param context - of the namespace
 * @param exports - the namespace's own `fs`
 */
export function createStreams(context: FsContext, exports: () => LiveExports): StreamExports {
  const functions = streamFunctions(context, exports)
  const bound: { ReadStream?: typeof ReadStream; WriteStream?: typeof WriteStream } = {}
  // The exported class, which a guest may have replaced.
  const exported = (name: 'ReadStream' | 'WriteStream'): StreamConstructor =>
    ((context.live ?? exports()) as unknown as Record<string, StreamConstructor>)[name]!
  return {
    get ReadStream() {
      return (bound.ReadStream ??= bindStream(nodeFs.ReadStream, functions))
    },
    get WriteStream() {
      return (bound.WriteStream ??= bindStream(nodeFs.WriteStream, functions))
    },
    // Functions that can be called with `new`, as some do.
    createReadStream: function (path, options) {
      return new (exported('ReadStream'))(path, options)
    },
    createWriteStream: function (path, options) {
      return new (exported('WriteStream'))(path, options)
    },
  }
}

/** Operations on the contents of files. */
import type * as fs from 'node:fs'
import type { Namespace } from '@libvisor/core'
import type { StatRecord } from '../types.ts'
import { encodingAlone, flagsOf, modeOf, optionsOf } from './arguments.ts'
import type { GuestOptions } from './arguments.ts'
import type { LiveExports } from './context.ts'
import { asMadeInJavaScript } from './errors.ts'
import { abortError } from './natives.native.ts'
import { nodeVersion } from './node-version.ts'
import { attempt, call, errnoOf, fileError, settled } from './operation.ts'
import type { Operation } from './operation.ts'
import { read, undecided, write } from './path-operation.ts'
import type { DescriptorCall, Flavour, PathCall, PathOperation } from './path-operation.ts'

const FILE_MODE = 0o666
const CURRENT = -1
/** How much Node reads and writes at a time in asynchronous whole-file operations. @units bytes */
const CHUNK_BYTES = 512 * 1024
const UNKNOWN_SIZE_CHUNK_BYTES = 64 * 1024
/** The largest file that Node reads as a whole. @units bytes */
const LARGEST_BYTES = 2 ** 31 - 1

/** How a descriptor or a path is written to or read from as a whole. */
export interface WholeFile {
  readonly ns: Namespace
  readonly flavour: Flavour
  readonly fd: number
  readonly options: GuestOptions
  /** The exports that the guest holds. */
  readonly live?: LiveExports | undefined
  /** The path by which it was opened, where errors tell it. */
  readonly path?: string | undefined
  /** Whether reading that fails gives what was read until then. @source Node 24 `lib/internal/fs/read/context.js`, close */
  readonly endsQuietly?: boolean
}

/** The path that errors of reading and writing tell, in Nodes that do. */
function toldPath({ flavour, path }: PathCall): string | undefined {
  return flavour !== 'sync' && nodeVersion.wholeFileJobs ? path.shown : undefined
}

function checkAborted({ signal }: GuestOptions): void {
  if (signal?.aborted) throw abortError(signal)
}

/** Opens a path, uses the descriptor, and closes it whatever happens. */
export function* withOpen<Result>(
  { context, path }: PathCall,
  flags: number,
  mode: number,
  use: (fd: number) => Operation<Result>,
): Operation<Result> {
  const fd = yield* attempt(context.ns, { syscall: 'open', path: path.shown }, 'open', path.absolute, flags, mode)
  let result: Result
  try {
    result = yield* use(fd)
  } catch (error) {
    yield* call('close', fd)
    throw error
  }
  yield* attempt(context.ns, { syscall: 'close' }, 'close', fd)
  return result
}

/** Reads from a descriptor to the end of the file. */
export function* readWhole(file: WholeFile): Operation<string | Buffer> {
  const { ns, flavour, fd, options, path } = file
  const { S_IFMT, S_IFREG } = ns.personality.fs
  if (flavour === 'promise') checkAborted(options)
  const record: StatRecord = yield* attempt(ns, { syscall: 'fstat', path }, 'fstat', fd)
  if (flavour === 'promise') checkAborted(options)
  const size = (record.mode & S_IFMT) === S_IFREG ? record.size : 0
  if (size > LARGEST_BYTES) {
    throw ns.errors.coded('RangeError', 'ERR_FS_FILE_TOO_LARGE', `File size (${size}) is greater than 2 GiB`)
  }
  const target = userBuffer(ns, options, size)
  const limit = target !== undefined && size === 0 ? target.byteLength + 1 : size === 0 ? Infinity : size
  const step =
    flavour === 'sync' ? Math.max(size, UNKNOWN_SIZE_CHUNK_BYTES) : size === 0 ? UNKNOWN_SIZE_CHUNK_BYTES : CHUNK_BYTES
  const chunks: Uint8Array[] = []
  let total = 0
  while (total < limit) {
    checkAborted(options)
    let chunk: Uint8Array
    try {
      chunk = yield* attempt(ns, { syscall: 'read', path }, 'read', fd, Math.min(step, limit - total), CURRENT)
    } catch (error) {
      if (file.endsQuietly) break
      throw error
    }
    if (chunk.byteLength === 0) break
    chunks.push(chunk)
    total += chunk.byteLength
  }
  const result = target === undefined ? join(chunks, total, flavour) : fill(ns, options, target, chunks, total)
  return options.encoding && options.encoding !== 'buffer' ? result.toString(options.encoding) : result
}

/** Filling less than this with zeros takes less time than asking for memory that is not. @units bytes */
const ZEROED_BYTES = 16 * 1024

/** A buffer in memory of its own, outside Node's pool. */
function allocate(length: number): Buffer {
  return length < ZEROED_BYTES ? Buffer.alloc(length) : Buffer.allocUnsafeSlow(length)
}

/** All that was read, in Node's pool only where Node puts it there. */
function join(chunks: readonly Uint8Array[], total: number, flavour: Flavour): Buffer {
  const [first] = chunks
  if (flavour === 'sync' || chunks.length !== 1 || first === undefined) return Buffer.concat(chunks, total)
  const { buffer, byteOffset, length } = first
  if (length === buffer.byteLength) return Buffer.from(buffer as ArrayBuffer, byteOffset, length)
  const copy = allocate(length)
  copy.set(first)
  return copy
}

/** The buffer into which the guest wants the content. */
function userBuffer(ns: Namespace, { buffer }: GuestOptions, size: number): Buffer | undefined {
  if (buffer === undefined || !nodeVersion.readFileBuffer) return undefined
  const view = (typeof buffer === 'function' ? buffer(size) : buffer) as ArrayBufferView
  if (!ArrayBuffer.isView(view)) {
    const message = 'The "options.buffer()" property must be an instance of Buffer, TypedArray, or DataView.'
    throw ns.errors.coded('TypeError', 'ERR_INVALID_ARG_TYPE', message)
  }
  const target = Buffer.from(view.buffer, view.byteOffset, view.byteLength)
  if (size > target.byteLength)
    throw bufferTooSmall(ns, buffer, target, `is smaller than the file size of ${size} bytes`)
  return target
}

function bufferTooSmall(ns: Namespace, option: GuestOptions['buffer'], target: Buffer, reason: string): Error {
  const name = typeof option === 'function' ? 'options.buffer().byteLength' : 'options.buffer.byteLength'
  const message = `The property '${name}' ${reason}. Received ${target.byteLength}`
  return ns.errors.coded('TypeError', 'ERR_INVALID_ARG_VALUE', message)
}

function fill(
  ns: Namespace,
  options: GuestOptions,
  target: Buffer,
  chunks: readonly Uint8Array[],
  total: number,
): Buffer {
  if (total > target.byteLength) {
    throw bufferTooSmall(ns, options.buffer, target, 'is too small to contain the entire file')
  }
  let at = 0
  for (const chunk of chunks) {
    target.set(chunk, at)
    at += chunk.byteLength
  }
  return target.subarray(0, total)
}

/** The bytes of what is to be written. */
function bytesOf(data: unknown, encoding: GuestOptions['encoding']): Uint8Array {
  if (data instanceof Uint8Array) return data
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  return Buffer.from(data as string, (encoding as BufferEncoding | null | undefined) || 'utf8')
}

/** Writes bytes to a descriptor, at its own position. */
function* writeBytes(file: WholeFile, bytes: Uint8Array): Operation<void> {
  const { ns, flavour, fd, options, path } = file
  // With a callback, nothing is written, too.
  if (flavour === 'callback' && bytes.byteLength === 0) {
    yield* attempt(ns, { syscall: 'write', path }, 'write', fd, bytes, CURRENT)
  }
  for (let at = 0; at < bytes.byteLength;) {
    checkAborted(options)
    const end = flavour === 'promise' ? at + CHUNK_BYTES : bytes.byteLength
    at += yield* attempt(ns, { syscall: 'write', path }, 'write', fd, bytes.subarray(at, end), CURRENT)
  }
}

/** Whether `writeFileSync` writes data in C++. @source Node 24 `lib/fs.js`, writeFileSync */
function isUtf8Text(data: unknown, { encoding }: GuestOptions): boolean {
  return typeof data === 'string' && (encoding === undefined || encoding === 'utf8' || encoding === 'utf-8')
}

/** Writes bytes as `writeFileSync` does in JavaScript, which is where the error comes from. */
function* writeByWriteSync(file: WholeFile, bytes: Uint8Array): Operation<void> {
  try {
    yield* writeBytes(file, bytes)
  } catch (error) {
    throw asMadeInJavaScript(error)
  }
}

/** Writes data to a descriptor: bytes, text, or what an iterable gives. */
export function* writeWhole(file: WholeFile, data: unknown): Operation<void> {
  const { flavour, options } = file
  checkAborted(options)
  if (flavour === 'promise' && isIterable(data)) yield* writeEach(file, iteratorOf(data))
  else if (flavour === 'sync' && !isUtf8Text(data, options))
    yield* writeByWriteSync(file, bytesOf(data, options.encoding))
  else yield* writeBytes(file, bytesOf(data, options.encoding))
  if (options.flush) yield* flush(file)
}

/** Flushes a descriptor: through the exported function, as Node does, which a guest may have replaced. */
function* flush({ ns, flavour, fd, live }: WholeFile): Operation<void> {
  const { fsync, fsyncSync } = (live ?? {}) as Partial<Pick<typeof fs, 'fsync' | 'fsyncSync'>>
  if (flavour === 'sync' && fsyncSync !== undefined) fsyncSync(fd)
  else if (flavour === 'callback' && fsync !== undefined) {
    const flushed = new Promise<void>((resolve, reject) => {
      fsync(fd, (error) => (error === null ? resolve() : reject(error)))
    })
    yield* settled(flushed)
  } else yield* attempt(ns, { syscall: 'fsync' }, 'fsync', fd)
}

/** Writes what an iterator gives, and closes it when something fails. */
function* writeEach(file: WholeFile, iterator: AnyIterator): Operation<void> {
  for (;;) {
    const result = yield* settled(iterator.next())
    if (result.done === true) return
    try {
      checkAborted(file.options)
      yield* writeBytes(file, bytesOf(yield* settled(result.value), file.options.encoding))
      checkAborted(file.options)
    } catch (error) {
      try {
        yield* settled(iterator.return?.())
      } catch {
        // The first error is the one that counts.
      }
      throw error
    }
  }
}

type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>
type AnyIterable = Partial<Iterable<unknown> & AsyncIterable<unknown>>

/** Whether data is given piece by piece. */
export function isIterable(data: unknown): data is AnyIterable {
  if (typeof data !== 'object' || data === null || ArrayBuffer.isView(data)) return false
  return Symbol.asyncIterator in data || Symbol.iterator in data
}

function iteratorOf(data: AnyIterable): AnyIterator {
  return data[Symbol.asyncIterator]?.() ?? data[Symbol.iterator]!()
}

/** The content of a file in memory, in memory of its own where Node's is. @source Node 24 `lib/fs.js`, tryCreateBuffer */
function copyOut(bytes: Uint8Array, flavour: Flavour, encoding: GuestOptions['encoding']): string | Buffer {
  const { length } = bytes
  if (encoding && encoding !== 'buffer') {
    return Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, length).toString(encoding)
  }
  const copy = flavour === 'sync' ? Buffer.allocUnsafe(length) : allocate(length)
  copy.set(bytes)
  return copy
}

function writeLike(name: 'appendFile' | 'writeFile', defaultFlag: 'a' | 'w'): PathOperation {
  return {
    name,
    ...(name === 'writeFile' && {
      direct(calls, _flavour, [path, data, options]) {
        const encoding = encodingAlone(options)
        if (encoding === undecided || encoding === 'buffer' || !(typeof data === 'string' || ArrayBuffer.isView(data)))
          return undecided
        return calls.replace(path as string, bytesOf(data, encoding)) ? undefined : undecided
      },
    }),
    paths: [write],
    rest: ['data', 'options'],
    intentOf([, data, options]) {
      const isExclusive = typeof options === 'object' && String(optionsOf(options).flag ?? '').includes('x')
      // A name that must be free is not where a link leads.
      return !isExclusive && (typeof data === 'string' || ArrayBuffer.isView(data)) ? 'content' : undefined
    },
    *run(pathCall) {
      const { context, flavour, args } = pathCall
      const options = optionsOf(args[1])
      checkAborted(options)
      const flags = flagsOf(options.flag || defaultFlag)
      yield* withOpen(pathCall, flags, modeOf(options.mode, FILE_MODE), (fd) =>
        writeWhole({ ns: context.ns, flavour, fd, options, live: context.live, path: toldPath(pathCall) }, args[0]),
      )
    },
    *runDescriptor({ context, flavour, fd, args }: DescriptorCall) {
      yield* writeWhole({ ns: context.ns, flavour, fd, options: optionsOf(args[1]), live: context.live }, args[0])
    },
  }
}

/** Makes a copy belong to whom the original does, where that is allowed. */
function* giveTo(target: number, { uid, gid }: StatRecord): Operation<void> {
  try {
    yield* call('fchown', target, uid, gid)
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
  }
}

/** @source libuv 1.51 `src/unix/fs.c`, uv__fs_copyfile */
function* copy({ context, path, dest, args: [bits] }: PathCall): Operation<void> {
  const { ns } = context
  const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, COPYFILE_EXCL, COPYFILE_FICLONE_FORCE, S_IFMT } = ns.personality.fs
  const mode = (bits as number | undefined) ?? 0
  const info = { syscall: 'copyfile', path: path.shown, dest: dest.shown }
  if (mode & COPYFILE_FICLONE_FORCE) throw ns.errors.file('ENOTSUP', info)
  const source = yield* attempt(ns, info, 'open', path.absolute, O_RDONLY, 0)
  try {
    const from = yield* call('fstat', source)
    const flags = O_WRONLY | O_CREAT | (mode & COPYFILE_EXCL ? O_EXCL : 0)
    const target = yield* call('open', dest.absolute, flags, from.mode & ~S_IFMT)
    try {
      const to = yield* call('fstat', target)
      if (to.ino === from.ino && to.dev === from.dev) return
      yield* call('ftruncate', target, 0)
      yield* call('futimes', target, from.atimeNs, from.mtimeNs)
      yield* giveTo(target, from)
      yield* call('fchmod', target, from.mode & ~S_IFMT)
      // As much as its size says: an empty file is not even read.
      for (let left = from.size; left > 0;) {
        const chunk = yield* call('read', source, Math.min(left, CHUNK_BYTES), CURRENT)
        if (chunk.byteLength === 0) break
        yield* call('write', target, chunk, CURRENT)
        left -= chunk.byteLength
      }
    } catch (error) {
      yield* call('unlink', dest.absolute)
      throw error
    } finally {
      yield* call('close', target)
    }
  } catch (error) {
    throw errnoOf(error) === undefined ? error : fileError(ns, error, info)
  } finally {
    yield* call('close', source)
  }
}

/** The operations of this family. */
export const contentOperations: readonly PathOperation[] = [
  {
    name: 'open',
    paths: [write],
    rest: ['flags', 'openMode'],
    // The descriptor that the guest gets is its own, never the host's.
    intentOf: () => undefined,
    *run({ context, path, args: [flags, mode] }) {
      const info = { syscall: 'open', path: path.shown }
      return yield* attempt(context.ns, info, 'open', path.absolute, flagsOf(flags), modeOf(mode, FILE_MODE))
    },
  },
  {
    name: 'readFile',
    paths: [read],
    rest: ['options'],
    direct(calls, flavour, [path, options]) {
      const encoding = encodingAlone(options)
      if (encoding === undecided) return undecided
      const bytes = calls.peek(path as string)
      return bytes === undefined ? undecided : copyOut(bytes, flavour, encoding)
    },
    intentOf(args) {
      const options = args[1]
      if (options === undefined || typeof options === 'string') return 'read'
      const { flag, buffer } = optionsOf(options)
      // A function of the guest's must not run as the host.
      return (flag === undefined || flag === 'r') && typeof buffer !== 'function' ? 'read' : undefined
    },
    *run(pathCall) {
      const { context, flavour, args } = pathCall
      const options = optionsOf(args[0])
      checkAborted(options)
      return yield* withOpen(pathCall, flagsOf(options.flag ?? 'r'), FILE_MODE, (fd) =>
        readWhole({ ns: context.ns, flavour, fd, options, path: toldPath(pathCall) }),
      )
    },
    *runDescriptor({ context, flavour, fd, args }) {
      const endsQuietly = flavour === 'callback'
      return yield* readWhole({ ns: context.ns, flavour, fd, options: optionsOf(args[0]), endsQuietly })
    },
  },
  writeLike('writeFile', 'w'),
  writeLike('appendFile', 'a'),
  {
    name: 'truncate',
    paths: [{ ...write, intent: 'content' }],
    rest: ['length'],
    *run(pathCall) {
      const { ns } = pathCall.context
      const length = Math.max(0, (pathCall.args[0] as number | undefined) ?? 0)
      yield* withOpen(pathCall, ns.personality.fs.O_RDWR, FILE_MODE, (fd) =>
        attempt(ns, { syscall: 'ftruncate' }, 'ftruncate', fd, length),
      )
    },
  },
  { name: 'copyFile', paths: [read, write], rest: ['bits'], run: copy },
]

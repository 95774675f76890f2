/**
 * `FileHandle`: Node's own class over a handle of the guest's. Where the file is the host's, Node's methods run as they
 * are and see the host's descriptor; the guest sees its own.
 */
import { apply } from '@libvisor/abi'
import { callNative, deliverNow, inNativeSection, ownerHere, unsupported } from '@libvisor/core'
import { adoptPromise, isOfOtherRealm } from './adopting.ts'
import type { Namespace } from '@libvisor/core'
import { arePlain, optionsOf } from './arguments.ts'
import type { ArgumentKind } from './arguments.ts'
import { isIterable, readWhole, writeWhole } from './contents.ts'
import type { FsContext } from './context.ts'
import { descriptorOperations, readInto, transferAll, writeFrom, writeRange } from './descriptors.ts'
import type { DescriptorOperation } from './descriptors.ts'
import { hostDescriptor, isFailure, promiseOf } from './flavours.ts'
import type { AnyFunction } from './flavours.ts'
import { fileHandle, NO_FD, warn } from './natives.native.ts'
import type { FileHandleClass, NativeHandle } from './natives.native.ts'
import { nodeVersion } from './node-version.ts'
import { attempt, runAsync } from './operation.ts'
import type { Operation } from './operation.ts'
import type { DescriptorCall } from './path-operation.ts'

/** A method of `FileHandle` over a virtual file. */
interface HandleMethod {
  readonly rest?: readonly ArgumentKind[]
  isPlain?(args: readonly unknown[]): boolean
  /** What is passed to the original for validation, when not the arguments themselves. */
  probeArguments?(args: readonly unknown[]): unknown[]
  run(call: DescriptorCall): Operation<unknown>
}

const operations = new Map(descriptorOperations.map((operation) => [operation.name, operation]))

/** A method that is one of the operations on descriptors. */
function same(name: DescriptorOperation['name']): HandleMethod {
  const { rest, run } = operations.get(name) as DescriptorOperation
  return { rest, run }
}

/** @source Node 24 `lib/internal/fs/promises.js`, read */
function* read(call: DescriptorCall): Operation<unknown> {
  const [first, second, third, fourth] = call.args
  type Options = { buffer?: ArrayBufferView; offset?: number | null; length?: number | null; position?: unknown }
  const isView = ArrayBuffer.isView(first)
  const options = (isView ? (typeof second === 'object' ? second : undefined) : first) as Options | null | undefined
  const view = isView ? first : (options?.buffer ?? Buffer.alloc(16 * 1024))
  const values = options ?? (isView ? { offset: second as number, length: third as number, position: fourth } : {})
  const offset = values.offset ?? 0
  const length = values.length ?? view.byteLength - offset
  const { position } = values
  const at = typeof position === 'number' || typeof position === 'bigint' ? Number(position) : -1
  const bytesRead = yield* readInto(call, { view, offset, length, position: at })
  return { __proto__: null, bytesRead, buffer: view }
}

function* write(call: DescriptorCall): Operation<unknown> {
  const [buffer] = call.args
  if ((buffer as ArrayBufferView | undefined)?.byteLength === 0) return { __proto__: null, bytesWritten: 0, buffer }
  return { __proto__: null, bytesWritten: yield* writeFrom(call, writeRange(call.args)), buffer }
}

const vectored = (name: 'read' | 'write'): HandleMethod => ({
  isPlain: () => false,
  *run(call) {
    const [buffers, position] = call.args as [readonly ArrayBufferView[], unknown]
    const bytes = yield* transferAll(call, name, buffers, position)
    return { __proto__: null, [name === 'read' ? 'bytesRead' : 'bytesWritten']: bytes, buffers }
  },
})

const writeFile: HandleMethod = {
  rest: ['data', 'options'],
  // An iterable can be read only once, and without data nothing would be tried.
  probeArguments: ([data, options]) => [isIterable(data) ? 'x' : data, options],
  *run({ context, fd, args }) {
    const { flush: _flush, ...options } = optionsOf(args[1])
    yield* writeWhole({ ns: context.ns, flavour: 'promise', fd, options }, args[0])
  },
}

const methods: Readonly<Record<string, HandleMethod>> = {
  appendFile: writeFile,
  chmod: same('fchmod'),
  chown: same('fchown'),
  datasync: same('fdatasync'),
  sync: same('fsync'),
  read: { isPlain: () => false, run: read },
  readv: vectored('read'),
  readFile: {
    rest: ['options'],
    *run({ context, fd, args }) {
      return yield* readWhole({ ns: context.ns, flavour: 'promise', fd, options: optionsOf(args[0]) })
    },
  },
  stat: same('fstat'),
  truncate: same('ftruncate'),
  utimes: same('futimes'),
  write: { isPlain: () => false, run: write },
  writev: vectored('write'),
  writeFile,
}

/** The methods that change nothing. */
const readers: ReadonlySet<string> = new Set(['datasync', 'read', 'readFile', 'readv', 'stat', 'sync'])

/** The methods that are made of others, and work as they are. */
const composed: ReadonlySet<string> = new Set([
  'constructor',
  'createReadStream',
  'createWriteStream',
  'getAsyncId',
  'readLines',
  'readableWebStream',
])

/** Makes guests' handles: Node's class is known only after a file has been opened. */
export interface FileHandles {
  /** Makes the handle of a descriptor of a guest. */
  create(context: FsContext, fd: number): object
}

type Methods = Record<string, AnyFunction>

/** A handle as a guest holds it, and as this file uses it. */
interface GuestHandle {
  readonly fd: number
}

const owners = new WeakMap<object, FsContext>()

/** Whether a value is a handle of a guest. */
export function isGuestHandle(value: unknown): value is Methods {
  return typeof value === 'object' && value !== null && owners.has(value)
}

function findSymbol(prototype: object, description: string): symbol | undefined {
  return Object.getOwnPropertySymbols(prototype).find((symbol) => symbol.description === description)
}

function createFileHandles(Original: FileHandleClass): FileHandles {
  const prototype = Original.prototype as unknown as Methods
  const originalFd = Object.getOwnPropertyDescriptor(prototype, 'fd')!.get!
  const ref = findSymbol(prototype, 'kRef')
  const unref = findSymbol(prototype, 'kUnref')

  // Named like Node's, which is what a guest sees when it prints one.
  class FileHandle extends Original {
    override get fd(): number {
      const fd = apply(originalFd, this, []) as number
      const context = owners.get(this)
      if (fd === -1 || context === undefined || !inNativeSection()) return fd
      return hostDescriptor(context, fd, 'read') ?? fd
    }
  }

  /** A handle that is open to Node's methods, and on which every system call fails. */
  class Probe extends Original {
    override get fd(): number {
      return NO_FD
    }
  }

  for (const [name, method] of Object.entries(methods)) {
    const native = prototype[name]!
    const replacement = function (this: GuestHandle, ...args: unknown[]): unknown {
      const context = owners.get(this)
      const fd = apply(originalFd, this, []) as number
      if (
        context === undefined ||
        fd === -1 ||
        hostDescriptor(context, fd, readers.has(name) ? 'read' : 'write') !== undefined
      ) {
        const result = callNative(apply, native, this, args)
        return context === undefined || !isOfOtherRealm(context.ns)
          ? result
          : adoptPromise(context.ns, result as Promise<unknown>)
      }
      return promiseOf(context, () => emulate(this, { context, flavour: 'promise', fd, args }, method, native))
    }
    Object.defineProperty(replacement, 'name', { value: name, configurable: true })
    Object.defineProperty(replacement, 'length', { value: native.length, configurable: true })
    Object.defineProperty(FileHandle.prototype, name, {
      value: replacement,
      configurable: true,
      writable: true,
      enumerable: false,
    })
  }

  // What works on the native descriptor, and is not known here, would work on the host's.
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (typeof value !== 'function' || Object.hasOwn(methods, name) || composed.has(name)) continue
    const refuse = (): never => {
      throw unsupported(`FileHandle.prototype.${name}`)
    }
    Object.defineProperty(FileHandle.prototype, name, {
      value: refuse,
      configurable: true,
      writable: true,
      enumerable: false,
    })
  }

  async function emulate(
    handle: object,
    call: DescriptorCall,
    method: HandleMethod,
    native: AnyFunction,
  ): Promise<unknown> {
    const isPlain = method.isPlain?.(call.args) ?? arePlain(method.rest ?? [], call.args, 0)
    if (!isPlain) {
      try {
        // It succeeds only where there is nothing to transfer.
        const args = method.probeArguments?.(call.args) ?? call.args
        return await callNative(apply, native, new Probe(nativeHandle(call.context, NO_FD)), args)
      } catch (error) {
        if (!isFailure(error)) throw error
      }
    }
    if (ref !== undefined) (handle as Record<symbol, () => void>)[ref]!()
    try {
      return await runAsync(call.context.process, method.run(call))
    } finally {
      if (unref !== undefined) (handle as Record<symbol, () => void>)[unref]!()
    }
  }

  return {
    create(context, fd) {
      const native = nativeHandle(context, fd)
      const handle = new FileHandle(native)
      if (isOfOtherRealm(context.ns)) adoptClose(context.ns, handle)
      owners.set(handle, context)
      forgotten.register(handle, { context, fd }, native)
      return handle
    },
  }
}

/** `close` is a property of each handle, and not a method of the class. */
function adoptClose(ns: Namespace, handle: object): void {
  const { close } = handle as { close(): Promise<void> }
  Object.assign(handle, { close: () => adoptPromise(ns, close()) })
}

/** What Node's `FileHandle` closes. */
function nativeHandle(context: FsContext, fd: number): NativeHandle {
  const { ns } = context
  function* close(): Operation<void> {
    yield* attempt(ns, { syscall: 'close' }, 'close', fd)
  }
  const handle: NativeHandle = {
    fd,
    close() {
      forgotten.unregister(handle)
      return promiseOf(context, () => runAsync(context.process, close()))
    },
    closeSync() {
      forgotten.unregister(handle)
      context.process.sync.close(fd)
    },
    getAsyncId: () => 0,
  }
  return handle
}

/** A descriptor whose handle may be forgotten. */
interface Forgotten {
  readonly context: FsContext
  readonly fd: number
}

const CLOSED_BY_COLLECTION =
  'Closing a FileHandle object on garbage collection is deprecated. Please close FileHandle objects explicitly using ' +
  'FileHandle.prototype.close(). In the future, an error will be thrown if a file descriptor is closed during garbage ' +
  'collection.'

/**
 * Closes the descriptors of handles that were forgotten, and says so as Node does.
 *
 * @source Node 24 and 26 `src/node_file.cc`, FileHandle::Close
 */
const forgotten = new FinalizationRegistry<Forgotten>(({ context, fd }) => {
  const { ns } = context
  if (ns.ended) return
  context.process.sync.close(fd)
  deliverNow(ownerHere(ns), 'io', () => {
    if (nodeVersion.forgottenHandleThrows) {
      const message =
        'Invalid state: A FileHandle object was closed during garbage collection. This used to be allowed with a ' +
        'deprecation warning but is now considered an error. Please close FileHandle objects explicitly. File ' +
        `descriptor: ${fd}`
      throw ns.errors.coded('Error', 'ERR_INVALID_STATE', message)
    }
    warn(`Closing file descriptor ${fd} on garbage collection`)
    warn(CLOSED_BY_COLLECTION, 'DeprecationWarning', 'DEP0137')
  })
})

let loading: Promise<FileHandles> | undefined

/** The maker of handles, once Node's class is known. */
export function fileHandles(): Promise<FileHandles> {
  return (loading ??= fileHandle().then(createFileHandles))
}

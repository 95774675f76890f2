/** Operations on descriptors whose file is virtual. */
import type * as fs from 'node:fs'
import { slots, tellOfFilled } from '@libvisor/core'
import type { ResolveIntent, SyscallName, Syscalls } from '../types.ts'
import { modeOf, optionsOf, timeOf } from './arguments.ts'
import type { ArgumentKind } from './arguments.ts'
import { asMadeInJavaScript } from './errors.ts'
import { attempt, call, errnoOf, fileError, runSync } from './operation.ts'
import type { Operation } from './operation.ts'
import type { DescriptorCall } from './path-operation.ts'
import { makeStats } from './results.ts'

const CURRENT = -1
const READ_BUFFER_BYTES = 16 * 1024
const LARGEST_TRANSFER_BYTES = 2 ** 31 - 1

/** What a transfer gives: how many bytes, and what the guest passed for them. */
export interface Transfer {
  readonly bytes: number
  readonly subject: unknown
}

/** An operation on a descriptor. */
export interface DescriptorOperation {
  /** The export of `fs`; the synchronous one has `Sync` at its end. */
  readonly name: keyof typeof fs
  readonly intent: ResolveIntent
  /** The arguments after the descriptor, where it can be said what they are. */
  readonly rest: readonly ArgumentKind[]
  /** Whether the original has to look at the arguments. */
  isPlain?(args: readonly unknown[], call: DescriptorCall): boolean
  /** Whether the result is a {@link Transfer}: a callback gets its parts, also with an error. */
  readonly transfers?: true
  /** What a callback gets back for the bytes. */
  subjectOf?(args: readonly unknown[]): unknown
  /** The result over files of this thread, of an operation that is one system call: without what it takes to wait for one. */
  direct?(call: DescriptorCall): unknown
  run(call: DescriptorCall): Operation<unknown>
}

/**
 * Runs an operation to its end.
 *
 * @param operation - which
 * @param call - its arguments
 */
export function runAtOnce({ direct, run }: DescriptorOperation, call: DescriptorCall): unknown {
  const { process } = call.context
  return direct !== undefined && process.local ? direct(call) : runSync(process, run(call))
}

function plainCall<Name extends SyscallName>(
  name: DescriptorOperation['name'],
  rest: readonly ArgumentKind[],
  syscall: Name,
  shownSyscall: string,
  argumentsOf: (args: readonly unknown[], call: DescriptorCall) => readonly unknown[],
): DescriptorOperation {
  return {
    name,
    intent: name === 'fsync' || name === 'fdatasync' ? 'read' : 'write',
    rest,
    *run(call) {
      const values = [call.fd, ...argumentsOf(call.args, call)] as unknown as Parameters<Syscalls[Name]>
      yield* attempt(call.context.ns, { syscall: shownSyscall }, syscall, ...values)
    },
  }
}

/** The bytes of a view. */
function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

/** Where bytes go to or come from. */
interface Range {
  readonly view: ArrayBufferView
  readonly offset: number
  readonly length: number
  readonly position: number
}

type RangeOptions =
  | { buffer?: ArrayBufferView; offset?: number | null; length?: number; position?: unknown }
  | null
  | undefined

const positionOf = (value: unknown): number =>
  typeof value === 'number' || typeof value === 'bigint' ? Number(value) : CURRENT

/** @source Node 24 `lib/fs.js`, read and readSync */
export function readRange(args: readonly unknown[], flavour: DescriptorCall['flavour']): Range {
  const [first, second] = args
  const isView = ArrayBuffer.isView(first)
  const takesOptions = flavour === 'sync' ? args.length <= 2 || typeof second === 'object' : args.length <= 2
  const options = (isView ? (takesOptions ? second : undefined) : first) as RangeOptions
  const view = isView ? first : (options?.buffer ?? Buffer.alloc(READ_BUFFER_BYTES))
  const isPositional = isView && !takesOptions
  const offset = (isPositional ? (second as number | null) : options?.offset) ?? 0
  const length = isPositional ? (args[2] as number) : (options?.length ?? view.byteLength - offset)
  return { view, offset, length: length | 0, position: positionOf(isPositional ? args[3] : options?.position) }
}

/** @source Node 24 `lib/fs.js`, write and writeSync */
export function writeRange(args: readonly unknown[]): Range {
  const [first, second, third, fourth] = args
  if (!ArrayBuffer.isView(first)) {
    const view = Buffer.from(first as string, (third as BufferEncoding | undefined) ?? 'utf8')
    return { view, offset: 0, length: view.byteLength, position: positionOf(second) }
  }
  const options = (typeof second === 'object' ? (second ?? {}) : undefined) as RangeOptions
  const offset = (options === undefined ? (second as number | undefined) : options?.offset) ?? 0
  const length = options === undefined ? third : (options?.length ?? first.byteLength - offset)
  const position = options === undefined ? fourth : options?.position
  return {
    view: first,
    offset,
    length: typeof length === 'number' ? length : first.byteLength - offset,
    position: typeof position === 'number' ? position : CURRENT,
  }
}

/** Reads into a view. */
export function* readInto({ context, fd }: DescriptorCall, range: Range): Operation<number> {
  const { view, offset, length, position } = range
  if (length === 0) return 0
  const into = bytesOf(view).subarray(offset, offset + length)
  const info = { syscall: 'read' }
  const data = context.process.local
    ? yield* attempt(context.ns, info, 'read', fd, length, position, into)
    : yield* attempt(context.ns, info, 'read', fd, length, position)
  return fill(into, data)
}

/** @param data - what has been read, possibly already there. @returns how many bytes it is */
function fill(into: Uint8Array, data: Uint8Array): number {
  if (data.buffer !== into.buffer || data.byteOffset !== into.byteOffset) into.set(data)
  tellOfFilled(into.buffer)
  return data.byteLength
}

/** Reads into a view from a file of this thread. */
function readHere({ context, fd }: DescriptorCall, { view, offset, length, position }: Range): number {
  if (length === 0) return 0
  const into = new Uint8Array(view.buffer, view.byteOffset + offset, length)
  try {
    return fill(into, context.process.sync.read(fd, length, position, into))
  } catch (error) {
    throw fileError(context.ns, error, { syscall: 'read' })
  }
}

/** Writes from a view to a file of this thread. */
function writeHere({ context, fd, flavour }: DescriptorCall, { view, offset, length, position }: Range): number {
  const data = new Uint8Array(view.buffer, view.byteOffset + offset, length)
  try {
    return context.process.sync.write(fd, data, position)
  } catch (error) {
    const failure = fileError(context.ns, error, { syscall: 'write' })
    throw flavour === 'sync' ? asMadeInJavaScript(failure) : failure
  }
}

/** Writes from a view. */
export function* writeFrom({ context, fd }: DescriptorCall, range: Range): Operation<number> {
  const { view, offset, length, position } = range
  const data = bytesOf(view).subarray(offset, offset + length)
  return yield* attempt(context.ns, { syscall: 'write' }, 'write', fd, data, position)
}

/** The same for `writeSync`, whose error is made in JavaScript. */
function* writeSyncFrom(call: DescriptorCall, range: Range): Operation<number> {
  try {
    return yield* writeFrom(call, range)
  } catch (error) {
    throw asMadeInJavaScript(error)
  }
}

/** Reads into views without room, which only the wrong descriptor makes fail. */
function* readNothing({ context, fd }: DescriptorCall): Operation<void> {
  try {
    yield* call('read', fd, 0, CURRENT)
  } catch (error) {
    // Directories have nothing to read, either.
    if (errnoOf(error) !== 'EISDIR') throw fileError(context.ns, error, { syscall: 'read' })
  }
}

/** Reads into views, one after the other, or writes from them. */
export function* transferAll(
  call: DescriptorCall,
  name: 'read' | 'write',
  views: readonly ArrayBufferView[],
  position: unknown,
): Operation<number> {
  let total = 0
  const filled = views.filter(({ byteLength }) => byteLength > 0)
  // One system call takes them all: it fails also when none has room.
  if (filled.length === 0 && views.length > 0) {
    if (name === 'read') yield* readNothing(call)
    else yield* writeFrom(call, { view: views[0]!, offset: 0, length: 0, position: CURRENT })
  }
  for (const view of filled) {
    const at = typeof position === 'number' && position >= 0 ? position + total : CURRENT
    const range = { view, offset: 0, length: view.byteLength, position: at }
    const bytes = yield* name === 'read' ? readInto(call, range) : writeFrom(call, range)
    total += bytes
    if (bytes < view.byteLength) break
  }
  return total
}

const isIndex = (value: unknown, limit: number): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= limit

/** Whether a range lies in its view for certain, and was not given in some rarer way. */
function isPlainRange(args: readonly unknown[]): boolean {
  const [view, offset = 0, length, position] = args
  if (!ArrayBuffer.isView(view) || view.byteLength === 0 || !isIndex(offset, view.byteLength)) return false
  const rest = Math.min(view.byteLength - (offset as number), LARGEST_TRANSFER_BYTES)
  if (length === undefined ? view.byteLength - (offset as number) > rest : !isIndex(length, rest)) return false
  return position === null || position === undefined || isIndex(position, Number.MAX_SAFE_INTEGER)
}

const times = (args: readonly unknown[], { context }: DescriptorCall): readonly unknown[] => {
  const clock = context.ns.find(slots.clock)
  return [timeOf(args[0], clock), timeOf(args[1], clock)]
}

/** The operations of this family. */
export const descriptorOperations: readonly DescriptorOperation[] = [
  plainCall('fsync', [], 'fsync', 'fsync', () => []),
  plainCall('fdatasync', [], 'fsync', 'fdatasync', () => []),
  plainCall('ftruncate', ['length'], 'ftruncate', 'ftruncate', ([length]) => [
    Math.max(0, (length as number | undefined) ?? 0),
  ]),
  plainCall('fchmod', ['mode'], 'fchmod', 'fchmod', ([mode]) => [modeOf(mode, 0)]),
  plainCall('fchown', ['id', 'id'], 'fchown', 'fchown', ([uid, gid]) => [uid, gid]),
  plainCall('futimes', ['time', 'time'], 'futimes', 'futime', times),
  {
    name: 'fstat',
    intent: 'read',
    rest: ['options'],
    *run({ context, fd, args }) {
      const record = yield* attempt(context.ns, { syscall: 'fstat' }, 'fstat', fd)
      return makeStats(record, optionsOf(args[0]).bigint)
    },
  },
  {
    name: 'read',
    intent: 'read',
    rest: [],
    transfers: true,
    isPlain: isPlainRange,
    direct(call) {
      const range = readRange(call.args, call.flavour)
      return { bytes: readHere(call, range), subject: range.view } satisfies Transfer
    },
    *run(call) {
      const range = readRange(call.args, call.flavour)
      return { bytes: yield* readInto(call, range), subject: range.view } satisfies Transfer
    },
  },
  {
    name: 'write',
    intent: 'write',
    rest: [],
    transfers: true,
    isPlain: (args) => isPlainRange(args) || (typeof args[0] === 'string' && args.length === 1),
    subjectOf: ([data]) => data,
    direct: (call) => ({ bytes: writeHere(call, writeRange(call.args)), subject: call.args[0] }) satisfies Transfer,
    *run(call) {
      const range = writeRange(call.args)
      const bytes = yield* call.flavour === 'sync' ? writeSyncFrom(call, range) : writeFrom(call, range)
      return { bytes, subject: call.args[0] } satisfies Transfer
    },
  },
  {
    name: 'readv',
    intent: 'read',
    rest: [],
    transfers: true,
    isPlain: () => false,
    subjectOf: ([views]) => views,
    *run(call) {
      const [views, position] = call.args as [readonly ArrayBufferView[], unknown]
      return { bytes: yield* transferAll(call, 'read', views, position), subject: views } satisfies Transfer
    },
  },
  {
    name: 'writev',
    intent: 'write',
    rest: [],
    transfers: true,
    isPlain: () => false,
    subjectOf: ([views]) => views,
    *run(call) {
      const [views, position] = call.args as [readonly ArrayBufferView[], unknown]
      return { bytes: yield* transferAll(call, 'write', views, position), subject: views } satisfies Transfer
    },
  },
]

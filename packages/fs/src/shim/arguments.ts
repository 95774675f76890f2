/**
 * Which arguments are plainly valid, and what valid ones mean.
 *
 * Whatever is not plainly valid goes to the original first, at a path or descriptor where it can only fail. Either it
 * throws, and that is Node's own error, or the arguments are valid after all.
 */
import { linuxFsConstants as constants } from '@libvisor/abi'
import type { Clock } from '@libvisor/core'
import { fileURLToPath, nodeFs } from './natives.native.ts'
import { nodeVersion } from './node-version.ts'
import { undecided } from './path-operation.ts'

/** What an argument after the paths is. */
export type ArgumentKind =
  | 'bits'
  | 'data'
  | 'flags'
  | 'id'
  | 'length'
  | 'linkType'
  | 'mode'
  | 'none'
  | 'openMode'
  | 'options'
  | 'time'

/** The options of all operations, as a guest may give them. */
export interface GuestOptions {
  readonly encoding?: BufferEncoding | 'buffer' | null
  readonly flag?: string | number
  readonly flush?: boolean | null
  readonly mode?: string | number
  readonly bigint?: boolean
  readonly throwIfNoEntry?: boolean
  readonly recursive?: boolean
  readonly force?: boolean
  readonly withFileTypes?: boolean
  readonly signal?: AbortSignal
  readonly buffer?: ArrayBufferView | ((size: number) => unknown)
  readonly bufferSize?: number
}

const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_SYNC, O_TRUNC, O_WRONLY } = constants

/** @source Node 24 `lib/internal/fs/utils.js`, stringToFlags; docs, File system flags */
const flagNumbers: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  [undefined, O_RDONLY],
  [null, O_RDONLY],
  ['r', O_RDONLY],
  ['r+', O_RDWR],
  ['w', O_TRUNC | O_CREAT | O_WRONLY],
  ['w+', O_TRUNC | O_CREAT | O_RDWR],
  ['a', O_APPEND | O_CREAT | O_WRONLY],
  ['a+', O_APPEND | O_CREAT | O_RDWR],
  ...(['rs', 'sr'] as const).map((flag) => [flag, O_RDONLY | O_SYNC] as const),
  ...(['rs+', 'sr+'] as const).map((flag) => [flag, O_RDWR | O_SYNC] as const),
  ...(['wx', 'xw'] as const).map((flag) => [flag, O_TRUNC | O_CREAT | O_WRONLY | O_EXCL] as const),
  ...(['wx+', 'xw+'] as const).map((flag) => [flag, O_TRUNC | O_CREAT | O_RDWR | O_EXCL] as const),
  ...(['ax', 'xa'] as const).map((flag) => [flag, O_APPEND | O_CREAT | O_WRONLY | O_EXCL] as const),
  ...(['ax+', 'xa+'] as const).map((flag) => [flag, O_APPEND | O_CREAT | O_RDWR | O_EXCL] as const),
  ...(['as', 'sa'] as const).map((flag) => [flag, O_APPEND | O_CREAT | O_WRONLY | O_SYNC] as const),
  ...(['as+', 'sa+'] as const).map((flag) => [flag, O_APPEND | O_CREAT | O_RDWR | O_SYNC] as const),
])

const encodings: ReadonlySet<unknown> = new Set([
  undefined,
  null,
  'utf8',
  'utf-8',
  'buffer',
  'ascii',
  'latin1',
  'binary',
  'hex',
  'base64',
  'base64url',
  'utf16le',
  'ucs2',
])

const isBoolean = (value: unknown): boolean => value === undefined || typeof value === 'boolean'
const isSmallInteger = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31

const plainOption: Readonly<Record<string, (value: unknown) => boolean>> = {
  encoding: (value) => encodings.has(value),
  flag: (value) => flagNumbers.has(value),
  mode: (value) => value === undefined || isSmallInteger(value),
  bigint: isBoolean,
  throwIfNoEntry: isBoolean,
  recursive: isBoolean,
  force: isBoolean,
  withFileTypes: isBoolean,
  flush: (value) => value === null || isBoolean(value),
  signal: (value) => value === undefined,
}

const plain: Readonly<Record<ArgumentKind, (value: unknown) => boolean>> = {
  bits: (value) => value === undefined || (isSmallInteger(value) && (value as number) < 8),
  data: (value) => typeof value === 'string' || ArrayBuffer.isView(value),
  flags: (value) => (typeof value === 'number' ? isSmallInteger(value) : flagNumbers.has(value)),
  id: isSmallInteger,
  length: (value) => value === undefined || isSmallInteger(value),
  linkType: (value) =>
    value === undefined || value === null || value === 'file' || value === 'dir' || value === 'junction',
  mode: isSmallInteger,
  none: (value) => value === undefined,
  openMode: (value) => value === undefined || isSmallInteger(value),
  options(value) {
    if (value === undefined) return true
    if (typeof value === 'string') return encodings.has(value)
    if (typeof value !== 'object' || value === null) return false
    for (const key in value) {
      if (plainOption[key]?.((value as Record<string, unknown>)[key]) !== true) return false
    }
    return true
  },
  time: (value) => typeof value === 'number' && value >= 0 && value < Infinity,
}

/**
 * Whether arguments are valid for certain.
 *
 * @param kinds - what they should be
 * @param args - what the guest gave
 * @param from - where they begin
 */
export function arePlain(kinds: readonly ArgumentKind[], args: readonly unknown[], from: number): boolean {
  for (let index = 0; index < kinds.length; index++) {
    if (!plain[kinds[index]!](args[from + index])) return false
  }
  return true
}

/**
 * Whether Node accepts a path.
 *
 * @param path - what the guest gave
 */
export function isValidPath(path: unknown): boolean {
  if (typeof path === 'string') return !path.includes('\0')
  if (path instanceof Uint8Array) return !path.includes(0)
  try {
    return !fileURLToPath(path as URL).includes('\0') && typeof path === 'object'
  } catch {
    return false
  }
}

/** What options mean, also where a string stands for the encoding. */
export function optionsOf(value: unknown): GuestOptions {
  if (typeof value === 'string') return { encoding: value as BufferEncoding }
  return typeof value === 'object' && value !== null ? value : {}
}

/**
 * The encoding, where options are plainly valid and say nothing else.
 *
 * @param options - of a guest, as {@link optionsOf} takes them
 */
export function encodingAlone(options: unknown): GuestOptions['encoding'] | typeof undecided {
  if (options === undefined) return undefined
  if (typeof options === 'string') return encodings.has(options) ? (options as BufferEncoding) : undecided
  if (typeof options !== 'object' || options === null) return undecided
  for (const key in options) if (key !== 'encoding') return undecided
  const { encoding } = options as GuestOptions
  return encodings.has(encoding) ? encoding : undecided
}

/** The number for flags of open. */
export function flagsOf(value: unknown): number {
  return typeof value === 'number' ? value : flagNumbers.get(value)!
}

/** The number for a mode, which may be octal digits. */
export function modeOf(value: unknown, otherwise: number): number {
  return typeof value === 'string' ? Number.parseInt(value, 8) : ((value as number | undefined) ?? otherwise)
}

/**
 * A time of `utimes` in nanoseconds. A negative number means now.
 *
 * @source libuv 1.52 and 1.51 `src/unix/fs.c`, uv__fs_to_timespec
 */
export function timeOf(value: unknown, clock: Clock | undefined): bigint {
  const isNegative = typeof value === 'number' && value < 0
  if (isNegative && clock !== undefined) return clock.nowNs()
  const seconds = toUnixTimestamp(value)
  const whole = Math.trunc(seconds)
  const fraction = nodeVersion.nanosecondTimes
    ? Math.trunc((seconds - whole) * 1e9)
    : Math.trunc((seconds - whole) * 1e6) * 1000
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction)
}

const { _toUnixTimestamp: toUnixTimestamp } = nodeFs as unknown as { _toUnixTimestamp(value: unknown): number }

/** What a random program runs on, and what can be told of what its calls come to. */
import fs from 'node:fs'
import type { BigIntStats, Stats } from 'node:fs'
import { decodeName } from '@libvisor/fs'

/** An open file: a descriptor, or what `fs/promises` gives. */
export type Opened = fs.promises.FileHandle | number

/** One side of the comparison. */
export interface Subject {
  readonly fs: typeof fs
  readonly promises: typeof fs.promises
  /** Open files by slot: they outlive the step that opened them. */
  readonly open: (Opened | undefined)[]
}

/** Which of Node's three ways a call is made in. */
export type Flavour = 'callback' | 'promise' | 'sync'

type AnyFunction = (...args: unknown[]) => unknown
type Exports = Readonly<Record<string, AnyFunction>>

/** Makes a call that is in all flavours. */
export function invoke(subject: Subject, flavour: Flavour, name: string, args: readonly unknown[]): unknown {
  if (flavour === 'promise') return (subject.promises as unknown as Exports)[name]!(...args)
  const exports = subject.fs as unknown as Exports
  if (flavour === 'sync') return exports[`${name}Sync`]!(...args)
  return new Promise((resolve, reject) => {
    exports[name]!(...args, (error: Error | null, ...results: unknown[]) => {
      if (error === null || error === undefined) resolve(results.length < 2 ? results[0] : results)
      else reject(error)
    })
  })
}

/** Times up to here were set by the program; later ones come from clocks, which differ. @units nanoseconds */
const LATEST_SET_NS = 10_000_000_000_000n

function time(ns: bigint): bigint | 'now' {
  return ns <= LATEST_SET_NS ? ns : 'now'
}

/** What both sides must agree on of an inode's attributes. */
export interface Shape {
  /** Whether directories are counted in their parent's links. */
  readonly directoryLinks: boolean
  /** Whether it is told that a file has no name any more. */
  readonly lostLinks: boolean
  readonly accessTimes: boolean
  /** Whether directories tell when they were read last. */
  readonly directoryAccessTimes: boolean
}

/** What can be told of attributes without saying which inode it is, and when. */
export function shapeOf(
  stats: BigIntStats | Stats,
  { directoryLinks, lostLinks, accessTimes, directoryAccessTimes }: Shape,
): unknown {
  const { mode, nlink, uid, gid, size, rdev } = stats
  const isDirectory = stats.isDirectory()
  const isTimed = isDirectory ? directoryAccessTimes : accessTimes
  return {
    type: stats.constructor.name,
    mode: Number(mode).toString(8),
    uid: Number(uid),
    gid: Number(gid),
    rdev: Number(rdev),
    ...((!isDirectory || directoryLinks) && { nlink: Math.max(Number(nlink), lostLinks ? 0 : 1) }),
    ...(!isDirectory && { size: Number(size) }),
    ...('mtimeNs' in stats
      ? { mtime: time(stats.mtimeNs), ...(isTimed && { atime: time(stats.atimeNs) }) }
      : {
          mtime: stats.mtimeMs <= 10_000_000 ? stats.mtimeMs : 'now',
          ...(isTimed && { atime: stats.atimeMs <= 10_000_000 ? stats.atimeMs : 'now' }),
        }),
  }
}

/** A value as it can be compared and shown. */
export function plainOf(value: unknown, shape: Shape): unknown {
  if (value instanceof Uint8Array) return `bytes ${decodeName(value)}`
  if (value instanceof fs.Stats || (value as { isFile?: unknown } | null)?.constructor?.name === 'BigIntStats') {
    return shapeOf(value as Stats, shape)
  }
  if (value instanceof fs.Dirent) {
    const { name, parentPath } = value
    const types = ['isFile', 'isDirectory', 'isSymbolicLink'] as const
    return { name: plainOf(name, shape), parentPath: plainOf(parentPath, shape), type: types.find((is) => value[is]()) }
  }
  if (Array.isArray(value)) return value.map((item) => plainOf(item, shape))
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plainOf(inner, shape)]))
  }
  return value
}

/** Letters that a temporary name ends with. */
const RANDOM_LETTERS = /temporary-[A-Za-z0-9]{6}/g

/** Everything a guest can see of an error. */
export function errorOf(error: unknown): unknown {
  if (!(error instanceof Error)) throw new Error(`No error was thrown, but ${String(error)}`)
  const plain = JSON.stringify({
    ...error,
    info: undefined,
    name: error.name,
    message: error.message,
    prototype: error.constructor.name,
    keys: Object.keys(error),
  })
  return JSON.parse(plain.replaceAll(RANDOM_LETTERS, 'temporary-letters')) as unknown
}

/** What a call comes to: its value, or its error. */
export async function outcomeOf(call: () => unknown, shape: Shape): Promise<unknown> {
  try {
    return plainOf(await call(), shape)
  } catch (error) {
    return { error: errorOf(error) }
  }
}

/** Text for a report. */
export function show(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `${inner}n` : inner)) ?? 'undefined'
}

/** Directories can be moved so that their paths are longer than paths may be. @units bytes */
const PATH_MAX = 4096

/** A whole tree: every name with what is there. Names of one inode tell the first of them. */
export function treeOf(subject: Subject, directory: string, shape: Shape): unknown {
  const first = new Map<bigint, string>()
  const walk = (path: Buffer): unknown =>
    subject.fs.readdirSync(path, { encoding: 'buffer' }).map((bytes) => {
      const at = Buffer.concat([path, Buffer.from('/'), bytes])
      const name = decodeName(bytes)
      if (at.length >= PATH_MAX) return { name }
      const stats = subject.fs.lstatSync(at, { bigint: true })
      const inode = first.get(stats.ino) ?? decodeName(at)
      if (!stats.isDirectory()) first.set(stats.ino, inode)
      const entry = { name, ...(shapeOf(stats, shape) as object) }
      if (stats.isDirectory()) return { ...entry, entries: walk(at) }
      if (stats.isSymbolicLink()) {
        return { ...entry, inode, target: decodeName(subject.fs.readlinkSync(at, 'buffer')) }
      }
      const data = subject.fs.readFileSync(at)
      return { ...entry, inode, data: data.length > 200 ? `${data.length} ${hash(data)}` : decodeName(data) }
    })
  return walk(Buffer.from(directory))
}

function hash(data: Uint8Array): number {
  let sum = 0
  for (const byte of data) sum = (sum * 31 + byte) | 0
  return sum
}

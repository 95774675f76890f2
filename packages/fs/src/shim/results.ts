/** Results as Node's own objects: real prototypes, and properties in Node's order. */
import { linuxFsConstants as constants } from '@libvisor/abi'
import type { BigIntStats, BigIntStatsFs, Dirent, Stats, StatsFs } from 'node:fs'
import type { DirectoryEntry, StatFsRecord, StatNumbers, StatRecord } from '../types.ts'
import { bigIntStats, nodeFs, statFs } from './natives.native.ts'
import { showName } from './paths.ts'
import type { NameEncoding } from './paths.ts'

const milliseconds = (ns: bigint): number => Number(ns / 1_000_000_000n) * 1000 + Number(ns % 1_000_000_000n) / 1e6

type Numbers = Omit<StatRecord, `${string}Ns`>

function setNumbers(stats: Record<string, unknown>, record: Numbers): void {
  stats.dev = record.dev
  stats.mode = record.mode
  stats.nlink = record.nlink
  stats.uid = record.uid
  stats.gid = record.gid
  stats.rdev = record.rdev
  stats.blksize = record.blksize
  stats.ino = record.ino
  stats.size = record.size
  stats.blocks = record.blocks
}

function StatsShape(this: Record<string, unknown>, record: StatRecord): void {
  setNumbers(this, record)
  this.atimeMs = milliseconds(record.atimeNs)
  this.mtimeMs = milliseconds(record.mtimeNs)
  this.ctimeMs = milliseconds(record.ctimeNs)
  this.birthtimeMs = milliseconds(record.birthtimeNs)
}
StatsShape.prototype = nodeFs.Stats.prototype
const StatsConstructor = StatsShape as unknown as new (record: StatRecord) => Stats

function DirectStatsShape(this: Record<string, unknown>, record: StatNumbers): void {
  setNumbers(this, record)
  this.atimeMs = record.atimeMs
  this.mtimeMs = record.mtimeMs
  this.ctimeMs = record.ctimeMs
  this.birthtimeMs = record.birthtimeMs
}
DirectStatsShape.prototype = nodeFs.Stats.prototype
const DirectStatsConstructor = DirectStatsShape as unknown as new (record: StatNumbers) => Stats

/**
 * Makes what `stat` gives.
 *
 * @param record - of the system call
 * @param bigint - whether numbers are BigInts
 */
export function makeStats(record: StatRecord, bigint: boolean | undefined): Stats | BigIntStats {
  return bigint ? makeBigIntStats(record) : new StatsConstructor(record)
}

/**
 * Makes what `stat` gives.
 *
 * @param record - of the direct call
 */
export function makeDirectStats(record: StatNumbers): Stats {
  return new DirectStatsConstructor(record)
}

function makeBigIntStats(record: StatRecord): BigIntStats {
  const { atimeNs, mtimeNs, ctimeNs, birthtimeNs } = record
  return Object.assign(Object.create(bigIntStats()) as BigIntStats, {
    dev: BigInt(record.dev),
    mode: BigInt(record.mode),
    nlink: BigInt(record.nlink),
    uid: BigInt(record.uid),
    gid: BigInt(record.gid),
    rdev: BigInt(record.rdev),
    blksize: BigInt(record.blksize),
    ino: BigInt(record.ino),
    size: BigInt(record.size),
    blocks: BigInt(record.blocks),
    atimeMs: atimeNs / 1_000_000n,
    mtimeMs: mtimeNs / 1_000_000n,
    ctimeMs: ctimeNs / 1_000_000n,
    birthtimeMs: birthtimeNs / 1_000_000n,
    atimeNs,
    mtimeNs,
    ctimeNs,
    birthtimeNs,
  })
}

/** Whether this Node's `StatFs` tells the fragment size. */
let hasFragmentSize: boolean | undefined

/**
 * Makes what `statfs` gives.
 *
 * @param record - of the system call
 * @param bigint - whether numbers are BigInts
 */
export function makeStatFs(record: StatFsRecord, bigint: boolean | undefined): BigIntStatsFs | StatsFs {
  const prototype = statFs()
  hasFragmentSize ??= prototype.constructor.length === 8
  const { type, bsize, blocks, bfree, bavail, files, ffree } = record
  const fields = { type, bsize, ...(hasFragmentSize ? { frsize: bsize } : {}), blocks, bfree, bavail, files, ffree }
  const result = Object.create(prototype) as Record<string, number | bigint>
  for (const [key, value] of Object.entries(fields)) result[key] = bigint ? BigInt(value) : value
  return result as unknown as StatsFs
}

const directoryEntryTypes: ReadonlyMap<number, number> = new Map([
  [constants.S_IFREG, constants.UV_DIRENT_FILE],
  [constants.S_IFDIR, constants.UV_DIRENT_DIR],
  [constants.S_IFLNK, constants.UV_DIRENT_LINK],
  [constants.S_IFIFO, constants.UV_DIRENT_FIFO],
  [constants.S_IFSOCK, constants.UV_DIRENT_SOCKET],
  [constants.S_IFCHR, constants.UV_DIRENT_CHAR],
  [constants.S_IFBLK, constants.UV_DIRENT_BLOCK],
])

/** The type of an entry as libuv numbers it. */
export function direntType(entry: DirectoryEntry): number {
  return directoryEntryTypes.get(entry.type) ?? constants.UV_DIRENT_UNKNOWN
}

const DirentConstructor = nodeFs.Dirent as unknown as new (
  name: string | Uint8Array,
  type: number,
  parentPath: string | Uint8Array,
) => Dirent

/**
 * Makes an entry of `readdir` with types.
 *
 * @param entry - of the system call
 * @param parentPath - as the guest gave it
 * @param encoding - of the name
 */
export function makeDirent(entry: DirectoryEntry, parentPath: string | Uint8Array, encoding: NameEncoding): Dirent {
  return new DirentConstructor(showName(entry.name, encoding), direntType(entry), parentPath)
}

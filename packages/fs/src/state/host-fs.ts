import type { BigIntStats, Dirent, Stats, StatsFs } from 'node:fs'
import type { WatchEvent } from '../types.ts'
import type { Derivations } from './derivations.ts'
import type { KnownNames } from './known-names.ts'
import type { KnownTexts } from './known-texts.ts'
import type { Witnesses } from './witnesses.ts'

/** A path of the host: bytes where it is not UTF-8. */
export type HostPathLike = Buffer | string

/**
 * The host's file system: the originals that drivers call, and what they must know of the host's process. All are
 * primitives that do not re-enter patched exports. They throw Node's errors.
 */
export interface HostFs {
  /** User id of the host's process: whose permissions the kernel checks. */
  readonly uid: number
  readonly gid: number
  /** Mode bits that the host's kernel clears. */
  readonly umask: number
  /** Time that never goes back, for caches. @units milliseconds */
  nowMs(): number
  /** Time as files show it. @units milliseconds */
  wallMs(): number
  /** What is known of names already. */
  readonly names: KnownNames
  /** What is known of contents already. */
  readonly texts: KnownTexts
  /** What all that is known is held against. */
  readonly witnesses: Witnesses
  /** What has been derived from names and contents. */
  readonly derivations: Derivations
  /** A number of the callback that the event loop is running. */
  callback(): number
  /** The same, and for what promises run a number of the iteration of the event loop. It takes longer. */
  turn(): number
  /** The type, permissions and owner at a path, without following a link; `undefined` when nothing is there. */
  lstat(path: HostPathLike): Stats | undefined
  lstatBig(path: HostPathLike): BigIntStats
  fstatBig(fd: number): BigIntStats
  statfs(path: HostPathLike): StatsFs
  open(path: HostPathLike, flags: number, mode: number): number
  close(fd: number): void
  read(fd: number, buffer: Uint8Array, position: number): number
  /** A whole file, as UTF-8. */
  readText(path: HostPathLike): string
  write(fd: number, buffer: Uint8Array, position: number): number
  /** Where the next read of a descriptor starts. */
  position(fd: number): number
  ftruncate(fd: number, size: number): void
  fsync(fd: number): void
  fchmod(fd: number, mode: number): void
  fchown(fd: number, uid: number, gid: number): void
  futimes(fd: number, atime: number, mtime: number): void
  readdir(path: HostPathLike): Dirent[]
  readdirBytes(path: HostPathLike): Dirent<Buffer>[]
  mkdir(path: HostPathLike, mode: number): void
  /** Makes the file of a socket that nobody listens on. */
  mksock(path: HostPathLike): void
  rmdir(path: HostPathLike): void
  unlink(path: HostPathLike): void
  rename(from: HostPathLike, to: HostPathLike): void
  link(existing: HostPathLike, path: HostPathLike): void
  symlink(target: HostPathLike, path: HostPathLike): void
  readlink(path: HostPathLike): string
  readlinkBytes(path: HostPathLike): Buffer
  chmod(path: HostPathLike, mode: number): void
  lchown(path: HostPathLike, uid: number, gid: number): void
  lutimes(path: HostPathLike, atime: number, mtime: number): void
  access(path: HostPathLike, mode: number): void
  realpath(path: string): string
  /** Tells of changes at a path until it is disposed of. Does not keep the event loop alive. */
  watch(path: HostPathLike, recursive: boolean, listener: (event: WatchEvent) => void): Disposable
}

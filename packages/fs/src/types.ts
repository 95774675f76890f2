/**
 * The system calls of a guest's file system: what `state/` offers and `shim/` uses. Arguments and results can be
 * cloned, so that a call can come from another thread or process.
 *
 * A path is an absolute path of the guest as a string: never normalized, components separated by `/`. Bytes that are
 * not UTF-8 stand as lone surrogates U+DC80–U+DCFF, one each, so that every name of Linux has a string (the way of
 * Python's `surrogateescape`).
 */
import type { ErrnoCode } from '@libvisor/abi'

/** The attributes of an inode. Times are in nanoseconds since the epoch. */
export interface StatRecord {
  readonly dev: number
  readonly ino: number
  /** Type and permission bits, as `st_mode`. */
  readonly mode: number
  readonly nlink: number
  readonly uid: number
  readonly gid: number
  readonly rdev: number
  /** @units bytes */
  readonly size: number
  /** @units bytes */
  readonly blksize: number
  /** What the file takes up. @units 512 bytes */
  readonly blocks: number
  readonly atimeNs: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly birthtimeNs: bigint
}

/** The same with times in milliseconds, with fractions, as `Stats` has them. */
export type StatNumbers = Omit<StatRecord, `${TimeName}Ns`> & Readonly<Record<`${TimeName}Ms`, number>>

type TimeName = 'atime' | 'birthtime' | 'ctime' | 'mtime'

/** The attributes of a mounted file system, as `statfs(2)`. */
export interface StatFsRecord {
  readonly type: number
  /** @units bytes */
  readonly bsize: number
  /** @units `bsize`, as for `bfree` and `bavail` */
  readonly blocks: number
  readonly bfree: number
  readonly bavail: number
  readonly files: number
  readonly ffree: number
}

/** An entry of a directory. */
export interface DirectoryEntry {
  readonly name: string
  /** The type bits of `st_mode` (`mode & S_IFMT`). */
  readonly type: number
}

/**
 * Fails a system call. Models throw it; shims turn it into Node's error. Can be cloned as its code.
 *
 * It says nothing but its code, so there is one of each: making an error with a stack costs more than a failed look-up.
 *
 * @example
 * ```ts
 * import { Errno } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 *
 * assert.equal(Errno.of('ENOENT').code, 'ENOENT')
 * assert.equal(Errno.of('ENOENT'), Errno.of('ENOENT'))
 * ```
 */
export class Errno extends Error {
  readonly code: ErrnoCode

  constructor(code: ErrnoCode) {
    super(code)
    this.code = code
  }

  /** The one error of a code. */
  static of(code: ErrnoCode): Errno {
    let error = errors.get(code)
    if (error === undefined) errors.set(code, (error = new Errno(code)))
    return error
  }
}

const errors = new Map<ErrnoCode, Errno>()

/** What a whole call may be passed to instead of being emulated. */
export interface HostPath {
  /** The real path on the host. */
  readonly path: string
  /** Whether the host's path and the guest's are the same string, so that results and errors need no mapping. */
  readonly identical: boolean
}

/**
 * Why a path is resolved: decides whether the host's file may be used as it is, and what may be different afterwards. `content` is
 * for what is written into a file, which may be made for it: no name that is there becomes something else.
 */
export type ResolveIntent = 'content' | 'read' | 'write'

/** What a watcher is told. */
export interface WatchEvent {
  readonly type: 'change' | 'rename'
  /** Path relative to what is watched. */
  readonly name: string
}

/**
 * The system calls of one process of a guest. Each throws {@link Errno}. All are synchronous; {@link FileSystemProcess}
 * says how they are called asynchronously.
 */
export interface Syscalls {
  /** @returns the lowest free descriptor from 3 up */
  open(path: string, flags: number, mode: number): number
  close(fd: number): void
  /**
   * Reads at a position, or at the descriptor's own and moves it when `position` is -1. Short at the end of the file.
   *
   * @param into - of that length: where the bytes may be put, of which the result is then the beginning; only for the local
   * implementation
   */
  read(fd: number, length: number, position: number, into?: Uint8Array): Uint8Array
  /** Writes at a position, or at the descriptor's own when `position` is -1. @returns how many bytes were written */
  write(fd: number, data: Uint8Array, position: number): number
  fstat(fd: number): StatRecord
  ftruncate(fd: number, size: number): void
  fsync(fd: number): void
  fchmod(fd: number, mode: number): void
  fchown(fd: number, uid: number, gid: number): void
  futimes(fd: number, atimeNs: bigint, mtimeNs: bigint): void
  stat(path: string): StatRecord
  lstat(path: string): StatRecord
  statfs(path: string): StatFsRecord
  /** @param mode - bits of R_OK, W_OK, X_OK; 0 asks only whether it exists */
  access(path: string, mode: number): void
  readdir(path: string): DirectoryEntry[]
  mkdir(path: string, mode: number): void
  rmdir(path: string): void
  unlink(path: string): void
  rename(from: string, to: string): void
  link(existing: string, path: string): void
  symlink(target: string, path: string): void
  readlink(path: string): string
  realpath(path: string): string
  chmod(path: string, mode: number): void
  lchmod(path: string, mode: number): void
  chown(path: string, uid: number, gid: number): void
  lchown(path: string, uid: number, gid: number): void
  utimes(path: string, atimeNs: bigint, mtimeNs: bigint): void
  lutimes(path: string, atimeNs: bigint, mtimeNs: bigint): void
  truncate(path: string, size: number): void
  /** Makes a socket file (RULES of unix sockets). EADDRINUSE when the path exists. */
  mksock(path: string): void
}

/** The name of a system call. */
export type SyscallName = keyof Syscalls

const calls: Readonly<Record<SyscallName, true>> = {
  open: true,
  close: true,
  read: true,
  write: true,
  fstat: true,
  ftruncate: true,
  fsync: true,
  fchmod: true,
  fchown: true,
  futimes: true,
  stat: true,
  lstat: true,
  statfs: true,
  access: true,
  readdir: true,
  mkdir: true,
  rmdir: true,
  unlink: true,
  rename: true,
  link: true,
  symlink: true,
  readlink: true,
  realpath: true,
  chmod: true,
  lchmod: true,
  chown: true,
  lchown: true,
  utimes: true,
  lutimes: true,
  truncate: true,
  mksock: true,
}

/** The names of all system calls. */
export const syscallNames = Object.keys(calls) as readonly SyscallName[]

/** The same system calls, each giving a promise that settles in a later turn of the event loop. */
export type AsyncSyscalls = {
  readonly [Name in SyscallName]: (...args: Parameters<Syscalls[Name]>) => Promise<ReturnType<Syscalls[Name]>>
}

/**
 * Whole operations on files in memory of this thread that are done by one call: where an operation is plain and succeeds, and nobody
 * could tell that it is not several system calls. Otherwise nothing is done, and the system calls decide.
 */
export interface DirectCalls {
  stat(path: string): StatNumbers | undefined
  lstat(path: string): StatNumbers | undefined
  /** All bytes of a file, to be copied at once: opens, reads and closes. */
  peek(path: string): Uint8Array | undefined
  /** Gives a file that is there other bytes: opens with O_TRUNC, writes and closes. @returns whether it was done */
  replace(path: string, data: Uint8Array): boolean
}

/**
 * A guest's file system as one process of the guest sees it: its own descriptors, umask and ids over shared files.
 * `local` works on the model in this thread; `remote` passes calls to the thread that has it.
 */
export interface FileSystemProcess extends Disposable {
  /** Whether the model is in this thread, so that a synchronous call waits for nobody. */
  readonly local: boolean
  /** The system calls. None needs a receiver. */
  readonly sync: Syscalls
  readonly async: AsyncSyscalls
  /** Where the model is in this thread. */
  readonly direct?: DirectCalls
  /**
   * Whether a path is the one that {@link FileSystemProcess.recall} was asked for last, to be read and followed, and is still the
   * same on the host.
   */
  readonly isSame: (path: unknown) => boolean
  /** The same for a call that writes into what is there: as `resolve` with the intent `content`, it is told of the call. */
  readonly isSameToWrite: (path: unknown) => boolean
  /**
   * As {@link FileSystemProcess.resolve}, when that is at hand without a look at the files.
   *
   * @returns `undefined` where `resolve` has to be asked
   */
  recall(path: string, intent: ResolveIntent, followLast: boolean): HostPath | undefined
  /**
   * The host's file to which a path leads, where the whole call may be passed to the original.
   *
   * @param path - an absolute path of the guest
   * @param intent - `write` and `content` are answered only where the mount is writable and is the host's own
   * @param followLast - whether a symbolic link in the last component is followed
   * @returns `undefined` where the call must be emulated. Where nothing is there, the host's path may still be given
   */
  resolve(path: string, intent: ResolveIntent, followLast: boolean): HostPath | undefined
  /**
   * The host's descriptor behind one of the guest's, to which a whole call may be passed. Reading there moves the
   * guest's position, too.
   *
   * @param fd - a descriptor of the guest
   * @param intent - `write` for calls that change the file or its attributes. @defaultValue `'read'`
   * @returns `undefined` where the file is virtual, or the call must be emulated
   * @throws Errno EBADF
   */
  hostFd(fd: number, intent?: ResolveIntent): number | undefined
  /** Makes a guest's descriptor for a host's one, which then belongs to this process. */
  adopt(hostFd: number, path: string): number
  /**
   * Watches a file or a directory: for what is changed through this file system, and under an overlay for what is
   * changed on the host and shows through.
   *
   * @returns the subscription, or `undefined` where the host's own watcher does, at the path that `resolve` gives
   * @throws Errno when nothing is there
   */
  watch(path: string, recursive: boolean, listener: (event: WatchEvent) => void): Disposable | undefined
  /** As `differsFromHost` of a `FileView`. */
  differsFromHost(): boolean
  /** The type of what is at an absolute path, such as `S_IFREG`; `undefined` when nothing is there, or it cannot be reached. */
  typeOf(path: string): number | undefined
  /** The content of a file of the host's own, which is text; `undefined` where a path leads to none. */
  hostText(path: string): string | undefined
  /** As `derive` of a `FileView`. */
  derive<Answer>(about: string, of: string, make: (spoil: () => void) => Answer): Answer
  /** As `expire` of a `FileView`. */
  expire(): void
}

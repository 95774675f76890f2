/**
 * The contract between the system calls and the drivers: inodes, and files opened from them.
 *
 * A driver decides nothing about paths, permissions or descriptors. It is asked only what the calls above it have
 * checked: `create` for a name that is free, `remove` of a directory that is empty, and so on.
 */
import { linuxFsConstants } from '@libvisor/abi'
import type { Identity } from '@libvisor/core'
import type { DirectoryEntry, StatFsRecord, StatRecord } from '../types.ts'
import type { Device } from './device.ts'
import type { Place } from './walk.ts'

/** Whose permissions count. */
export type Credentials = Pick<Identity, 'gid' | 'groups' | 'uid' | 'umask'>

/** What a new inode is made of. */
export interface NodeInit {
  /** Type and permission bits. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** The text of a symbolic link. */
  readonly target?: string
  /** Which device it is. */
  readonly rdev?: number
  /** What reads and writes in its place. */
  readonly device?: Device
}

/** Attributes to change; what is left out stays. Every change moves ctime. */
export interface AttributeChange {
  /** Permission bits. */
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  readonly atimeNs?: bigint
  readonly mtimeNs?: bigint
}

/** A file, a directory, a link or a device in a driver. */
export interface Vnode {
  readonly driver: Driver
  /** The type bits of `mode`. */
  readonly type: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Where it is on the host, when it is the host's own and nothing lies over it. */
  readonly hostPath: string | undefined
  /** Whether the host's own may be changed in place. */
  readonly hostWritable: boolean
  /** Where on the host changes may show through, under what lies over it. */
  readonly lowerHostPath: string | undefined
  /** Whether it is a directory that cannot be renamed, as of a lower layer of some overlays. */
  readonly pinned?: boolean
  /** Whether the driver itself refuses to remove a directory that is not empty, so that nobody need look first. */
  readonly guardsEntries?: boolean
  /**
   * When what is known of it has to be asked for again, where nothing but the mounts' generation tells of changes before. `undefined`, as
   * without this property, where it cannot be kept.
   *
   * @units milliseconds
   */
  readonly staleAt?: number | undefined
  /** Which descriptor opening it duplicates: what `/dev/fd` holds. */
  readonly descriptor: number | undefined
  /** Whether two nodes are one inode. */
  is(other: Vnode): boolean
  stat(): StatRecord
  change(change: AttributeChange): void
  /** Changes the size. @param touch - whether times move even when the size stays */
  truncate(size: number, touch: boolean): void
  /** @param flags - of open(2); O_CREAT, O_EXCL and O_TRUNC have been dealt with */
  open(flags: number): OpenFile
  readlink(): string
  /**
   * Where a link leads whatever its text says: the links to open files in `/proc`.
   *
   * @param from - the directory it is in
   */
  jump?(from: Place): Place | undefined

  // Of directories.
  lookup(name: string): Vnode | undefined
  /**
   * The directories of the host whose entries alone decide what a name leads to; `undefined`, as without this method,
   * where something else does, too.
   */
  decidedBy?(name: string): readonly string[] | undefined
  entries(): DirectoryEntry[]
  isEmpty(): boolean
  create(name: string, init: NodeInit): Vnode
  link(name: string, node: Vnode): void
  /** Removes a name: of a file, or of an empty directory. */
  remove(name: string, node: Vnode): void
  /** Moves a name within the driver, over what may be there. */
  rename(name: string, node: Vnode, toDirectory: Vnode, toName: string, replaced: Vnode | undefined): void
}

/** What a descriptor reads and writes. */
export interface OpenFile {
  readonly node: Vnode
  /** The host's descriptor behind it. The position is then the host's, too. */
  readonly hostFd: number | undefined
  /** Whether the host's descriptor no longer tells the whole truth, so that calls may not pass to it. */
  readonly detached: boolean
  /** The position where reading goes on after a host's descriptor has been given up. */
  readonly handover: number
  /** Whether it has no position: pipes, terminals. */
  readonly stream: boolean
  /** Where the host's descriptor stands; 0 without one. */
  position(): number
  /**
   * Reads bytes that belong to the caller.
   *
   * @param position - -1 for the host descriptor's own
   * @param into - where they may be put
   */
  read(length: number, position: number, into?: Uint8Array): Uint8Array
  /** @param position - -1 for the host descriptor's own */
  write(data: Uint8Array, position: number): number
  /**
   * Takes room for bytes at the end; absent where there is always enough, or the host says.
   *
   * @returns how many of so many bytes fit
   * @throws Errno ENOSPC when none does
   */
  room?(length: number): number
  /**
   * Writes at the end.
   *
   * @param position - where the caller asked for: it does not count, but -1 moves the position of a host's descriptor
   * @returns the position after what was written
   */
  append(data: Uint8Array, position: number): number
  stat(): StatRecord
  change(change: AttributeChange): void
  truncate(size: number): void
  sync(): void
  close(): void
}

/** What is mounted. */
export interface Driver extends Disposable {
  readonly root: Vnode
  readonly writable: boolean
  /** Whether a program's modules may be in it. `/dev` and `/proc` hold none. */
  readonly holdsModules: boolean
  /** Whether everything in it is at the same path on the host, so that nothing in it needs a walk. */
  readonly identityMapped: boolean
  statfs(node: Vnode): StatFsRecord
}

/** What `S_IFMT` leaves of a mode, by name. */
export const fileType = Object.freeze({
  mask: linuxFsConstants.S_IFMT,
  file: linuxFsConstants.S_IFREG,
  directory: linuxFsConstants.S_IFDIR,
  link: linuxFsConstants.S_IFLNK,
  socket: linuxFsConstants.S_IFSOCK,
  character: linuxFsConstants.S_IFCHR,
  block: linuxFsConstants.S_IFBLK,
  fifo: linuxFsConstants.S_IFIFO,
})

/** The bits of open(2)'s flags that say how a file is accessed. */
export const O_ACCMODE = 3

/** The longest name of a directory entry. @units bytes */
export const NAME_MAX = 255

/** The first length that is too long for a path. @units bytes */
export const PATH_MAX = 4096

/**
 * How many bytes a name has, escaped bytes counting as one.
 *
 * @param name - as in `types.ts`
 */
export function byteLength(name: string): number {
  let length = 0
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i)
    if (code < 0x80) length += 1
    else if (code < 0x800) length += 2
    else if (code >= 0xd800 && code < 0xdc00 && (name.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      length += 4
      i++
    } else if (code >= 0xdc80 && code <= 0xdcff) length += 1
    else length += 3
  }
  return length
}

/** A file system in another thread, mounted in this one: what can only be reached where it is. */
import { linuxFsConstants } from '@libvisor/abi'
import type { Errno } from '../types.ts'
import type { DirectoryEntry, FileSystemProcess, StatFsRecord, StatRecord, Syscalls } from '../types.ts'
import type { PathFile, PathFs } from './path-fs.ts'
import { fileType } from './vnode.ts'
import type { AttributeChange, NodeInit } from './vnode.ts'

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR, O_WRONLY } = linuxFsConstants

/** What `chown` takes for "leave it". */
const UNCHANGED = 0xffff_ffff

/** The files of a process of root's, by path. Permissions are asked for where they are mounted. */
export class RemoteFiles implements PathFs {
  readonly writable = true
  readonly #process: FileSystemProcess
  readonly #sync: Syscalls

  constructor(process: FileSystemProcess) {
    this.#process = process
    this.#sync = process.sync
  }

  lstat(path: string): StatRecord | undefined {
    try {
      return this.#sync.lstat(path)
    } catch (error) {
      const { code } = error as Errno
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
      throw error
    }
  }

  statfs(path: string): StatFsRecord {
    return this.#sync.statfs(path)
  }

  readdir(path: string): DirectoryEntry[] {
    return this.#sync.readdir(path)
  }

  readlink(path: string): string {
    return this.#sync.readlink(path)
  }

  open(path: string, writes: boolean): PathFile {
    return new RemoteFile(this.#sync, this.#sync.open(path, (writes ? O_RDWR : O_RDONLY) | O_NOFOLLOW, 0))
  }

  create(path: string, init: NodeInit): void {
    const mode = init.mode & 0o7777
    const sync = this.#sync
    switch (init.mode & fileType.mask) {
      case fileType.directory:
        sync.mkdir(path, mode)
        break
      case fileType.link:
        sync.symlink(init.target ?? '', path)
        break
      case fileType.socket:
        sync.mksock(path)
        break
      default:
        sync.close(sync.open(path, O_WRONLY | O_CREAT | O_EXCL, mode))
    }
    // Where attributes cannot be changed, what is made has those that it has.
    if (init.uid !== 0 || init.gid !== 0) ifSupported(() => sync.lchown(path, init.uid, init.gid))
    const made = this.lstat(path)
    const isLink = (init.mode & fileType.mask) === fileType.link
    if (!isLink && made !== undefined && made.mode !== init.mode) ifSupported(() => sync.chmod(path, mode))
  }

  link(existing: string, path: string): void {
    this.#sync.link(existing, path)
  }

  unlink(path: string): void {
    this.#sync.unlink(path)
  }

  rmdir(path: string): void {
    this.#sync.rmdir(path)
  }

  rename(from: string, to: string): void {
    this.#sync.rename(from, to)
  }

  change(path: string, { mode, uid, gid, atimeNs, mtimeNs }: AttributeChange, record: StatRecord): void {
    const isLink = (record.mode & fileType.mask) === fileType.link
    if (uid !== undefined || gid !== undefined) this.#sync.lchown(path, uid ?? UNCHANGED, gid ?? UNCHANGED)
    if (mode !== undefined && !isLink) this.#sync.chmod(path, mode)
    if (atimeNs === undefined && mtimeNs === undefined) return
    const now = this.#sync.lstat(path)
    this.#sync.lutimes(path, atimeNs ?? now.atimeNs, mtimeNs ?? now.mtimeNs)
  }

  truncate(path: string, size: number): void {
    this.#sync.truncate(path, size)
  }

  [Symbol.dispose](): void {
    this.#process[Symbol.dispose]()
  }
}

function ifSupported(change: () => void): void {
  try {
    change()
  } catch (error) {
    if ((error as Errno).code !== 'ENOTSUP') throw error
  }
}

class RemoteFile implements PathFile {
  readonly #sync: Syscalls
  readonly #fd: number

  constructor(sync: Syscalls, fd: number) {
    this.#sync = sync
    this.#fd = fd
  }

  read(length: number, position: number): Uint8Array {
    return this.#sync.read(this.#fd, length, position)
  }

  write(data: Uint8Array, position: number): number {
    return this.#sync.write(this.#fd, data, position)
  }

  stat(): StatRecord {
    return this.#sync.fstat(this.#fd)
  }

  change({ mode, uid, gid, atimeNs, mtimeNs }: AttributeChange): void {
    if (uid !== undefined || gid !== undefined) this.#sync.fchown(this.#fd, uid ?? UNCHANGED, gid ?? UNCHANGED)
    if (mode !== undefined) this.#sync.fchmod(this.#fd, mode)
    if (atimeNs === undefined && mtimeNs === undefined) return
    const now = this.stat()
    this.#sync.futimes(this.#fd, atimeNs ?? now.atimeNs, mtimeNs ?? now.mtimeNs)
  }

  truncate(size: number): void {
    this.#sync.ftruncate(this.#fd, size)
  }

  sync(): void {
    this.#sync.fsync(this.#fd)
  }

  close(): void {
    this.#sync.close(this.#fd)
  }
}

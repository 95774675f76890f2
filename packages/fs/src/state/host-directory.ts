/**
 * A directory of the host, mounted.
 *
 * The walk above asks for one component at a time and follows links itself, so no link leads out of the directory.
 * What a name is (its type, its owner, a link's text) is remembered for `STALE_AFTER_MS`; what changes on the
 * host meanwhile is seen after that at the latest. Sizes, times, contents and missing names are never remembered.
 */
import { linuxFsConstants } from '@libvisor/abi'
import type { ErrnoCode } from '@libvisor/abi'
import { Errno } from '../types.ts'
import type { DirectoryEntry, StatFsRecord, StatRecord } from '../types.ts'
import type { HostFs } from './host-fs.ts'
import { KnownName } from './known-names.ts'
import { decodeName, encodeName, maybeLossy } from './name-bytes.ts'
import { fileType } from './vnode.ts'
import type { AttributeChange, Driver, NodeInit, OpenFile, Vnode } from './vnode.ts'

const { O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = linuxFsConstants

/** `S_ISUID` and `S_ISGID`. */
const SET_IDS = 0o6000

/** What `chown` takes for "leave it". */
const UNCHANGED = -1

/** What a host driver depends on. */
export interface HostDriverOptions {
  readonly host: HostFs
  /** The directory's absolute path on the host, without symbolic links. */
  readonly directory: string
  /** Where it is mounted in the guest. */
  readonly mountPoint: string
  readonly writable: boolean
  /** Called before a name may become something else, or lead elsewhere. */
  readonly onChange?: () => void
  /** Files that are in place of the host's. */
  readonly instead?: Instead
}

/** Directories of files that are in place of the host's, by path on the host. Each is made when somebody looks into it. */
export type Instead = ReadonlyMap<string, () => Vnode>

/**
 * Calls an original, and throws what it throws as {@link Errno}.
 *
 * @param call - calls the host
 */
export function onHost<Result>(call: () => Result): Result {
  try {
    return call()
  } catch (error) {
    throw toErrno(error)
  }
}

function toErrno(error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException
  return code !== undefined && syscall !== undefined ? Errno.of(code as ErrnoCode) : error
}

export class HostDriver implements Driver {
  readonly host: HostFs
  readonly root: HostNode
  readonly writable: boolean
  readonly identityMapped: boolean
  readonly holdsModules = true
  readonly instead: Instead | undefined
  readonly #onChange: (() => void) | undefined

  constructor(options: HostDriverOptions) {
    this.host = options.host
    this.#onChange = options.onChange
    this.writable = options.writable
    this.instead = options.instead
    this.identityMapped = options.directory === options.mountPoint
    const path = options.directory === '/' ? '' : options.directory
    const stats = onHost(() => this.host.lstat(options.directory))
    if (stats === undefined) throw Errno.of('ENOENT')
    this.root = new HostNode(this, path, new KnownName(stats, Infinity))
  }

  /** What is at a path, remembered or looked up. */
  node(path: string): HostNode | undefined {
    const { names } = this.host
    const now = this.host.nowMs()
    const known = names.recall(path, now)
    if (known !== undefined) return new HostNode(this, path, known)
    let stats
    try {
      stats = this.host.lstat(encodeName(path))
    } catch (error) {
      // A name that has no entry under a file that took a directory's place.
      if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined
      throw toErrno(error)
    }
    if (stats !== undefined) return new HostNode(this, path, names.remember(path, stats, now))
    names.drop(path)
    return undefined
  }

  /** Forgets what names are, when one may have changed. */
  forget(path?: string): void {
    this.host.names.forget(path)
    this.host.witnesses.expire()
    this.#onChange?.()
  }

  statfs(node: Vnode): StatFsRecord {
    const { type, bsize, blocks, bfree, bavail, files, ffree } = onHost(() =>
      this.host.statfs(encodeName((node as HostNode).realPath)),
    )
    return { type, bsize, blocks, bfree, bavail, files, ffree }
  }

  [Symbol.dispose](): void {}
}

export class HostNode implements Vnode {
  readonly driver: HostDriver
  readonly descriptor = undefined
  readonly guardsEntries = true
  readonly lowerHostPath = undefined
  /** Path on the host; empty for the root directory. */
  readonly #path: string
  readonly #known: KnownName

  constructor(driver: HostDriver, path: string, known: KnownName) {
    this.driver = driver
    this.#path = path
    this.#known = known
  }

  get mode(): number {
    return this.#known.mode
  }

  get uid(): number {
    return this.#known.uid
  }

  get gid(): number {
    return this.#known.gid
  }

  get ino(): number {
    return this.#known.ino
  }

  get dev(): number {
    return this.#known.dev
  }

  get staleAt(): number {
    return this.#known.staleAt
  }

  get type(): number {
    return this.mode & fileType.mask
  }

  get hostPath(): string {
    return this.realPath
  }

  get hostWritable(): boolean {
    return this.driver.writable
  }

  /** Path on the host. */
  get realPath(): string {
    return this.#path === '' ? '/' : this.#path
  }

  is(other: Vnode): boolean {
    return other instanceof HostNode && other.ino === this.ino && other.dev === this.dev
  }

  stat(): StatRecord {
    return onHost(() => toRecord(this.driver.host.lstatBig(encodeName(this.realPath))))
  }

  change({ mode, uid, gid, atimeNs, mtimeNs }: AttributeChange): void {
    const { host } = this.driver
    const path = encodeName(this.realPath)
    this.driver.forget(this.#path)
    onHost(() => {
      if (uid !== undefined || gid !== undefined) host.lchown(path, uid ?? UNCHANGED, gid ?? UNCHANGED)
      // Links have no mode of their own: chmod() would follow.
      if (mode !== undefined && this.type !== fileType.link) host.chmod(path, mode & 0o7777)
      if (atimeNs !== undefined || mtimeNs !== undefined) {
        const now = host.lstatBig(path)
        host.lutimes(path, toSeconds(atimeNs ?? now.atimeNs), toSeconds(mtimeNs ?? now.mtimeNs))
      }
    })
  }

  truncate(size: number): void {
    const { host } = this.driver
    onHost(() => {
      const fd = host.open(encodeName(this.realPath), O_WRONLY | O_NOFOLLOW, 0)
      try {
        host.ftruncate(fd, size)
      } finally {
        host.close(fd)
      }
    })
  }

  open(flags: number): OpenFile {
    const { host } = this.driver
    const kept = flags & ~(O_CREAT | O_EXCL)
    return new HostFile(
      this,
      onHost(() => host.open(encodeName(this.realPath), kept | O_NOFOLLOW, 0)),
    )
  }

  readlink(): string {
    const known = this.#known
    if (known.target === undefined) {
      const { host } = this.driver
      const path = encodeName(this.realPath)
      const text = onHost(() => host.readlink(path))
      known.target = maybeLossy(text) ? decodeName(onHost(() => host.readlinkBytes(path))) : text
    }
    return known.target
  }

  lookup(name: string): Vnode | undefined {
    const { driver } = this
    const node = driver.instead === undefined ? undefined : driver.instead.get(this.#path)?.().lookup(name)
    return node ?? driver.node(`${this.#path}/${name}`)
  }

  decidedBy(name: string): readonly string[] | undefined {
    const isReplaced = this.driver.instead?.get(this.#path)?.().lookup(name) !== undefined
    return isReplaced ? undefined : [this.realPath]
  }

  entries(): DirectoryEntry[] {
    const { host } = this.driver
    const path = encodeName(this.realPath)
    const entries = onHost(() => host.readdir(path))
    if (!entries.some(({ name }) => maybeLossy(name))) {
      return entries.map((entry) => ({ name: entry.name, type: this.#entryType(entry, entry.name) }))
    }
    return onHost(() => host.readdirBytes(path)).map((entry) => {
      const name = decodeName(entry.name)
      return { name, type: this.#entryType(entry, name) }
    })
  }

  isEmpty(): boolean {
    return onHost(() => this.driver.host.readdir(encodeName(this.realPath))).length === 0
  }

  create(name: string, init: NodeInit): HostNode {
    const { host } = this.driver
    const path = `${this.#path}/${name}`
    const hostPath = encodeName(path)
    const mode = init.mode & 0o7777
    onHost(() => {
      switch (init.mode & fileType.mask) {
        case fileType.directory:
          host.mkdir(hostPath, mode)
          if ((mode & host.umask) !== 0) host.chmod(hostPath, mode)
          return
        case fileType.link:
          host.symlink(encodeName(init.target ?? ''), hostPath)
          return
        case fileType.file: {
          const fd = host.open(hostPath, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode)
          try {
            if ((mode & host.umask) !== 0) host.fchmod(fd, mode)
          } finally {
            host.close(fd)
          }
          return
        }
        case fileType.socket:
          host.mksock(hostPath)
          // It has the permissions that the host's umask leaves.
          host.chmod(hostPath, mode)
          return
        default:
          throw Errno.of('EPERM')
      }
    })
    if (host.uid === 0 && (init.uid !== 0 || init.gid !== 0)) {
      onHost(() => {
        host.lchown(hostPath, init.uid, init.gid)
        // Giving a file away takes these bits.
        if ((init.mode & fileType.mask) === fileType.file && (mode & SET_IDS) !== 0) host.chmod(hostPath, mode)
      })
    }
    this.driver.forget(path)
    const node = this.driver.node(path)
    if (node === undefined) throw Errno.of('ENOENT')
    return node
  }

  link(name: string, node: Vnode): void {
    const existing = encodeName((node as HostNode).realPath)
    const path = `${this.#path}/${name}`
    this.driver.forget(path)
    onHost(() => this.driver.host.link(existing, encodeName(path)))
  }

  remove(name: string, node: Vnode): void {
    const { host } = this.driver
    const path = `${this.#path}/${name}`
    const hostPath = encodeName(path)
    if (node.type === fileType.directory) {
      this.driver.forget()
      onHost(() => host.rmdir(hostPath))
    } else {
      this.driver.forget(path)
      onHost(() => host.unlink(hostPath))
    }
  }

  rename(name: string, _node: Vnode, toDirectory: Vnode, toName: string): void {
    const from = encodeName(`${this.#path}/${name}`)
    const to = encodeName(`${(toDirectory as HostNode).#path}/${toName}`)
    this.driver.forget()
    onHost(() => this.driver.host.rename(from, to))
  }

  #entryType(
    entry: {
      isFile(): boolean
      isDirectory(): boolean
      isSymbolicLink(): boolean
      isSocket(): boolean
      isFIFO(): boolean
      isCharacterDevice(): boolean
      isBlockDevice(): boolean
    },
    name: string,
  ): number {
    if (entry.isFile()) return fileType.file
    if (entry.isDirectory()) return fileType.directory
    if (entry.isSymbolicLink()) return fileType.link
    if (entry.isSocket()) return fileType.socket
    if (entry.isFIFO()) return fileType.fifo
    if (entry.isCharacterDevice()) return fileType.character
    if (entry.isBlockDevice()) return fileType.block
    return this.lookup(name)?.type ?? fileType.file
  }
}

/** A file of the host, open: the position is the host descriptor's. */
export class HostFile implements OpenFile {
  readonly node: HostNode
  readonly hostFd: number
  readonly detached = false
  readonly handover = 0
  readonly stream: boolean
  #open = true

  constructor(node: HostNode, hostFd: number) {
    this.node = node
    this.hostFd = hostFd
    this.stream = node.type !== fileType.file && node.type !== fileType.directory
  }

  read(length: number, position: number): Uint8Array {
    const { host } = this.node.driver
    return onHost(() => {
      const wanted = length > 65536 ? Math.min(length, this.#left(position)) : length
      const buffer = new Uint8Array(wanted)
      const count = host.read(this.hostFd, buffer, position)
      return count === wanted ? buffer : buffer.slice(0, count)
    })
  }

  /** How much a large read can give, so that no more memory is taken. */
  #left(position: number): number {
    if (this.stream) return Infinity
    const { host } = this.node.driver
    const { size } = host.fstatBig(this.hostFd)
    // Files of /proc say that they are empty.
    if (size === 0n) return 65536
    return Math.max(1, Number(size) - (position === -1 ? host.position(this.hostFd) : position))
  }

  write(data: Uint8Array, position: number): number {
    return onHost(() => this.node.driver.host.write(this.hostFd, data, position))
  }

  position(): number {
    return this.stream ? 0 : onHost(() => this.node.driver.host.position(this.hostFd))
  }

  append(data: Uint8Array, position: number): number {
    // The host's descriptor has O_APPEND, too.
    this.write(data, position)
    return -1
  }

  stat(): StatRecord {
    return onHost(() => toRecord(this.node.driver.host.fstatBig(this.hostFd)))
  }

  change({ mode, uid, gid, atimeNs, mtimeNs }: AttributeChange): void {
    const { host } = this.node.driver
    onHost(() => {
      if (uid !== undefined || gid !== undefined) host.fchown(this.hostFd, uid ?? UNCHANGED, gid ?? UNCHANGED)
      if (mode !== undefined) host.fchmod(this.hostFd, mode & 0o7777)
      if (atimeNs !== undefined || mtimeNs !== undefined) {
        const now = host.fstatBig(this.hostFd)
        host.futimes(this.hostFd, toSeconds(atimeNs ?? now.atimeNs), toSeconds(mtimeNs ?? now.mtimeNs))
      }
    })
  }

  truncate(size: number): void {
    onHost(() => this.node.driver.host.ftruncate(this.hostFd, size))
  }

  sync(): void {
    onHost(() => this.node.driver.host.fsync(this.hostFd))
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    onHost(() => this.node.driver.host.close(this.hostFd))
  }
}

type BigStats = ReturnType<HostFs['lstatBig']>

/** The attributes of the host's stats. */
export function toRecord(stats: BigStats): StatRecord {
  return {
    dev: Number(stats.dev),
    ino: Number(stats.ino),
    mode: Number(stats.mode),
    nlink: Number(stats.nlink),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    rdev: Number(stats.rdev),
    size: Number(stats.size),
    blksize: Number(stats.blksize),
    blocks: Number(stats.blocks),
    atimeNs: stats.atimeNs,
    mtimeNs: stats.mtimeNs,
    ctimeNs: stats.ctimeNs,
    birthtimeNs: stats.birthtimeNs,
  }
}

/** Node takes times as seconds in a double, which holds microseconds of today's. */
function toSeconds(ns: bigint): number {
  return Number(ns) / 1e9
}

/**
 * Makes a file of a host's descriptor whose path is not known.
 *
 * @param host - the originals
 * @param hostFd - closed with the file
 */
export function adoptHostFile(host: HostFs, hostFd: number): Omit<OpenFile, 'node'> {
  const driver = new HostDriver({ host, directory: '/', mountPoint: '/', writable: true })
  const { dev, ino, mode, uid, gid } = onHost(() => toRecord(host.fstatBig(hostFd)))
  return new HostFile(new HostNode(driver, '', new KnownName({ dev, ino, mode, uid, gid }, Infinity)), hostFd)
}

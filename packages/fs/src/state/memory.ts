/**
 * Files in memory: inodes and links as a kernel has them.
 *
 * The README says why the store is not memfs's.
 */
import { linuxFsConstants } from '@libvisor/abi'
import type { Clock } from '@libvisor/core'
import { Errno } from '../types.ts'
import type { DirectoryEntry, StatFsRecord, StatRecord } from '../types.ts'
import type { Device } from './device.ts'
import { MemoryContent } from './memory-content.ts'
import { byteLength, fileType } from './vnode.ts'
import type { AttributeChange, Driver, NodeInit, OpenFile, Vnode } from './vnode.ts'

const { O_NOATIME } = linuxFsConstants

/** @units bytes */
const BLOCK = 4096
/** atime moves when it is this old, as Linux's relatime has it. @units nanoseconds */
const RELATIME_NS = 24n * 60n * 60n * 1_000_000_000n
/** @source Linux `TMPFS_MAGIC` */
const TMPFS_MAGIC = 0x01021994

/** What a memory driver depends on. */
export interface MemoryDriverOptions {
  /** `st_dev` of everything in it. */
  readonly dev: number
  readonly clock: Clock
  /** The number of the first inode. @defaultValue 1 */
  readonly firstIno?: number
  /** Whether a program's modules may be in it. @defaultValue true */
  readonly holdsModules?: boolean
  /** The first inode, the root, is owned by. @defaultValue 0 */
  readonly uid?: number
  /** @defaultValue 0 */
  readonly gid?: number
  /** Permission bits of the root. @defaultValue 0o755 */
  readonly mode?: number
  /** @defaultValue true */
  readonly writable?: boolean
}

export class MemoryDriver implements Driver {
  readonly root: MemoryNode
  readonly dev: number
  readonly clock: Clock
  readonly writable: boolean
  readonly holdsModules: boolean
  readonly identityMapped = false
  /** Inodes that exist, for `statfs`. */
  inodes = 0
  /** The last inode number that was given. */
  lastIno: number

  constructor(options: MemoryDriverOptions) {
    this.dev = options.dev
    this.clock = options.clock
    this.writable = options.writable ?? true
    this.holdsModules = options.holdsModules ?? true
    this.lastIno = (options.firstIno ?? 1) - 1
    this.root = this.make({
      mode: fileType.directory | (options.mode ?? 0o755),
      uid: options.uid ?? 0,
      gid: options.gid ?? 0,
    })
    this.root.nlink = 2
  }

  /** Makes an inode without a name. Numbers are never used again. */
  make(init: NodeInit): MemoryNode {
    this.inodes++
    return new MemoryNode(this, ++this.lastIno, init)
  }

  statfs(): StatFsRecord {
    const free = 2 ** 30
    return {
      type: TMPFS_MAGIC,
      bsize: BLOCK,
      blocks: free,
      bfree: free,
      bavail: free,
      files: free,
      ffree: free - this.inodes,
    }
  }

  [Symbol.dispose](): void {
    this.root.children?.clear()
  }
}

export class MemoryNode implements Vnode {
  readonly driver: MemoryDriver
  readonly hostPath = undefined
  readonly hostWritable = false
  readonly lowerHostPath = undefined
  descriptor: number | undefined
  dev: number
  ino: number
  mode: number
  uid: number
  gid: number
  nlink = 0
  rdev = 0
  atimeNs: bigint
  mtimeNs: bigint
  ctimeNs: bigint
  birthtimeNs: bigint
  /** Entries, when it is a directory. */
  readonly children: Map<string, MemoryNode> | undefined
  /** Bytes, when it is a regular file. */
  readonly content: MemoryContent | undefined
  /** The text, when it is a symbolic link. */
  readonly target: string | undefined
  /** What reads and writes, when it is a device. */
  device: Device | undefined
  /** In the upper layer of an overlay: nothing of the lower layers shows through this directory. */
  opaque = false
  /** In the upper layer of an overlay: where this directory's lower part is, when it has been moved. */
  redirect: string | undefined
  readonly #type: number

  constructor(driver: MemoryDriver, ino: number, init: NodeInit) {
    const now = driver.clock.nowNs()
    this.driver = driver
    this.dev = driver.dev
    this.ino = ino
    this.mode = init.mode
    this.uid = init.uid
    this.gid = init.gid
    this.atimeNs = now
    this.mtimeNs = now
    this.ctimeNs = now
    this.birthtimeNs = now
    this.#type = init.mode & fileType.mask
    this.children = this.#type === fileType.directory ? new Map() : undefined
    this.content = this.#type === fileType.file ? new MemoryContent() : undefined
    this.target = init.target
    this.descriptor = undefined
    this.device = undefined
    this.redirect = undefined
  }

  get type(): number {
    return this.#type
  }

  is(other: Vnode): boolean {
    return this === other
  }

  stat(): StatRecord {
    const size = this.size
    return {
      dev: this.dev,
      ino: this.ino,
      mode: this.mode,
      nlink: this.nlink,
      uid: this.uid,
      gid: this.gid,
      rdev: this.rdev,
      size,
      blksize: BLOCK,
      blocks: this.#type === fileType.link || size === 0 ? 0 : Math.ceil(size / BLOCK) * (BLOCK / 512),
      atimeNs: this.atimeNs,
      mtimeNs: this.mtimeNs,
      ctimeNs: this.ctimeNs,
      birthtimeNs: this.birthtimeNs,
    }
  }

  get size(): number {
    if (this.content !== undefined) return this.content.size
    if (this.target !== undefined) return utf8Length(this.target)
    return this.children === undefined ? 0 : BLOCK
  }

  change(change: AttributeChange): void {
    if (change.mode !== undefined) this.mode = this.#type | (change.mode & 0o7777)
    if (change.uid !== undefined) this.uid = change.uid
    if (change.gid !== undefined) this.gid = change.gid
    if (change.atimeNs !== undefined) this.atimeNs = change.atimeNs
    if (change.mtimeNs !== undefined) this.mtimeNs = change.mtimeNs
    this.ctimeNs = this.driver.clock.nowNs()
  }

  truncate(size: number, touch: boolean): void {
    const content = this.content
    if (content === undefined) return
    if (touch || size !== content.size) this.modified()
    content.truncate(size)
  }

  /** Moves mtime and ctime to now. */
  modified(): void {
    this.mtimeNs = this.ctimeNs = this.driver.clock.nowNs()
  }

  /** Moves atime as relatime does. */
  accessed(): void {
    const { atimeNs } = this
    if (atimeNs > this.mtimeNs && atimeNs > this.ctimeNs) {
      const now = this.driver.clock.nowNs()
      if (now - atimeNs < RELATIME_NS) return
      this.atimeNs = now
    } else {
      this.atimeNs = this.driver.clock.nowNs()
    }
  }

  open(flags: number): OpenFile {
    if (this.#type === fileType.socket || (this.device === undefined && this.#type === fileType.fifo)) {
      throw Errno.of('ENXIO')
    }
    return this.device === undefined ? new MemoryFile(this, (flags & O_NOATIME) !== 0) : this.device.open(this)
  }

  readlink(): string {
    return this.target ?? ''
  }

  lookup(name: string): MemoryNode | undefined {
    return this.children?.get(name)
  }

  entries(): DirectoryEntry[] {
    this.accessed()
    const entries: DirectoryEntry[] = []
    for (const [name, node] of this.#directory()) entries.push({ name, type: node.type })
    return entries
  }

  isEmpty(): boolean {
    return this.#directory().size === 0
  }

  create(name: string, init: NodeInit): MemoryNode {
    const node = this.driver.make(init)
    if (node.type === fileType.directory) {
      node.nlink = 2
      this.nlink++
    } else {
      node.nlink = 1
    }
    this.#directory().set(name, node)
    this.modified()
    return node
  }

  link(name: string, node: Vnode): void {
    const linked = node as MemoryNode
    this.#directory().set(name, linked)
    linked.nlink++
    this.modified()
    linked.ctimeNs = this.ctimeNs
  }

  remove(name: string): void {
    const children = this.#directory()
    const node = children.get(name)
    if (node === undefined) throw Errno.of('ENOENT')
    children.delete(name)
    this.modified()
    this.#drop(node)
  }

  rename(name: string, node: Vnode, toDirectory: Vnode, toName: string): void {
    const moved = node as MemoryNode
    const to = toDirectory as MemoryNode
    const target = to.#directory()
    const replaced = target.get(toName)
    this.modified()
    if (replaced !== undefined) this.#drop(replaced, to)
    this.#directory().delete(name)
    target.set(toName, moved)
    if (moved.type === fileType.directory && to !== this) {
      this.nlink--
      to.nlink++
    }
    to.mtimeNs = to.ctimeNs = moved.ctimeNs = this.ctimeNs
  }

  /** Takes one name from an inode that was in a directory. */
  #drop(node: MemoryNode, directory: MemoryNode = this): void {
    if (node.type === fileType.directory) {
      node.nlink = 0
      directory.nlink--
    } else {
      node.nlink--
    }
    node.ctimeNs = this.ctimeNs
    if (node.nlink === 0) this.driver.inodes--
  }

  #directory(): Map<string, MemoryNode> {
    if (this.children === undefined) throw Errno.of('ENOTDIR')
    return this.children
  }
}

/** An open file, directory or link of a memory driver. */
class MemoryFile implements OpenFile {
  readonly node: MemoryNode
  readonly hostFd = undefined
  readonly detached = false
  readonly handover = 0
  readonly stream = false
  readonly #keepAtime: boolean

  constructor(node: MemoryNode, keepAtime: boolean) {
    this.node = node
    this.#keepAtime = keepAtime
  }

  read(length: number, position: number): Uint8Array {
    const { node } = this
    if (!this.#keepAtime) node.accessed()
    return node.content === undefined ? new Uint8Array(0) : node.content.read(length, position)
  }

  write(data: Uint8Array, position: number): number {
    const { content } = this.node
    if (content === undefined || data.length === 0) return 0
    content.write(data, position)
    this.node.modified()
    return data.length
  }

  position(): number {
    return 0
  }

  append(data: Uint8Array): number {
    const { content } = this.node
    if (content === undefined) return 0
    this.write(data, content.size)
    return content.size
  }

  stat(): StatRecord {
    return this.node.stat()
  }

  change(change: AttributeChange): void {
    this.node.change(change)
  }

  truncate(size: number): void {
    this.node.truncate(size, true)
  }

  sync(): void {}

  close(): void {}
}

function utf8Length(text: string): number {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return byteLength(text)
  return text.length
}

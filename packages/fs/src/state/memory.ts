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
import { BLOCK, FileBlocks } from './quota.ts'
import type { Quota } from './quota.ts'
import { byteLength, fileType } from './vnode.ts'
import type { AttributeChange, Driver, NodeInit, OpenFile, Vnode } from './vnode.ts'

const { O_NOATIME } = linuxFsConstants

/** The first length of a link's text that takes a block. @source Linux `mm/shmem.c`: SHORT_SYMLINK_LEN @units bytes */
const LONG_LINK = 128
/** atime moves when it is this old, as Linux's relatime has it. @units nanoseconds */
const RELATIME_NS = 24n * 60n * 60n * 1_000_000_000n
/** What `statfs` says where there is no limit. */
const UNLIMITED = 2 ** 30
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
  /** How much it may hold. @defaultValue no limit */
  readonly quota?: Quota
}

export class MemoryDriver implements Driver {
  readonly root: MemoryNode
  readonly dev: number
  readonly clock: Clock
  readonly writable: boolean
  readonly holdsModules: boolean
  readonly identityMapped = false
  readonly quota: Quota | undefined
  /** Inodes that exist, for `statfs`. */
  inodes = 0
  /** The last inode number that was given. */
  lastIno: number
  /** Another number when a directory has got another name, mode or owner, or is gone: paths through it lead elsewhere. */
  directoryVersion = 0

  constructor(options: MemoryDriverOptions) {
    this.dev = options.dev
    this.clock = options.clock
    this.writable = options.writable ?? true
    this.holdsModules = options.holdsModules ?? true
    this.lastIno = (options.firstIno ?? 1) - 1
    this.quota = options.quota
    this.root = this.make({
      mode: fileType.directory | (options.mode ?? 0o755),
      uid: options.uid ?? 0,
      gid: options.gid ?? 0,
    })
    this.root.nlink = 2
  }

  /** Makes an inode without a name. Numbers are never used again. */
  make(init: NodeInit): MemoryNode {
    const { quota } = this
    quota?.takeInode()
    const node = new MemoryNode(this, ++this.lastIno, init)
    if (quota !== undefined && node.takesLinkBlock && quota.takeBlocks(1) === 0) {
      quota.giveInode()
      throw Errno.of('ENOSPC')
    }
    this.inodes++
    return node
  }

  /** An inode that has no name and is not open is gone. */
  drop(node: MemoryNode): void {
    this.inodes--
    const { quota } = this
    if (quota === undefined) return
    quota.giveInode()
    node.blocks?.cut(0)
    if (node.takesLinkBlock) quota.giveBlocks(1)
  }

  /** Counts anew, after the inodes have been replaced. */
  recount(nodes: readonly MemoryNode[]): void {
    this.inodes = nodes.length
    this.directoryVersion++
    const { quota } = this
    if (quota === undefined) return
    quota.reset(0, 0)
    for (const node of nodes) {
      node.blocks?.fill(node.size)
      const blocks = node.takesLinkBlock ? 1 : 0
      const names = node.type === fileType.directory ? 1 : Math.max(1, node.nlink)
      quota.reset(quota.usedBlocks + blocks, quota.usedInodes + names)
    }
  }

  statfs(): StatFsRecord {
    const { blocks = Infinity, inodes = Infinity, usedBlocks = 0, usedInodes = this.inodes } = this.quota ?? {}
    const size = Math.min(blocks, UNLIMITED)
    const files = Math.min(inodes, UNLIMITED)
    const bfree = Math.max(0, size - usedBlocks)
    return {
      type: TMPFS_MAGIC,
      bsize: BLOCK,
      blocks: size,
      bfree,
      bavail: bfree,
      files,
      ffree: Math.max(0, files - usedInodes),
    }
  }

  [Symbol.dispose](): void {
    this.directoryVersion++
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
  /** Where there is a quota: the blocks of a regular file, and how often it is open. */
  readonly blocks: FileBlocks | undefined
  opens = 0
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
    const { quota } = driver
    this.blocks = quota !== undefined && this.content !== undefined ? new FileBlocks(quota) : undefined
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
      blocks: this.#blockCount(size) * (BLOCK / 512),
      atimeNs: this.atimeNs,
      mtimeNs: this.mtimeNs,
      ctimeNs: this.ctimeNs,
      birthtimeNs: this.birthtimeNs,
    }
  }

  #blockCount(size: number): number {
    if (this.blocks !== undefined) return this.blocks.count
    return this.#type === fileType.link ? 0 : Math.ceil(size / BLOCK)
  }

  get size(): number {
    if (this.content !== undefined) return this.content.size
    if (this.target !== undefined) return utf8Length(this.target)
    return this.children === undefined ? 0 : BLOCK
  }

  change(change: AttributeChange): void {
    if (this.children !== undefined) this.driver.directoryVersion++
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
    this.blocks?.cut(size)
  }

  /**
   * Gives a regular file other bytes, as opening it with O_TRUNC and writing once do.
   *
   * @param data - copied
   * @returns whether it is a file that can be replaced at once
   */
  replace(data: Uint8Array): boolean {
    const { content } = this
    if (content === undefined || this.blocks !== undefined || this.device !== undefined) return false
    content.replace(data)
    this.modified()
    return true
  }

  /** Whether the text of a link is too long for the inode itself. */
  get takesLinkBlock(): boolean {
    return this.target !== undefined && utf8Length(this.target) >= LONG_LINK
  }

  /** Moves mtime and ctime to now. */
  modified(): void {
    this.mtimeNs = this.ctimeNs = this.driver.clock.nowNs()
  }

  /** Moves atime as relatime does. */
  accessed(): void {
    if (!this.driver.writable) return
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
    this.accessed()
    return this.target ?? ''
  }

  lookup(name: string): MemoryNode | undefined {
    return this.children?.get(name)
  }

  entries(): DirectoryEntry[] {
    this.accessed()
    return this.list()
  }

  /** The entries, for somebody whose look does not count. */
  list(): DirectoryEntry[] {
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
    // A further name counts as an inode, as in tmpfs.
    this.driver.quota?.takeInode()
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
    if (moved.type === fileType.directory) {
      this.driver.directoryVersion++
      if (to !== this) {
        this.nlink--
        to.nlink++
      }
    }
    to.mtimeNs = to.ctimeNs = moved.ctimeNs = this.ctimeNs
  }

  /** Takes one name from an inode that was in a directory. */
  #drop(node: MemoryNode, directory: MemoryNode = this): void {
    if (node.type === fileType.directory) {
      this.driver.directoryVersion++
      node.nlink = 0
      directory.nlink--
    } else {
      node.nlink--
    }
    node.ctimeNs = this.ctimeNs
    if (node.nlink > 0) this.driver.quota?.giveInode()
    else if (node.opens === 0) this.driver.drop(node)
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
    if (node.blocks !== undefined) node.opens++
  }

  read(length: number, position: number, into?: Uint8Array): Uint8Array {
    const { node } = this
    if (!this.#keepAtime) node.accessed()
    return node.content === undefined ? new Uint8Array(0) : node.content.read(length, position, into)
  }

  write(data: Uint8Array, position: number): number {
    const { content } = this.node
    if (content === undefined || data.length === 0) return 0
    const { blocks } = this.node
    const length = blocks === undefined ? data.length : blocks.take(position, data.length)
    content.write(length === data.length ? data : data.subarray(0, length), position)
    this.node.modified()
    return length
  }

  room(length: number): number {
    const { blocks, size } = this.node
    return blocks === undefined || length === 0 ? length : blocks.take(size, length)
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

  close(): void {
    const { node } = this
    if (node.blocks !== undefined && --node.opens === 0 && node.nlink === 0) node.driver.drop(node)
  }
}

function utf8Length(text: string): number {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return byteLength(text)
  return text.length
}

/**
 * Files in memory: inodes and links as a kernel has them.
 *
 * The README says why the store is not memfs's.
 */
import { linuxFsConstants } from '@libvisor/abi'
import type { Clock } from '@libvisor/core'
import { Errno } from '../types.ts'
import type { DirectoryEntry, StatFsRecord, StatNumbers, StatRecord } from '../types.ts'
import { MemoryAttributes } from './memory-attributes.ts'
import { MemoryContent } from './memory-content.ts'
import { MemoryFile } from './memory-file.ts'
import { detached } from './name-bytes.ts'
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
    node.quotaBlocks?.cut(0)
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
      node.quotaBlocks?.fill(node.size)
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

/** Whoever remembers an inode by one of its names. */
export interface Remembering {
  /** The inode has lost a name. */
  forget(): void
}

/** An inode. */
export class MemoryNode extends MemoryAttributes implements Vnode {
  readonly driver: MemoryDriver
  /** What it holds, by its type: entries, bytes, or a link's text. */
  readonly #body: Map<string, MemoryNode> | MemoryContent | string | undefined
  /** Who is told when it loses a name. */
  remembered: Remembering | undefined

  constructor(driver: MemoryDriver, ino: number, init: NodeInit) {
    super(ino, driver.clock.nowNs(), init)
    const { type } = this
    this.driver = driver
    this.#body = type === fileType.file ? new MemoryContent() : type === fileType.directory ? new Map() : init.target
    this.remembered = undefined
    if (init.rdev !== undefined) this.rdev = init.rdev
    if (init.device !== undefined) this.device = init.device
    const { quota } = driver
    if (quota !== undefined && type === fileType.file) this.quotaBlocks = new FileBlocks(quota)
  }

  get hostPath(): undefined {
    return undefined
  }

  get hostWritable(): boolean {
    return false
  }

  get lowerHostPath(): undefined {
    return undefined
  }

  /** Entries, when it is a directory. */
  get children(): Map<string, MemoryNode> | undefined {
    return this.type === fileType.directory ? (this.#body as Map<string, MemoryNode>) : undefined
  }

  /** Bytes, when it is a regular file. */
  get content(): MemoryContent | undefined {
    return this.type === fileType.file ? (this.#body as MemoryContent) : undefined
  }

  /** The text, when it is a symbolic link. */
  get target(): string | undefined {
    return this.type === fileType.link ? (this.#body as string | undefined) : undefined
  }

  is(other: Vnode): boolean {
    return this === other
  }

  stat(): StatRecord {
    return {
      dev: this.dev,
      ino: this.ino,
      mode: this.mode,
      nlink: this.nlink,
      uid: this.uid,
      gid: this.gid,
      rdev: this.rdev,
      size: this.size,
      blksize: BLOCK,
      blocks: this.blocks,
      atimeNs: this.atimeNs,
      mtimeNs: this.mtimeNs,
      ctimeNs: this.ctimeNs,
      birthtimeNs: this.birthtimeNs,
    }
  }

  /** The same, for who wants numbers: BigInts take longer to make, and to turn into numbers, than the rest of it. */
  statNumbers(): StatNumbers {
    return {
      dev: this.dev,
      ino: this.ino,
      mode: this.mode,
      nlink: this.nlink,
      uid: this.uid,
      gid: this.gid,
      rdev: this.rdev,
      size: this.size,
      blksize: BLOCK,
      blocks: this.blocks,
      atimeMs: this.atimeMs,
      mtimeMs: this.mtimeMs,
      ctimeMs: this.ctimeMs,
      birthtimeMs: this.birthtimeMs,
    }
  }

  /** What it takes. @units 512 bytes */
  get blocks(): number {
    const counted = this.quotaBlocks
    const count = counted !== undefined ? counted.count : this.type === fileType.link ? 0 : Math.ceil(this.size / BLOCK)
    return count * (BLOCK / 512)
  }

  get size(): number {
    switch (this.type) {
      case fileType.file:
        return (this.#body as MemoryContent).size
      case fileType.directory:
        return BLOCK
      case fileType.link:
        return utf8Length(this.target ?? '')
      default:
        return 0
    }
  }

  change(change: AttributeChange): void {
    if (this.children !== undefined) this.driver.directoryVersion++
    if (change.mode !== undefined) this.mode = this.type | (change.mode & 0o7777)
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
    this.quotaBlocks?.cut(size)
  }

  /**
   * Gives a regular file other bytes, as opening it with O_TRUNC and writing once do.
   *
   * @param data - copied
   * @returns whether it is a file that can be replaced at once
   */
  replace(data: Uint8Array): boolean {
    const { content } = this
    if (content === undefined || this.quotaBlocks !== undefined || this.device !== undefined) return false
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
    this.setModified(this.driver.clock.nowNs())
  }

  /** Moves atime as relatime does. */
  accessed(): void {
    if (!this.driver.writable) return
    const now = this.driver.clock.nowNs()
    if (this.isAccessedLast && now - this.atimeNs < RELATIME_NS) return
    this.atimeNs = now
  }

  open(flags: number): OpenFile {
    const { device, type } = this
    if (type === fileType.socket) throw Errno.of('ENXIO')
    if (device !== undefined) return device.open(this, flags)
    // As where the kernel has no driver for a device.
    if (type !== fileType.file && type !== fileType.directory) throw Errno.of('ENXIO')
    return new MemoryFile(this, (flags & O_NOATIME) !== 0)
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
    this.#directory().set(detached(name), node)
    this.modified()
    return node
  }

  link(name: string, node: Vnode): void {
    const linked = node as MemoryNode
    // A further name counts as an inode, as in tmpfs.
    this.driver.quota?.takeInode()
    this.#directory().set(detached(name), linked)
    linked.nlink++
    this.modified()
    linked.setChangedWith(this)
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
    target.set(detached(toName), moved)
    moved.#forget()
    if (moved.type === fileType.directory) {
      this.driver.directoryVersion++
      if (to !== this) {
        this.nlink--
        to.nlink++
      }
    }
    to.setModifiedWith(this)
    moved.setChangedWith(this)
  }

  /** Takes one name from an inode that was in a directory. */
  #drop(node: MemoryNode, directory: MemoryNode = this): void {
    node.#forget()
    if (node.type === fileType.directory) {
      this.driver.directoryVersion++
      node.nlink = 0
      directory.nlink--
    } else {
      node.nlink--
    }
    node.setChangedWith(this)
    if (node.nlink > 0) this.driver.quota?.giveInode()
    else if (node.quotaBlocks === undefined || node.quotaBlocks.opens === 0) this.driver.drop(node)
  }

  #forget(): void {
    const { remembered } = this
    this.remembered = undefined
    remembered?.forget()
  }

  #directory(): Map<string, MemoryNode> {
    if (this.children === undefined) throw Errno.of('ENOTDIR')
    return this.children
  }
}

function utf8Length(text: string): number {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return byteLength(text)
  return text.length
}

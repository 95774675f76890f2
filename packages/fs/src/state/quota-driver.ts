/**
 * A limit on what a driver holds that has none of its own: a directory of the host. It counts the sizes of files in whole blocks, holes
 * included. Calls that write never pass to the host, which would not count them.
 */
import { Errno } from '../types.ts'
import type { DirectoryEntry, StatFsRecord, StatRecord } from '../types.ts'
import { BLOCK, blocksOf } from './quota.ts'
import type { Quota } from './quota.ts'
import { fileType } from './vnode.ts'
import type { AttributeChange, Driver, NodeInit, OpenFile, Vnode } from './vnode.ts'

export class QuotaDriver implements Driver {
  readonly inner: Driver
  readonly quota: Quota
  readonly root: QuotaNode

  constructor(inner: Driver, quota: Quota) {
    this.inner = inner
    this.quota = quota
    this.root = new QuotaNode(this, inner.root)
  }

  get writable(): boolean {
    return this.inner.writable
  }

  get holdsModules(): boolean {
    return this.inner.holdsModules
  }

  get identityMapped(): boolean {
    return false
  }

  /** The host's, as far as the limits are not closer. */
  statfs(node: Vnode): StatFsRecord {
    const { inner, quota } = this
    const host = inner.statfs((node as QuotaNode).inner)
    const unit = BLOCK / host.bsize
    const left = (limit: number, used: number): number => Math.max(0, limit - used)
    const ffree = Math.min(host.ffree, left(quota.inodes, quota.usedInodes))
    return {
      type: host.type,
      bsize: host.bsize,
      blocks: Math.min(host.blocks, quota.blocks * unit),
      bfree: Math.min(host.bfree, left(quota.blocks, quota.usedBlocks) * unit),
      bavail: Math.min(host.bavail, left(quota.blocks, quota.usedBlocks) * unit),
      files: Math.min(host.files, quota.inodes),
      ffree,
    }
  }

  [Symbol.dispose](): void {
    this.inner[Symbol.dispose]()
  }
}

class QuotaNode implements Vnode {
  readonly driver: QuotaDriver
  readonly inner: Vnode
  readonly hostWritable = false

  constructor(driver: QuotaDriver, inner: Vnode) {
    this.driver = driver
    this.inner = inner
  }

  get type(): number {
    return this.inner.type
  }

  get mode(): number {
    return this.inner.mode
  }

  get uid(): number {
    return this.inner.uid
  }

  get gid(): number {
    return this.inner.gid
  }

  get hostPath(): string | undefined {
    return this.inner.hostPath
  }

  get lowerHostPath(): string | undefined {
    return this.inner.lowerHostPath
  }

  get descriptor(): number | undefined {
    return this.inner.descriptor
  }

  is(other: Vnode): boolean {
    return other instanceof QuotaNode && this.inner.is(other.inner)
  }

  stat(): StatRecord {
    return this.inner.stat()
  }

  change(change: AttributeChange): void {
    this.inner.change(change)
  }

  truncate(size: number, touch: boolean): void {
    resize(this.driver.quota, this.inner.stat(), size)
    this.inner.truncate(size, touch)
  }

  open(flags: number): OpenFile {
    return new QuotaFile(this, this.inner.open(flags))
  }

  readlink(): string {
    return this.inner.readlink()
  }

  lookup(name: string): QuotaNode | undefined {
    const found = this.inner.lookup(name)
    return found === undefined ? undefined : new QuotaNode(this.driver, found)
  }

  entries(): DirectoryEntry[] {
    return this.inner.entries()
  }

  isEmpty(): boolean {
    return this.inner.isEmpty()
  }

  create(name: string, init: NodeInit): QuotaNode {
    const { quota } = this.driver
    quota.takeInode()
    try {
      return new QuotaNode(this.driver, this.inner.create(name, init))
    } catch (error) {
      quota.giveInode()
      throw error
    }
  }

  link(name: string, node: Vnode): void {
    this.inner.link(name, (node as QuotaNode).inner)
  }

  remove(name: string, node: Vnode): void {
    const { inner } = node as QuotaNode
    const record = inner.stat()
    this.inner.remove(name, inner)
    this.#giveBack(record)
  }

  rename(name: string, node: Vnode, toDirectory: Vnode, toName: string, replaced: Vnode | undefined): void {
    const record = (replaced as QuotaNode | undefined)?.inner.stat()
    const { inner } = node as QuotaNode
    this.inner.rename(name, inner, (toDirectory as QuotaNode).inner, toName, (replaced as QuotaNode | undefined)?.inner)
    if (record !== undefined) this.#giveBack(record)
  }

  /** What a name led to that is gone. What is open without a name counts no more. */
  #giveBack({ mode, nlink, size }: StatRecord): void {
    const type = mode & fileType.mask
    if (nlink > 1 && type !== fileType.directory) return
    this.driver.quota.giveInode()
    if (type === fileType.file) this.driver.quota.giveBlocks(blocksOf(size))
  }
}

/** Makes a file larger or smaller. @throws Errno ENOSPC */
function resize(quota: Quota, { nlink, size: old }: StatRecord, size: number): void {
  if (nlink === 0) return
  const wanted = blocksOf(size) - blocksOf(old)
  if (wanted <= 0) return quota.giveBlocks(-wanted)
  const taken = quota.takeBlocks(wanted)
  if (taken === wanted) return
  quota.giveBlocks(taken)
  throw Errno.of('ENOSPC')
}

class QuotaFile implements OpenFile {
  readonly node: QuotaNode
  /** None: what is written there would not be counted. */
  readonly hostFd = undefined
  readonly detached = false
  readonly handover = 0
  readonly #file: OpenFile

  constructor(node: QuotaNode, file: OpenFile) {
    this.node = node
    this.#file = file
  }

  get stream(): boolean {
    return this.#file.stream
  }

  position(): number {
    return 0
  }

  read(length: number, position: number, into?: Uint8Array): Uint8Array {
    return this.#file.read(length, position, into)
  }

  write(data: Uint8Array, position: number): number {
    if (this.stream || data.length === 0) return this.#file.write(data, position)
    const length = this.#take(position, data.length)
    return this.#file.write(length === data.length ? data : data.subarray(0, length), position)
  }

  room(length: number): number {
    return this.stream || length === 0 ? length : this.#take(this.#file.stat().size, length)
  }

  append(data: Uint8Array, position: number): number {
    if (this.stream) return this.#file.append(data, position)
    const { size } = this.#file.stat()
    // Its room has been taken.
    return size + this.#file.write(data, size)
  }

  stat(): StatRecord {
    return this.#file.stat()
  }

  change(change: AttributeChange): void {
    this.#file.change(change)
  }

  truncate(size: number): void {
    resize(this.node.driver.quota, this.#file.stat(), size)
    this.#file.truncate(size)
  }

  sync(): void {
    this.#file.sync()
  }

  close(): void {
    this.#file.close()
  }

  /** Takes the blocks by which a write makes the file larger. @returns how many bytes fit */
  #take(position: number, length: number): number {
    const { size, nlink } = this.#file.stat()
    if (nlink === 0) return length
    const wanted = blocksOf(position + length) - blocksOf(size)
    if (wanted <= 0) return length
    const taken = this.node.driver.quota.takeBlocks(wanted)
    if (taken === wanted) return length
    const fitting = (blocksOf(size) + taken) * BLOCK - position
    if (fitting > 0) return fitting
    this.node.driver.quota.giveBlocks(taken)
    throw Errno.of('ENOSPC')
  }
}

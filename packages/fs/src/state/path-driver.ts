/** Mounts a file system that knows its files by path alone. */
import { Errno } from '../types.ts'
import type { DirectoryEntry, StatFsRecord, StatRecord } from '../types.ts'
import type { PathFile, PathFs } from './path-fs.ts'
import { fileType, O_ACCMODE } from './vnode.ts'
import type { AttributeChange, Driver, NodeInit, OpenFile, Vnode } from './vnode.ts'

/** What a driver over a {@link PathFs} depends on. */
export interface PathDriverOptions {
  /** `st_dev` of everything in it. */
  readonly dev: number
  readonly files: PathFs
  /** Which directory is mounted. */
  readonly path: string
  readonly writable: boolean
}

export class PathDriver implements Driver {
  readonly dev: number
  readonly files: PathFs
  readonly root: PathNode
  readonly writable: boolean
  readonly holdsModules = true
  readonly identityMapped = false

  /** @throws Errno ENOENT, ENOTDIR when there is no such directory */
  constructor(options: PathDriverOptions) {
    this.dev = options.dev
    this.files = options.files
    this.writable = options.writable && options.files.writable
    const { path } = options
    const record = this.files.lstat(path)
    if (record === undefined) throw Errno.of('ENOENT')
    if ((record.mode & fileType.mask) !== fileType.directory) throw Errno.of('ENOTDIR')
    this.root = new PathNode(this, path.endsWith('/') ? path.slice(0, -1) : path, record)
  }

  statfs(node: Vnode): StatFsRecord {
    return this.files.statfs((node as PathNode).path)
  }

  [Symbol.dispose](): void {
    this.files[Symbol.dispose]()
  }
}

class PathNode implements Vnode {
  readonly driver: PathDriver
  readonly hostPath = undefined
  readonly hostWritable = false
  readonly lowerHostPath = undefined
  readonly descriptor = undefined
  /** Without a slash at the end: empty for the root. */
  readonly #path: string
  /** What was there when it was looked up. */
  readonly #record: StatRecord

  constructor(driver: PathDriver, path: string, record: StatRecord) {
    this.driver = driver
    this.#path = path
    this.#record = record
  }

  get path(): string {
    return this.#path === '' ? '/' : this.#path
  }

  get type(): number {
    return this.#record.mode & fileType.mask
  }

  get mode(): number {
    return this.#record.mode
  }

  get uid(): number {
    return this.#record.uid
  }

  get gid(): number {
    return this.#record.gid
  }

  is(other: Vnode): boolean {
    return other instanceof PathNode && other.driver === this.driver && other.#record.ino === this.#record.ino
  }

  stat(): StatRecord {
    const record = this.driver.files.lstat(this.path)
    if (record === undefined) throw Errno.of('ENOENT')
    return { ...record, dev: this.driver.dev }
  }

  change(change: AttributeChange): void {
    this.driver.files.change(this.path, change, this.#record)
  }

  truncate(size: number): void {
    this.driver.files.truncate(this.path, size)
  }

  open(flags: number): OpenFile {
    const { type } = this
    if (type === fileType.socket || type === fileType.fifo) throw Errno.of('ENXIO')
    const isOpened = type !== fileType.directory && type !== fileType.link
    return new OpenPathFile(
      this,
      isOpened ? this.driver.files.open(this.path, (flags & O_ACCMODE) !== 0) : undefined,
      type === fileType.character,
    )
  }

  readlink(): string {
    return this.driver.files.readlink(this.path)
  }

  lookup(name: string): PathNode | undefined {
    const path = `${this.#path}/${name}`
    const record = this.driver.files.lstat(path)
    return record === undefined ? undefined : new PathNode(this.driver, path, record)
  }

  entries(): DirectoryEntry[] {
    return this.driver.files.readdir(this.path)
  }

  isEmpty(): boolean {
    return this.entries().length === 0
  }

  create(name: string, init: NodeInit): PathNode {
    this.driver.files.create(`${this.#path}/${name}`, init)
    const node = this.lookup(name)
    if (node === undefined) throw Errno.of('ENOENT')
    return node
  }

  link(name: string, node: Vnode): void {
    this.driver.files.link((node as PathNode).path, `${this.#path}/${name}`)
  }

  remove(name: string, node: Vnode): void {
    const path = `${this.#path}/${name}`
    if (node.type === fileType.directory) this.driver.files.rmdir(path)
    else this.driver.files.unlink(path)
  }

  rename(name: string, _node: Vnode, toDirectory: Vnode, toName: string): void {
    this.driver.files.rename(`${this.#path}/${name}`, `${(toDirectory as PathNode).#path}/${toName}`)
  }
}

class OpenPathFile implements OpenFile {
  readonly node: PathNode
  readonly hostFd = undefined
  readonly detached = false
  readonly handover = 0
  readonly stream: boolean
  /** Directories and links are not opened. */
  readonly #file: PathFile | undefined

  constructor(node: PathNode, file: PathFile | undefined, stream: boolean) {
    this.node = node
    this.#file = file
    this.stream = stream
  }

  position(): number {
    return 0
  }

  read(length: number, position: number): Uint8Array {
    if (this.#file === undefined) throw Errno.of('EBADF')
    return this.#file.read(length, position)
  }

  write(data: Uint8Array, position: number): number {
    if (this.#file === undefined) throw Errno.of('EBADF')
    return data.length === 0 ? 0 : this.#file.write(data, position)
  }

  append(data: Uint8Array): number {
    let end = this.stat().size
    for (let rest = data; rest.length > 0;) {
      const count = this.write(rest, end)
      end += count
      rest = rest.subarray(count)
    }
    return end
  }

  stat(): StatRecord {
    return this.#file === undefined ? this.node.stat() : { ...this.#file.stat(), dev: this.node.driver.dev }
  }

  change(change: AttributeChange): void {
    if (this.#file === undefined) this.node.change(change)
    else this.#file.change(change)
  }

  truncate(size: number): void {
    this.#file?.truncate(size)
  }

  sync(): void {
    this.#file?.sync()
  }

  close(): void {
    this.#file?.close()
  }
}

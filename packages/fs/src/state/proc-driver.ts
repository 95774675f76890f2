/** A synthetic `/proc`: a tree that is made as it is looked at. */
import { Errno } from '../types.ts'
import type { DirectoryEntry, StatFsRecord, StatRecord } from '../types.ts'
import type { ProcEntry } from './proc-entry.ts'
import type { ProcProcess, ProcSource } from './proc-facts.ts'
import { createProcTree } from './proc-tree.ts'
import { fileType } from './vnode.ts'
import type { AttributeChange, Driver, OpenFile, Vnode } from './vnode.ts'
import type { Place } from './walk.ts'

/** @source Linux `PROC_SUPER_MAGIC` */
const PROC_MAGIC = 0x9fa0
/** @source Linux `fs/proc/generic.c`: PROC_DYNAMIC_FIRST */
const FIRST_INO = 0xf0000000

const types = { directory: fileType.directory, file: fileType.file, link: fileType.link } as const

/** What a driver depends on. */
export interface ProcDriverOptions {
  /** `st_dev` of everything in it. */
  readonly dev: number
  readonly source: ProcSource
}

export class ProcDriver implements Driver {
  readonly root: ProcNode
  readonly dev: number
  readonly writable = true
  readonly holdsModules = false
  readonly identityMapped = false
  readonly source: ProcSource
  /** Inode numbers by path: the same ones whoever looks. */
  readonly inos: Map<string, number>

  /** @param caller - who looks: to whom `self` leads */
  constructor(options: ProcDriverOptions, caller?: ProcProcess, inos = new Map<string, number>()) {
    this.dev = options.dev
    this.source = options.source
    this.inos = inos
    this.root = new ProcNode(this, '', createProcTree(options.source, caller))
  }

  /** The same files as a process sees them. */
  seenBy(caller: ProcProcess): ProcDriver {
    return new ProcDriver(this, caller, this.inos)
  }

  statfs(): StatFsRecord {
    return { type: PROC_MAGIC, bsize: 4096, blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0 }
  }

  [Symbol.dispose](): void {}
}

class ProcNode implements Vnode {
  readonly driver: ProcDriver
  readonly hostPath = undefined
  readonly hostWritable = false
  readonly lowerHostPath = undefined
  readonly descriptor = undefined
  readonly #path: string
  readonly #entry: ProcEntry

  constructor(driver: ProcDriver, path: string, entry: ProcEntry) {
    this.driver = driver
    this.#path = path
    this.#entry = entry
  }

  get type(): number {
    return types[this.#entry.kind]
  }

  get mode(): number {
    return this.type | this.#entry.mode
  }

  get uid(): number {
    return this.#entry.owner?.uid ?? 0
  }

  get gid(): number {
    return this.#entry.owner?.gid ?? 0
  }

  is(other: Vnode): boolean {
    return other instanceof ProcNode && other.#path === this.#path
  }

  stat(): StatRecord {
    const { inos, dev, source } = this.driver
    let ino = inos.get(this.#path)
    if (ino === undefined) inos.set(this.#path, (ino = FIRST_INO + inos.size))
    const now = source.nowNs()
    const entry = this.#entry
    return {
      dev,
      ino,
      mode: this.mode,
      nlink: entry.kind === 'directory' ? 2 + this.entries().filter(isDirectory).length : 1,
      uid: this.uid,
      gid: this.gid,
      rdev: 0,
      size: entry.kind === 'link' ? (entry.size ?? 0) : 0,
      blksize: 1024,
      blocks: 0,
      atimeNs: now,
      mtimeNs: now,
      ctimeNs: now,
      birthtimeNs: 0n,
    }
  }

  change(_change: AttributeChange): void {
    throw Errno.of('EPERM')
  }

  /** Nothing is kept that could be cut. */
  truncate(): void {}

  open(): OpenFile {
    return new ProcOpenFile(this, this.#entry)
  }

  readlink(): string {
    return this.#entry.kind === 'link' ? this.#entry.target() : ''
  }

  jump(from: Place): Place | undefined {
    return this.#entry.kind === 'link' ? this.#entry.jump?.(from) : undefined
  }

  lookup(name: string): ProcNode | undefined {
    const entry = this.#entry.kind === 'directory' ? this.#entry.lookup(name) : undefined
    return entry === undefined ? undefined : new ProcNode(this.driver, `${this.#path}/${name}`, entry)
  }

  entries(): DirectoryEntry[] {
    if (this.#entry.kind !== 'directory') throw Errno.of('ENOTDIR')
    return this.#entry.names().flatMap((name) => {
      const found = this.lookup(name)
      return found === undefined ? [] : { name, type: found.type }
    })
  }

  /** That something cannot be removed is said by `remove`. */
  isEmpty(): boolean {
    return true
  }

  create(): never {
    throw Errno.of('ENOENT')
  }

  link(): never {
    throw Errno.of('ENOENT')
  }

  remove(): never {
    throw Errno.of('EPERM')
  }

  rename(): never {
    throw Errno.of('ENOENT')
  }
}

function isDirectory({ type }: DirectoryEntry): boolean {
  return type === fileType.directory
}

class ProcOpenFile implements OpenFile {
  readonly node: ProcNode
  readonly hostFd = undefined
  readonly detached = false
  readonly handover = 0
  readonly stream = false
  readonly #entry: ProcEntry
  #text: Uint8Array | undefined

  constructor(node: ProcNode, entry: ProcEntry) {
    this.node = node
    this.#entry = entry
  }

  position(): number {
    return 0
  }

  read(length: number, position: number): Uint8Array {
    if (this.#entry.kind !== 'file') throw Errno.of('EISDIR')
    // Reading from the beginning again shows what is so now.
    if (position === 0 || this.#text === undefined) this.#text = new TextEncoder().encode(this.#entry.read())
    return this.#text.slice(position, position + length)
  }

  write(data: Uint8Array): number {
    if (this.#entry.kind !== 'file' || this.#entry.write === undefined) throw Errno.of('EIO')
    this.#entry.write(new TextDecoder().decode(data))
    return data.length
  }

  append(data: Uint8Array): number {
    return this.write(data)
  }

  stat(): StatRecord {
    return this.node.stat()
  }

  change(): never {
    throw Errno.of('EPERM')
  }

  truncate(): void {}

  sync(): void {
    throw Errno.of('EINVAL')
  }

  close(): void {}
}

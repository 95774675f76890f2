/** Any object with functions of `node:fs`, as a file system. */
import { linux } from '@libvisor/abi'
import type { ErrnoCode } from '@libvisor/abi'
import { callNativeSync } from '@libvisor/core'
import { Errno } from '../types.ts'
import type { DirectoryEntry, StatFsRecord, StatRecord } from '../types.ts'
import { encodeName } from './name-bytes.ts'
import type { NodeFsFunction, NodeFsObject } from './node-fs-object.ts'
import type { PathFile, PathFs } from './path-fs.ts'
import { fileType } from './vnode.ts'
import type { AttributeChange, NodeInit } from './vnode.ts'

/** What objects say of a file, in numbers or bigints, and as much as they know. */
type LooseStats = Readonly<
  Partial<Record<keyof StatRecord | 'atimeMs' | 'birthtimeMs' | 'ctimeMs' | 'mtimeMs', bigint | number>>
>

/** What a file system that has no such function fails with. ENOSYS for all others. @source link(2), symlink(2), chmod(2) */
const lacking: Partial<Record<NodeFsFunction, ErrnoCode>> = {
  chmodSync: 'ENOTSUP',
  chownSync: 'ENOTSUP',
  fchmodSync: 'ENOTSUP',
  fchownSync: 'ENOTSUP',
  futimesSync: 'ENOTSUP',
  lchownSync: 'ENOTSUP',
  linkSync: 'EPERM',
  lutimesSync: 'ENOTSUP',
  symlinkSync: 'EPERM',
  utimesSync: 'ENOTSUP',
}

/** Codes of Node's own that say that a file system cannot do something. */
const otherCodes: Readonly<Record<string, ErrnoCode>> = {
  ERR_FEATURE_UNAVAILABLE_ON_PLATFORM: 'ENOSYS',
  ERR_METHOD_NOT_IMPLEMENTED: 'ENOSYS',
}

/** Makes an object a file system that knows its files by path. */
export class NodeFsFiles implements PathFs {
  readonly writable: boolean
  readonly #object: NodeFsObject
  /** Inode numbers of an object that gives none, by path. */
  readonly #inos = new Map<string, number>()
  #lastIno = 0

  constructor(object: NodeFsObject) {
    this.#object = object
    const isReadOnly = (object as { readonly readonly?: unknown }).readonly === true
    this.writable = !isReadOnly && (this.has('writeSync') || this.has('writeFileSync'))
  }

  /** Whether the object has a function. */
  has(name: NodeFsFunction): boolean {
    return typeof this.#object[name] === 'function'
  }

  /**
   * Calls a function of the object. It may use the host's files.
   *
   * @throws Errno what it fails with; EIO for what is no error of a file system
   */
  call<Result>(name: NodeFsFunction, ...args: readonly unknown[]): Result {
    const fn = this.#object[name] as ((...args: readonly unknown[]) => Result) | undefined
    if (typeof fn !== 'function') throw Errno.of(lacking[name] ?? 'ENOSYS')
    try {
      return callNativeSync(() => Reflect.apply(fn, this.#object, args) as Result)
    } catch (error) {
      throw toErrno(error)
    }
  }

  lstat(path: string): StatRecord | undefined {
    try {
      const stats = this.call<LooseStats | undefined>('lstatSync', encodable(path), {
        bigint: true,
        throwIfNoEntry: false,
      })
      return stats === undefined ? undefined : this.toRecord(stats, path)
    } catch (error) {
      const { code } = error as Errno
      if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EILSEQ') return undefined
      throw error
    }
  }

  statfs(path: string): StatFsRecord {
    if (!this.has('statfsSync')) return { type: 0, bsize: 4096, blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0 }
    const { type, bsize, blocks, bfree, bavail, files, ffree } = this.call<StatFsRecord>('statfsSync', path)
    return { type, bsize, blocks, bfree, bavail, files, ffree }
  }

  readdir(path: string): DirectoryEntry[] {
    const names = this.call<readonly string[]>('readdirSync', path)
    const prefix = path === '/' ? '/' : `${path}/`
    return names.flatMap((name) => {
      const record = this.lstat(prefix + name)
      return record === undefined ? [] : { name, type: record.mode & fileType.mask }
    })
  }

  readlink(path: string): string {
    return String(this.call<unknown>('readlinkSync', path))
  }

  open(path: string, writes: boolean): PathFile {
    const opens = this.has('openSync') && this.has('readSync') && this.has('closeSync')
    if (opens && (!writes || this.has('writeSync'))) {
      return new ObjectFile(this, path, this.call('openSync', path, writes ? 'r+' : 'r'))
    }
    return new WholeFile(this, path)
  }

  create(path: string, init: NodeInit): void {
    const mode = init.mode & 0o7777
    const name = encodable(path)
    switch (init.mode & fileType.mask) {
      case fileType.directory:
        this.call('mkdirSync', name, { mode })
        break
      case fileType.link:
        this.call('symlinkSync', init.target ?? '', name)
        break
      case fileType.file:
        this.call('writeFileSync', name, new Uint8Array(0), { mode })
        break
      default:
        throw Errno.of('EPERM')
    }
    const made = this.lstat(path)
    if (made !== undefined) this.#adjust(path, made, init)
  }

  link(existing: string, path: string): void {
    this.call('linkSync', existing, encodable(path))
  }

  unlink(path: string): void {
    this.call('unlinkSync', path)
    this.#inos.delete(path)
  }

  rmdir(path: string): void {
    this.call('rmdirSync', path)
    this.#inos.delete(path)
  }

  rename(from: string, to: string): void {
    const target = isOfMemfs(this.#object) ? this.#targetOf(from) : undefined
    if (target === undefined) {
      this.call('renameSync', from, encodable(to))
    } else {
      // memfs moves what a link leads to.
      if (this.lstat(to) !== undefined) this.call('unlinkSync', to)
      this.call('symlinkSync', target, encodable(to))
      this.call('unlinkSync', from)
    }
    if (this.#inos.size === 0) return
    const moved = [...this.#inos].filter(([path]) => path === from || path.startsWith(`${from}/`))
    for (const [path] of moved) this.#inos.delete(path)
    for (const [path, ino] of moved) this.#inos.set(to + path.slice(from.length), ino)
  }

  change(path: string, { mode, uid, gid, atimeNs, mtimeNs }: AttributeChange, record: StatRecord): void {
    const isLink = (record.mode & fileType.mask) === fileType.link
    if (uid !== undefined || gid !== undefined) {
      this.call(isLink ? 'lchownSync' : 'chownSync', path, uid ?? record.uid, gid ?? record.gid)
    }
    if (mode !== undefined && !isLink) this.call('chmodSync', path, mode & 0o7777)
    if (atimeNs === undefined && mtimeNs === undefined) return
    const now = this.lstat(path) ?? record
    this.call(
      isLink ? 'lutimesSync' : 'utimesSync',
      path,
      seconds(atimeNs ?? now.atimeNs),
      seconds(mtimeNs ?? now.mtimeNs),
    )
  }

  truncate(path: string, size: number): void {
    const file = this.open(path, true)
    try {
      file.truncate(size)
    } finally {
      file.close()
    }
  }

  toRecord(stats: LooseStats, path: string): StatRecord {
    const mode = Number(stats.mode ?? 0)
    const size = Number(stats.size ?? 0)
    const isDirectory = (mode & fileType.mask) === fileType.directory
    return {
      dev: 0,
      ino: Number(stats.ino ?? 0) || this.#inoOf(path),
      mode,
      nlink: Number(stats.nlink ?? (isDirectory ? 2 : 1)),
      uid: Number(stats.uid ?? 0),
      gid: Number(stats.gid ?? 0),
      rdev: Number(stats.rdev ?? 0),
      size,
      blksize: Number(stats.blksize ?? 4096),
      blocks: Number(stats.blocks ?? Math.ceil(size / 512)),
      atimeNs: toNs(stats.atimeNs, stats.atimeMs),
      mtimeNs: toNs(stats.mtimeNs, stats.mtimeMs),
      ctimeNs: toNs(stats.ctimeNs, stats.ctimeMs),
      birthtimeNs: toNs(stats.birthtimeNs, stats.birthtimeMs),
    }
  }

  [Symbol.dispose](): void {
    this.#inos.clear()
  }

  #inoOf(path: string): number {
    let ino = this.#inos.get(path)
    if (ino === undefined) this.#inos.set(path, (ino = ++this.#lastIno))
    return ino
  }

  /** The text of a link; `undefined` for anything else. */
  #targetOf(path: string): string | undefined {
    const record = this.lstat(path)
    return record !== undefined && (record.mode & fileType.mask) === fileType.link ? this.readlink(path) : undefined
  }

  /** Gives what was made the mode and owner that it must have, where the object can. */
  #adjust(path: string, made: StatRecord, { mode, uid, gid }: NodeInit): void {
    const isLink = (mode & fileType.mask) === fileType.link
    const owner = isLink ? 'lchownSync' : 'chownSync'
    if ((made.uid !== uid || made.gid !== gid) && this.has(owner)) this.call(owner, path, uid, gid)
    if (!isLink && made.mode !== mode && this.has('chmodSync')) this.call('chmodSync', path, mode & 0o7777)
  }
}

/** A file that the object has open. */
class ObjectFile implements PathFile {
  readonly #files: NodeFsFiles
  readonly #path: string
  readonly #fd: unknown

  constructor(files: NodeFsFiles, path: string, fd: unknown) {
    this.#files = files
    this.#path = path
    this.#fd = fd
  }

  read(length: number, position: number): Uint8Array {
    const wanted = length > 65536 ? Math.min(length, Math.max(1, this.stat().size - position)) : length
    // Objects read into Buffers, as they are used to.
    const buffer = Buffer.alloc(wanted)
    const count = this.#files.call<number>('readSync', this.#fd, buffer, 0, wanted, position)
    return new Uint8Array(buffer.subarray(0, count))
  }

  write(data: Uint8Array, position: number): number {
    return this.#files.call('writeSync', this.#fd, data, 0, data.length, position)
  }

  stat(): StatRecord {
    return this.#files.toRecord(this.#files.call('fstatSync', this.#fd, { bigint: true }), this.#path)
  }

  change({ mode, uid, gid, atimeNs, mtimeNs }: AttributeChange): void {
    const now = this.stat()
    if (uid !== undefined || gid !== undefined) {
      this.#files.call('fchownSync', this.#fd, uid ?? now.uid, gid ?? now.gid)
    }
    if (mode !== undefined) this.#files.call('fchmodSync', this.#fd, mode & 0o7777)
    if (atimeNs === undefined && mtimeNs === undefined) return
    this.#files.call('futimesSync', this.#fd, seconds(atimeNs ?? now.atimeNs), seconds(mtimeNs ?? now.mtimeNs))
  }

  truncate(size: number): void {
    this.#files.call('ftruncateSync', this.#fd, size)
  }

  sync(): void {
    if (this.#files.has('fsyncSync')) this.#files.call('fsyncSync', this.#fd)
  }

  close(): void {
    this.#files.call('closeSync', this.#fd)
  }
}

/** A file of an object that can only read and write whole files. It is gone with its name. */
class WholeFile implements PathFile {
  readonly #files: NodeFsFiles
  readonly #path: string

  constructor(files: NodeFsFiles, path: string) {
    this.#files = files
    this.#path = path
  }

  read(length: number, position: number): Uint8Array {
    // Not `slice`, with which a Buffer gives a view of itself.
    return new Uint8Array(this.#content().subarray(position, position + length))
  }

  write(data: Uint8Array, position: number): number {
    const old = this.#content()
    const content = new Uint8Array(Math.max(old.length, position + data.length))
    content.set(old)
    content.set(data, position)
    this.#replace(content)
    return data.length
  }

  stat(): StatRecord {
    const record = this.#files.lstat(this.#path)
    if (record === undefined) throw Errno.of('ENOENT')
    return record
  }

  change(change: AttributeChange): void {
    this.#files.change(this.#path, change, this.stat())
  }

  truncate(size: number): void {
    const old = this.#content()
    const content = new Uint8Array(size)
    content.set(old.subarray(0, size))
    this.#replace(content)
  }

  sync(): void {}

  close(): void {}

  #content(): Uint8Array {
    return this.#files.call('readFileSync', this.#path)
  }

  #replace(content: Uint8Array): void {
    this.#files.call('writeFileSync', this.#path, Buffer.from(content.buffer, content.byteOffset, content.length))
  }
}

/** A path as an object can take it. @throws Errno EILSEQ for a name that is not UTF-8 */
function encodable(path: string): string {
  const encoded = encodeName(path)
  if (typeof encoded !== 'string') throw Errno.of('EILSEQ')
  return encoded
}

/** Whether an object is a volume of memfs, or the functions of one. */
function isOfMemfs(object: object): boolean {
  return '__vol' in object || object.constructor.name === 'Volume'
}

function toErrno(error: unknown): Errno {
  const code = String((error as { readonly code?: unknown } | null)?.code)
  return Errno.of(otherCodes[code] ?? (Object.hasOwn(linux.errno, code) ? (code as ErrnoCode) : 'EIO'))
}

function toNs(ns: bigint | number | undefined, ms: bigint | number | undefined): bigint {
  if (ns !== undefined) return BigInt(ns)
  if (typeof ms === 'bigint') return ms * 1_000_000n
  return BigInt(Math.round((ms ?? 0) * 1e6))
}

function seconds(ns: bigint): number {
  return Number(ns) / 1e9
}

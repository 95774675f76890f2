import { linuxFsConstants } from '@libvisor/abi'
import type { Channel, Stdio } from '@libvisor/core'
import { Errno } from '../types.ts'
import type { StatRecord } from '../types.ts'
import { toRecord } from './host-directory.ts'
import type { HostFs } from './host-fs.ts'
import { fileType, O_ACCMODE } from './vnode.ts'
import type { OpenFile } from './vnode.ts'

const { O_APPEND, O_RDONLY, O_RDWR, O_WRONLY } = linuxFsConstants

/** The first descriptor that `open` gives: the ones before are the guest's stdio. */
const FIRST = 3

/** What a file must offer to be a descriptor: files of drivers, and channels. */
export type DescriptorFile = Omit<OpenFile, 'node'> & Partial<Pick<OpenFile, 'node'>>

/** An open file description. */
export class Description {
  readonly file: DescriptorFile
  readonly flags: number
  /** Where it was opened; for watchers. */
  readonly place: { readonly path: string }
  /** The next position, or -1 where there is none, or while the host's descriptor has it. */
  position: number

  constructor(file: DescriptorFile, flags: number, place: { readonly path: string }) {
    this.file = file
    this.flags = flags
    this.place = place
    this.position = file.hostFd === undefined && !file.stream ? 0 : -1
  }

  get readable(): boolean {
    return (this.flags & O_ACCMODE) !== O_WRONLY
  }

  get writable(): boolean {
    return (this.flags & O_ACCMODE) !== O_RDONLY
  }

  read(length: number, position: number, into?: Uint8Array): Uint8Array {
    if (!this.readable) throw Errno.of('EBADF')
    const { file } = this
    if (file.node?.type === fileType.directory) throw Errno.of('EISDIR')
    if (position !== -1) return file.read(length, position, into)
    const data = file.read(length, this.#own(), into)
    if (this.position !== -1) this.position += data.length
    return data
  }

  write(data: Uint8Array, position: number): number {
    if (!this.writable) throw Errno.of('EBADF')
    const { file } = this
    const own = this.#own()
    if ((this.flags & O_APPEND) !== 0) {
      const length = file.room?.(data.length) ?? data.length
      const end = file.append(length === data.length ? data : data.subarray(0, length), position)
      if (own !== -1 && position === -1) this.position = end
      return length
    }
    if (position !== -1) return file.write(data, position)
    const count = file.write(data, own)
    if (own !== -1) this.position += count
    return count
  }

  /** The position, taken over from a host's descriptor that has been given up. */
  #own(): number {
    if (this.position === -1 && this.file.hostFd === undefined && !this.file.stream) this.position = this.file.handover
    return this.position
  }
}

/** The descriptors of one process. */
export class DescriptorTable implements Disposable {
  readonly #open: (Description | undefined)[]
  readonly #limit: number
  /** No descriptor below it is free. */
  #firstFree = FIRST

  /** @param limit - as `RLIMIT_NOFILE` */
  constructor(stdio: Stdio, host: HostFs, limit: number) {
    this.#limit = limit
    this.#open = stdio.map((channel, fd) => {
      const flags = channel.kind === 'tty' ? O_RDWR : fd === 0 ? O_RDONLY : O_WRONLY
      return new Description(new ChannelFile(channel, host), flags, { path: `/dev/fd/${fd}` })
    })
  }

  /** The descriptors that are open, lowest first. */
  numbers(): number[] {
    return Array.from(this.#open.keys()).filter((fd) => this.#open[fd] !== undefined)
  }

  has(fd: number): boolean {
    return this.#open[fd] !== undefined
  }

  /** @throws Errno EBADF */
  get(fd: number): Description {
    const description = this.#open[fd]
    if (description === undefined) throw Errno.of('EBADF')
    return description
  }

  /** Whether there are as many as there may be. */
  get isFull(): boolean {
    return this.#firstFree >= this.#limit
  }

  /** @throws Errno EMFILE when there are too many; ask before opening */
  reserve(): void {
    if (this.isFull) throw Errno.of('EMFILE')
  }

  /** @returns the lowest free descriptor */
  add(description: Description): number {
    const fd = this.#firstFree
    this.#open[fd] = description
    let next = fd + 1
    while (this.#open[next] !== undefined) next++
    this.#firstFree = next
    return fd
  }

  /** @throws Errno EBADF */
  close(fd: number): void {
    const description = this.get(fd)
    this.#open[fd] = undefined
    if (fd >= FIRST && fd < this.#firstFree) this.#firstFree = fd
    description.file.close()
  }

  [Symbol.dispose](): void {
    const open = this.#open.splice(0)
    this.#firstFree = this.#limit
    for (const description of open) description?.file.close()
  }
}

/** A byte stream as a file. */
class ChannelFile implements DescriptorFile {
  readonly detached = false
  readonly handover = 0
  readonly stream = true
  readonly #channel: Channel
  readonly #host: HostFs

  constructor(channel: Channel, host: HostFs) {
    this.#channel = channel
    this.#host = host
  }

  get hostFd(): number | undefined {
    return this.#channel.hostFd
  }

  read(length: number, position: number): Uint8Array {
    if (position !== -1 && this.#channel.kind === 'pipe') throw Errno.of('ESPIPE')
    return this.#channel.readSync(length)
  }

  write(data: Uint8Array, position: number): number {
    if (position !== -1 && this.#channel.kind === 'pipe') throw Errno.of('ESPIPE')
    return this.#channel.writeSync(data)
  }

  position(): number {
    return 0
  }

  append(data: Uint8Array): number {
    this.#channel.writeSync(data)
    return -1
  }

  stat(): StatRecord {
    const { hostFd, kind } = this.#channel
    if (hostFd !== undefined) return toRecord(this.#host.fstatBig(hostFd))
    const mode = {
      tty: fileType.character | 0o620,
      null: fileType.character | 0o666,
      pipe: fileType.fifo | 0o600,
      file: fileType.file | 0o600,
    }[kind]
    return {
      dev: 1,
      ino: 1,
      mode,
      nlink: 1,
      uid: 0,
      gid: 0,
      rdev: kind === 'tty' ? 0x8800 : kind === 'null' ? 0x103 : 0,
      size: 0,
      blksize: 4096,
      blocks: 0,
      atimeNs: 0n,
      mtimeNs: 0n,
      ctimeNs: 0n,
      birthtimeNs: 0n,
    }
  }

  change(): void {
    throw Errno.of('EPERM')
  }

  truncate(): void {
    throw Errno.of('EINVAL')
  }

  sync(): void {
    throw Errno.of('EINVAL')
  }

  /** The channel stays open: it belongs to whoever made the process. */
  close(): void {}
}

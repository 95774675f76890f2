/** The open files of a process, as links and as text. */
import { linuxFsConstants } from '@libvisor/abi'
import { Errno } from '../types.ts'
import type { StatRecord } from '../types.ts'
import type { Description, DescriptorTable } from './descriptors.ts'
import type { ProcLink } from './proc-entry.ts'
import type { ProcProcess } from './proc-facts.ts'
import { fileType, O_ACCMODE } from './vnode.ts'
import type { Driver, OpenFile, Vnode } from './vnode.ts'
import { Place } from './walk.ts'

const { O_CREAT, O_EXCL, O_NOCTTY, O_RDWR, O_TRUNC, O_WRONLY } = linuxFsConstants

/**
 * Makes the link that stands for a descriptor in `/proc/self/fd`.
 *
 * @param process - whose it is
 * @param fd - of an open file
 */
export function createDescriptorLink({ identity, descriptors }: ProcProcess, fd: number): ProcLink {
  const description = descriptors.get(fd)
  const access = description.flags & O_ACCMODE
  const bits = access === O_RDWR ? 0o700 : access === O_WRONLY ? 0o300 : 0o500
  return {
    kind: 'link',
    mode: bits,
    owner: { uid: identity.uid, gid: identity.gid },
    size: 64,
    target: () => targetOf(description),
    jump(from) {
      if (description.file.node !== undefined && description.place instanceof Place) return description.place
      const node = new DescriptorNode(from.node.driver, identity, descriptors, fd)
      return new Place(from, targetOf(description), node, undefined)
    },
  }
}

/** The text of a link: a path, or what the file is without one. */
function targetOf({ file, place }: Description): string {
  if (file.node !== undefined) return file.stat().nlink === 0 ? `${place.path} (deleted)` : place.path
  const { mode, ino } = file.stat()
  const type = mode & fileType.mask
  if (type === fileType.fifo) return `pipe:[${ino}]`
  if (type === fileType.socket) return `socket:[${ino}]`
  if (type !== fileType.character) return `anon_inode:[file:${ino}]`
  return file.stat().rdev === NULL_DEVICE ? '/dev/null' : '/dev/pts/0'
}

/** `/dev/null`, 1:3. */
const NULL_DEVICE = 0x103

/** What `/proc/self/fdinfo` says. */
export function describeDescriptor(descriptors: DescriptorTable, fd: number): string {
  const { position, flags, file } = descriptors.get(fd)
  const at = position === -1 ? file.position() : position
  const shown = (flags & ~ONLY_FOR_OPEN) | LARGE_FILE | (fd > 2 ? CLOSE_ON_EXEC : 0)
  return `pos:\t${at}\nflags:\t0${shown.toString(8)}\nmnt_id:\t22\nino:\t${file.stat().ino}\n`
}

/** O_LARGEFILE, which the kernel sets on every file. */
const LARGE_FILE = 0o100000
/** O_CLOEXEC, which Node sets on what it opens. */
const CLOSE_ON_EXEC = 0o2000000
/** What says how a file is opened, and nothing of it afterwards. */
const ONLY_FOR_OPEN = O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC

/** An open stream that has no name: opening it gives the same stream. */
class DescriptorNode implements Vnode {
  readonly driver: Driver
  readonly hostPath = undefined
  readonly hostWritable = false
  readonly lowerHostPath = undefined
  readonly descriptor: number
  readonly uid: number
  readonly gid: number
  readonly #descriptors: DescriptorTable

  constructor(driver: Driver, owner: Pick<Vnode, 'gid' | 'uid'>, descriptors: DescriptorTable, fd: number) {
    this.driver = driver
    this.descriptor = fd
    this.uid = owner.uid
    this.gid = owner.gid
    this.#descriptors = descriptors
  }

  get mode(): number {
    return this.stat().mode
  }

  get type(): number {
    return this.mode & fileType.mask
  }

  is(other: Vnode): boolean {
    return other instanceof DescriptorNode && other.descriptor === this.descriptor
  }

  stat(): StatRecord {
    return this.#descriptors.get(this.descriptor).file.stat()
  }

  change(): never {
    throw Errno.of('EPERM')
  }

  truncate(): never {
    throw Errno.of('EINVAL')
  }

  open(): OpenFile {
    throw Errno.of('ENXIO')
  }

  readlink(): string {
    return ''
  }

  lookup(): undefined {
    return undefined
  }

  entries(): never {
    throw Errno.of('ENOTDIR')
  }

  isEmpty(): boolean {
    return true
  }

  create(): never {
    throw Errno.of('ENOTDIR')
  }

  link(): never {
    throw Errno.of('ENOTDIR')
  }

  remove(): never {
    throw Errno.of('EPERM')
  }

  rename(): never {
    throw Errno.of('EPERM')
  }
}

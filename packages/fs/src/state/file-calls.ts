/** The system calls on descriptors. */
import { linuxFsConstants } from '@libvisor/abi'
import { Errno } from '../types.ts'
import type { Syscalls } from '../types.ts'
import { isStored, modeChange, ownerChange, timesChange } from './attribute-calls.ts'
import type { Attributes } from './attribute-calls.ts'
import type { CallContext } from './call-context.ts'
import { Description } from './descriptors.ts'
import type { DescriptorTable } from './descriptors.ts'
import { access } from './permission.ts'
import { fileType, O_ACCMODE } from './vnode.ts'
import type { AttributeChange, OpenFile, Vnode } from './vnode.ts'
import { checkPath, Place } from './walk.ts'
import type { Walk } from './walk.ts'

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_TRUNC, O_WRONLY } = linuxFsConstants

type FileCall = 'close' | 'fchmod' | 'fchown' | 'fstat' | 'fsync' | 'ftruncate' | 'futimes' | 'open' | 'read' | 'write'

/** The bits of access(2) that an access mode of open(2) needs. */
function wanted(flags: number): number {
  const mode = flags & O_ACCMODE
  const bits = mode === O_RDONLY ? access.read : mode === O_WRONLY ? access.write : access.read | access.write
  return (flags & O_TRUNC) === 0 ? bits : bits | access.write
}

/**
 * Makes the system calls on descriptors.
 *
 * @param context - what they share with the process's others
 * @param descriptors - the process's
 */
export function createFileCalls(context: CallContext, descriptors: DescriptorTable): Pick<Syscalls, FileCall> {
  /** Makes a file for `open`, or finds the one that is there. */
  const findOrCreate = (path: string, flags: number, mode: number, walk: Walk): { place: Place; created: boolean } => {
    for (let at = walk.parent(path); ;) {
      if (at.last !== 'name') throw Errno.of((flags & O_EXCL) === 0 ? 'EISDIR' : 'EEXIST')
      if (at.slash) throw Errno.of('EISDIR')
      const place = at.directory.step(at.name)
      if (place === undefined) {
        context.demandCreate(at.directory)
        const { node } = at.directory
        const made = node.create(at.name, context.init(node, fileType.file, mode))
        context.renamed(at.directory, at.name)
        return { place: new Place(at.directory, at.name, made, undefined), created: true }
      }
      if ((flags & O_EXCL) !== 0) throw Errno.of('EEXIST')
      if (place.node.type !== fileType.link) return { place, created: false }
      if ((flags & O_NOFOLLOW) !== 0) throw Errno.of('ELOOP')
      const jumped = place.node.jump?.(at.directory)
      if (jumped !== undefined) return { place: jumped, created: false }
      at = walk.parent(walk.readlink(place), at.directory)
    }
  }

  const findExisting = (path: string, flags: number, walk: Walk): Place => {
    const place = walk.find(path, (flags & O_NOFOLLOW) === 0)
    if (place.node.type === fileType.link) throw Errno.of((flags & O_DIRECTORY) === 0 ? 'ELOOP' : 'ENOTDIR')
    return place
  }

  const openExisting = (node: Vnode, flags: number): OpenFile => {
    const writes = (flags & O_ACCMODE) !== O_RDONLY
    const isDirectory = node.type === fileType.directory
    if (isDirectory && (writes || (flags & (O_CREAT | O_TRUNC)) !== 0)) throw Errno.of('EISDIR')
    if ((flags & O_DIRECTORY) !== 0 && !isDirectory) throw Errno.of('ENOTDIR')
    context.demand(node, wanted(flags))
    if ((writes || (flags & O_TRUNC) !== 0) && !node.driver.writable && isStored(node)) throw Errno.of('EROFS')
    if ((flags & O_TRUNC) !== 0 && node.type === fileType.file) {
      node.truncate(0, true)
      context.written(node)
    }
    return node.open(flags & ~(O_CREAT | O_EXCL | O_TRUNC))
  }

  const change = (fd: number, decide: (node: Attributes) => AttributeChange): void => {
    const { file, place } = descriptors.get(fd)
    const { node } = file
    if (node === undefined) throw Errno.of('EPERM')
    if (!node.driver.writable) throw Errno.of('EROFS')
    // An inode of the host's is as it was when the file was opened: others may have changed it meanwhile, and so may this very descriptor.
    file.change(decide(file.stat()))
    if (context.feed.active) context.feed.emit('change', place.path)
  }

  return {
    open(path, flags, mode) {
      // Since Linux 6.4; before, it made a file.
      if ((flags & (O_CREAT | O_DIRECTORY)) === (O_CREAT | O_DIRECTORY)) throw Errno.of('EINVAL')
      checkPath(path, context.identity.cwd)
      descriptors.reserve()
      const walk = context.walk()
      const { place, created } =
        (flags & O_CREAT) === 0
          ? { place: findExisting(path, flags, walk), created: false }
          : findOrCreate(path, flags, mode, walk)
      const { node } = place
      if (node.descriptor !== undefined) {
        return descriptors.add(new Description(descriptors.get(node.descriptor).file, flags, place))
      }
      const file = created ? node.open(flags & ~(O_CREAT | O_EXCL | O_TRUNC)) : openExisting(node, flags)
      if (!created && (flags & O_TRUNC) !== 0) context.changed(place)
      return descriptors.add(new Description(file, flags, place))
    },

    close: (fd) => descriptors.close(fd),

    read: (fd, length, position, into) => descriptors.get(fd).read(length, position, into),

    write(fd, data, position) {
      const description = descriptors.get(fd)
      const { file } = description
      const count = description.write(data, position)
      if (count > 0 && file.node !== undefined) context.written(file.node, file)
      if (context.feed.active && count > 0) context.feed.emit('change', description.place.path)
      return count
    },

    fstat: (fd) => descriptors.get(fd).file.stat(),

    ftruncate(fd, size) {
      const { file, place, writable } = descriptors.get(fd)
      if (!writable || size < 0 || (file.node !== undefined && file.node.type !== fileType.file)) {
        throw Errno.of('EINVAL')
      }
      file.truncate(size)
      if (file.node !== undefined) context.written(file.node, file)
      if (context.feed.active) context.feed.emit('change', place.path)
    },

    fsync: (fd) => descriptors.get(fd).file.sync(),

    fchmod: (fd, mode) => change(fd, (node) => modeChange(node, mode, context.identity)),

    fchown: (fd, uid, gid) => change(fd, (node) => ownerChange(node, uid, gid, context.identity)),

    futimes: (fd, atimeNs, mtimeNs) => change(fd, (node) => timesChange(node, atimeNs, mtimeNs, context.identity)),
  }
}

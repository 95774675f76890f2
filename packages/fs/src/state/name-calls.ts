/** The system calls that make, move and remove names. */
import { Errno } from '../types.ts'
import type { Syscalls } from '../types.ts'
import type { CallContext } from './call-context.ts'
import { access, demandLinkable } from './permission.ts'
import { fileType, PATH_MAX, byteLength } from './vnode.ts'
import type { Vnode } from './vnode.ts'
import type { Parent, Place } from './walk.ts'

type NameCall = 'link' | 'mkdir' | 'mksock' | 'rename' | 'rmdir' | 'symlink' | 'unlink'

/**
 * Makes the system calls that change names.
 *
 * @param context - what they share with the process's others
 */
export function createNameCalls(context: CallContext): Pick<Syscalls, NameCall> {
  /** Checks that a name is free and may be made. */
  const demandFree = (at: Parent, slash: 'allowed' | 'refused'): void => {
    if (at.last !== 'name') throw Errno.of('EEXIST')
    if (at.directory.step(at.name) !== undefined) throw Errno.of('EEXIST')
    if (at.slash && slash === 'refused') throw Errno.of('ENOENT')
    context.demandCreate(at.directory)
  }

  const make = (path: string, type: number, mode: number, target?: string): void => {
    const at = context.parent(path)
    demandFree(at, type === fileType.directory ? 'allowed' : 'refused')
    at.directory.node.create(at.name, context.init(at.directory.node, type, mode, target))
    context.renamed(at.directory, at.name)
  }

  return {
    mkdir(path, mode) {
      make(path, fileType.directory, mode & 0o1777)
    },

    symlink(target, path) {
      if (target === '') throw Errno.of('ENOENT')
      if (byteLength(target) >= PATH_MAX) throw Errno.of('ENAMETOOLONG')
      make(path, fileType.link, 0o777, target)
    },

    mksock(path) {
      const at = context.parent(path)
      if (at.last !== 'name' || at.directory.step(at.name) !== undefined) throw Errno.of('EADDRINUSE')
      make(path, fileType.socket, 0o777)
    },

    link(existing, path) {
      const source = context.find(existing, false)
      const at = context.parent(path)
      if (at.last === 'name' && at.directory.node.driver !== source.node.driver) {
        if (at.directory.step(at.name) !== undefined) throw Errno.of('EEXIST')
        throw Errno.of('EXDEV')
      }
      if (at.last === 'name' && at.directory.step(at.name) === undefined) {
        demandLinkable(source.node, context.identity, context.hostUid)
      }
      demandFree(at, 'refused')
      if (source.isDirectory()) throw Errno.of('EPERM')
      at.directory.node.link(at.name, source.node)
      context.renamed(at.directory, at.name)
    },

    unlink(path) {
      const at = context.parent(path)
      if (at.last !== 'name') throw Errno.of('EISDIR')
      demandWritable(at.directory)
      const place = at.directory.step(at.name)
      if (place === undefined) throw Errno.of('ENOENT')
      if (at.slash) throw Errno.of(place.isDirectory() ? 'EISDIR' : 'ENOTDIR')
      context.demandRemove(at.directory, place.node)
      if (place.isDirectory()) throw Errno.of('EISDIR')
      if (place.mounts !== undefined) throw Errno.of('EBUSY')
      at.directory.node.remove(at.name, place.node)
      context.renamed(at.directory, at.name)
    },

    rmdir(path) {
      const at = context.parent(path)
      if (at.last === 'root') throw Errno.of('EBUSY')
      if (at.last === 'dot') throw Errno.of('EINVAL')
      if (at.last === 'dotdot') throw Errno.of('ENOTEMPTY')
      demandWritable(at.directory)
      const place = at.directory.step(at.name)
      if (place === undefined) throw Errno.of('ENOENT')
      context.demandRemove(at.directory, place.node)
      if (!place.isDirectory()) throw Errno.of('ENOTDIR')
      if (place.mounts !== undefined) throw Errno.of('EBUSY')
      demandEmpty(place.node)
      at.directory.node.remove(at.name, place.node)
      context.renamed(at.directory, at.name)
    },

    rename(from, to) {
      const source = context.parent(from)
      const target = context.parent(to)
      if (source.directory.node.driver !== target.directory.node.driver) throw Errno.of('EXDEV')
      if (source.last !== 'name' || target.last !== 'name') throw Errno.of('EBUSY')
      demandWritable(source.directory)
      const moved = source.directory.step(source.name)
      if (moved === undefined) throw Errno.of('ENOENT')
      const replaced = target.directory.step(target.name)
      const isDirectory = moved.isDirectory()
      if (!isDirectory && (source.slash || target.slash)) throw Errno.of('ENOTDIR')
      if (isDirectory && isWithin(target.directory, moved)) throw Errno.of('EINVAL')
      if (replaced?.isDirectory() === true && isWithin(source.directory, replaced)) throw Errno.of('ENOTEMPTY')
      if (replaced !== undefined && moved.node.is(replaced.node)) return
      context.demandRemove(source.directory, moved.node)
      if (replaced === undefined) {
        context.demandCreate(target.directory)
      } else {
        context.demandRemove(target.directory, replaced.node)
        if (isDirectory && !replaced.isDirectory()) throw Errno.of('ENOTDIR')
        if (!isDirectory && replaced.isDirectory()) throw Errno.of('EISDIR')
      }
      if (moved.mounts !== undefined || replaced?.mounts !== undefined) throw Errno.of('EBUSY')
      // Its entry for the parent changes.
      if (isDirectory && !moved.parent.node.is(target.directory.node)) context.demand(moved.node, access.write)
      if (moved.node.pinned === true) throw Errno.of('EXDEV')
      if (replaced?.isDirectory() === true) demandEmpty(replaced.node)
      source.directory.node.rename(source.name, moved.node, target.directory.node, target.name, replaced?.node)
      context.renamed(source.directory, source.name)
      context.renamed(target.directory, target.name)
    },
  }
}

/** @throws Errno ENOTEMPTY */
function demandEmpty(node: Vnode): void {
  if (node.guardsEntries !== true && !node.isEmpty()) throw Errno.of('ENOTEMPTY')
}

/** Whether a place is another one or below it. */
function isWithin(place: Place, ancestor: Place): boolean {
  for (let at = place; ; at = at.parent) {
    if (at.name === ancestor.name && at.node.is(ancestor.node)) return true
    if (at.parent === at) return false
  }
}

/** Asked before anybody looks for the name. @throws Errno EROFS */
function demandWritable(directory: Place): void {
  if (!directory.node.driver.writable) throw Errno.of('EROFS')
}

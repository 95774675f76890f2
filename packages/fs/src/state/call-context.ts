import type { Identity } from '@libvisor/core'
import { Errno } from '../types.ts'
import type { ChangeFeed } from './change-feed.ts'
import { KnownDirectories } from './known-directories.ts'
import type { HostFs } from './host-fs.ts'
import type { MountTable } from './mounts.ts'
import { access, demand, isKernels, requireUnstuck, SET_IDS, special, strippedMode } from './permission.ts'
import type { NodeInit, Vnode } from './vnode.ts'
import { checkPath, Walk } from './walk.ts'
import type { Parent, Place } from './walk.ts'
import { fileType } from './vnode.ts'

/** What the system calls of one process share. */
export class CallContext {
  readonly root: Place
  readonly identity: Identity
  readonly hostUid: number
  readonly feed: ChangeFeed
  readonly directories: KnownDirectories

  constructor(root: Place, identity: Identity, host: HostFs, mounts: MountTable, feed: ChangeFeed) {
    this.root = root
    this.identity = identity
    this.hostUid = host.uid
    this.feed = feed
    this.directories = new KnownDirectories(root, identity, host, mounts)
  }

  /** A new path resolution. */
  walk(): Walk {
    return new Walk(this.root, this.identity, this.hostUid, this.directories)
  }

  /** Resolves a path that must exist. */
  find(path: string, follow: boolean): Place {
    checkPath(path, this.identity.cwd)
    return this.walk().find(path, follow)
  }

  /** Walks to the directory that has the last component. */
  parent(path: string): Parent {
    checkPath(path, this.identity.cwd)
    return this.walk().parent(path)
  }

  /** @throws Errno EACCES */
  demand(node: Vnode, want: number): void {
    demand(node, want, this.identity, this.hostUid)
  }

  /** @throws Errno EACCES, EROFS when no name can be made in a directory */
  demandCreate(directory: Place): void {
    if (!directory.node.driver.writable) throw Errno.of('EROFS')
    this.demand(directory.node, access.write | access.execute)
  }

  /** @throws Errno EACCES, EPERM, EROFS when a name cannot be taken from a directory */
  demandRemove(directory: Place, node: Vnode): void {
    if (!directory.node.driver.writable) throw Errno.of('EROFS')
    this.demand(directory.node, access.write | access.execute)
    requireUnstuck(directory.node, node, this.identity)
  }

  /** What a new inode is made of: the caller's, with umask taken off and the group of a set-group-id directory. */
  init(directory: Vnode, type: number, mode: number, target?: string): NodeInit {
    const { uid, gid, umask } = this.identity
    const inherits = (directory.mode & special.setgid) !== 0
    let bits = type === fileType.link ? 0o777 : mode & 0o7777 & ~umask
    if (inherits && type === fileType.directory) bits |= special.setgid
    return { mode: type | bits, uid, gid: inherits ? directory.gid : gid, ...(target !== undefined && { target }) }
  }

  /** Tells watchers that a name came or went. */
  renamed(directory: Place, name: string): void {
    this.feed.version++
    if (this.feed.active) this.feed.emit('rename', directory.childPath(name))
  }

  /**
   * Takes off a file that a user has written to what made it run with the rights of its owner.
   *
   * @param node - the file
   * @param file - it, open. @defaultValue it is not open
   */
  written(node: Vnode, file: Pick<Vnode, 'change' | 'stat'> = node): void {
    if (this.identity.uid === 0 || (node.mode & SET_IDS) === 0) return
    if (isKernels(node, this.identity, this.hostUid)) return
    const mode = strippedMode(file.stat(), this.identity)
    if (mode !== undefined) file.change({ mode })
  }

  /** Tells watchers that an inode has changed. */
  changed(place: Place): void {
    this.feed.version++
    if (this.feed.active) this.feed.emit('change', place.path)
  }
}

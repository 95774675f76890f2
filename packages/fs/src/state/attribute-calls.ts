/** The system calls that ask for what is at a path, and change its attributes. */
import { Errno } from '../types.ts'
import type { Syscalls } from '../types.ts'
import type { CallContext } from './call-context.ts'
import { compareNames } from './name-bytes.ts'
import { access, isMember, owns, permits, special, strippedMode } from './permission.ts'
import { fileType } from './vnode.ts'
import type { AttributeChange, Credentials, Vnode } from './vnode.ts'
import type { Place } from './walk.ts'

type AttributeCall =
  | 'access'
  | 'chmod'
  | 'chown'
  | 'lchmod'
  | 'lchown'
  | 'lstat'
  | 'lutimes'
  | 'readdir'
  | 'readlink'
  | 'realpath'
  | 'stat'
  | 'statfs'
  | 'truncate'
  | 'utimes'

/** What `chown` takes for "leave it". Node passes -1 and its unsigned form. */
const UNCHANGED = 0xffff_ffff

/** What of an inode decides who may change what: a vnode, or what `stat` says of it. */
export type Attributes = Pick<Vnode, 'gid' | 'mode' | 'uid'>

/**
 * What `chmod` does. @throws Errno EPERM when the caller does not own the inode
 *
 * @param node - whose mode changes
 * @param mode - permission bits
 * @param credentials - who asks
 */
export function modeChange(node: Attributes, mode: number, credentials: Credentials): AttributeChange {
  if (!owns(node, credentials)) throw Errno.of('EPERM')
  const keepsSetgid = credentials.uid === 0 || isMember(credentials, node.gid)
  return { mode: mode & 0o7777 & (keepsSetgid ? ~0 : ~special.setgid) }
}

/** What `chown` does. @throws Errno EPERM when the caller may not give the inode away */
export function ownerChange(node: Attributes, uid: number, gid: number, credentials: Credentials): AttributeChange {
  const [keepsUid, keepsGid] = [uid === -1 || uid === UNCHANGED, gid === -1 || gid === UNCHANGED]
  const newUid = keepsUid ? node.uid : uid
  const newGid = keepsGid ? node.gid : gid
  if (credentials.uid !== 0 && !(keepsUid && keepsGid)) {
    const mayGroup = newGid === node.gid || isMember(credentials, newGid)
    if (credentials.uid !== node.uid || newUid !== node.uid || !mayGroup) throw Errno.of('EPERM')
  }
  // What is to stay is not named, and what is given is, though it seems to be so: the node may be out of date.
  const owner = { ...(!keepsUid && { uid }), ...(!keepsGid && { gid }) }
  const mode = strippedMode(node, credentials)
  if (mode === undefined) return owner
  if (!owns(node, credentials)) throw Errno.of('EPERM')
  return { ...owner, mode }
}

/** What `utimes` does. @throws Errno EPERM when the caller does not own the inode */
export function timesChange(
  node: Attributes,
  atimeNs: bigint,
  mtimeNs: bigint,
  credentials: Credentials,
): AttributeChange {
  if (!owns(node, credentials)) throw Errno.of('EPERM')
  return { atimeNs, mtimeNs }
}

/**
 * Makes the system calls that ask for attributes or change them.
 *
 * @param context - what they share with the process's others
 */
export function createAttributeCalls(context: CallContext): Pick<Syscalls, AttributeCall> {
  const { identity } = context

  const change = (place: Place, decide: (node: Vnode) => AttributeChange): void => {
    const { node } = place
    if (!node.driver.writable) throw Errno.of('EROFS')
    node.change(decide(node))
    context.changed(place)
  }

  return {
    stat: (path) => context.find(path, true).node.stat(),

    lstat: (path) => context.find(path, false).node.stat(),

    statfs(path) {
      const { node } = context.find(path, true)
      return node.driver.statfs(node)
    },

    access(path, mode) {
      const { node } = context.find(path, true)
      if ((mode & access.write) !== 0 && !node.driver.writable && isStored(node)) throw Errno.of('EROFS')
      if (mode !== 0) context.demand(node, mode)
    },

    readdir(path) {
      const place = context.find(path, true)
      if (!place.isDirectory()) throw Errno.of('ENOTDIR')
      context.demand(place.node, access.read)
      const entries = place.node.entries()
      const mounts = place.mounts?.children
      if (mounts !== undefined) {
        for (const [name, { driver, stand }] of mounts) {
          const type = driver?.root.type ?? stand.type
          const at = entries.findIndex((entry) => entry.name === name)
          if (at === -1) entries.push({ name, type })
          else if (driver !== undefined) entries[at] = { name, type }
        }
      }
      return entries.sort((a, b) => compareNames(a.name, b.name))
    },

    readlink(path) {
      const { node } = context.find(path, false)
      if (node.type !== fileType.link) throw Errno.of('EINVAL')
      return node.readlink()
    },

    realpath: (path) => context.find(path, true).path,

    chmod: (path, mode) => change(context.find(path, true), (node) => modeChange(node, mode, identity)),

    lchmod(path, mode) {
      const place = context.find(path, false)
      // A link has no mode of its own on Linux.
      if (place.node.type === fileType.link) throw Errno.of('ENOTSUP')
      change(place, (node) => modeChange(node, mode, identity))
    },

    chown: (path, uid, gid) => change(context.find(path, true), (node) => ownerChange(node, uid, gid, identity)),

    lchown: (path, uid, gid) => change(context.find(path, false), (node) => ownerChange(node, uid, gid, identity)),

    utimes: (path, atimeNs, mtimeNs) =>
      change(context.find(path, true), (node) => timesChange(node, atimeNs, mtimeNs, identity)),

    lutimes: (path, atimeNs, mtimeNs) =>
      change(context.find(path, false), (node) => timesChange(node, atimeNs, mtimeNs, identity)),

    truncate(path, size) {
      if (size < 0) throw Errno.of('EINVAL')
      const place = context.find(path, true)
      const { node } = place
      if (place.isDirectory()) throw Errno.of('EISDIR')
      if (node.type !== fileType.file) throw Errno.of('EINVAL')
      if (!permits(node, access.write, identity, context.hostUid)) throw Errno.of('EACCES')
      if (!node.driver.writable) throw Errno.of('EROFS')
      node.truncate(size, false)
      context.written(node)
      context.changed(place)
    },
  }
}

/** Whether writing to a node changes its file system: writing to a device does not. */
export function isStored({ type }: Vnode): boolean {
  return type === fileType.file || type === fileType.directory || type === fileType.link
}

/** Permission bits for a caller, as the kernel's `generic_permission` has them. */
import { Errno } from '../types.ts'
import { fileType } from './vnode.ts'
import type { Credentials, Vnode } from './vnode.ts'

/** @source access(2) */
export const access = Object.freeze({ read: 4, write: 2, execute: 1 })

/**
 * Whether a caller may do something.
 *
 * @param node - to what
 * @param want - bits of {@link access}
 * @param credentials - who
 * @param hostUid - the host's user: the kernel itself answers for its own files, whose access lists are not seen here
 */
export function permits(node: Vnode, want: number, credentials: Credentials, hostUid: number): boolean {
  const { uid } = credentials
  if (uid === 0) {
    return (want & access.execute) === 0 || node.type === fileType.directory || (node.mode & 0o111) !== 0
  }
  if (uid === hostUid && node.hostPath !== undefined && (node.hostWritable || (want & access.write) === 0)) return true
  const { mode } = node
  const bits = uid === node.uid ? mode >> 6 : isMember(credentials, node.gid) ? mode >> 3 : mode
  return (bits & want) === want
}

/** @throws Errno EACCES when {@link permits} says no */
export function demand(node: Vnode, want: number, credentials: Credentials, hostUid: number): void {
  if (!permits(node, want, credentials, hostUid)) throw Errno.of('EACCES')
}

/** Whether a caller may change the attributes of an inode: its owner and root may. */
export function owns(node: Vnode, { uid }: Credentials): boolean {
  return uid === 0 || uid === node.uid
}

/** Whether a caller is in a group. */
export function isMember({ gid, groups }: Credentials, group: number): boolean {
  return gid === group || groups.includes(group)
}

/** What `S_ISVTX`, `S_ISGID` and `S_ISUID` are. */
export const special = Object.freeze({ setuid: 0o4000, setgid: 0o2000, sticky: 0o1000 })

/** @throws Errno EPERM when a name may not be taken from a sticky directory */
export function requireUnstuck(directory: Vnode, node: Vnode, credentials: Credentials): void {
  if ((directory.mode & special.sticky) === 0) return
  if (!owns(node, credentials) && !owns(directory, credentials)) throw Errno.of('EPERM')
}

/** Permission bits for a caller, as the kernel's `generic_permission` has them. */
import { Errno } from '../types.ts'
import { fileType } from './vnode.ts'
import type { Credentials, Vnode } from './vnode.ts'

/** @source access(2) */
export const access = Object.freeze({ read: 4, write: 2, execute: 1 })

/** What of an inode says who may do what. */
type Owned = Pick<Vnode, 'gid' | 'mode'>

/** `S_ISUID` and `S_ISGID`. */
export const SET_IDS = 0o6000

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

/** Whether the kernel itself sees to it what the caller may do: he is the host's user, and the file is the host's. */
export function isKernels({ hostPath, hostWritable }: Vnode, { uid }: Credentials, hostUid: number): boolean {
  return uid === hostUid && hostPath !== undefined && hostWritable
}

/** Whether a caller may change the attributes of an inode: its owner and root may. */
export function owns(node: Pick<Vnode, 'uid'>, { uid }: Credentials): boolean {
  return uid === 0 || uid === node.uid
}

/** Whether a caller is in a group. */
export function isMember({ gid, groups }: Credentials, group: number): boolean {
  return gid === group || groups.includes(group)
}

/** What `S_ISVTX`, `S_ISGID` and `S_ISUID` are. */
export const special = Object.freeze({ setuid: 0o4000, setgid: 0o2000, sticky: 0o1000 })

/**
 * What is left of a file's mode when its contents or its owner change: nobody's set-user-id program may be written to.
 *
 * @param inode - a vnode, or what `stat` says of it
 * @param credentials - who changes it
 * @returns the permission bits, or `undefined` where all of them stay
 * @source Linux `fs/attr.c`, `setattr_should_drop_suidgid`
 */
export function strippedMode({ mode, gid }: Owned, credentials: Credentials): number | undefined {
  if ((mode & SET_IDS) === 0 || (mode & fileType.mask) !== fileType.file) return undefined
  const dropsSetgid = (mode & 0o010) !== 0 || !(credentials.uid === 0 || isMember(credentials, gid))
  const taken = special.setuid | (dropsSetgid ? special.setgid : 0)
  return (mode & taken) === 0 ? undefined : mode & 0o7777 & ~taken
}

/**
 * Refuses links to what the caller could not use anyway, so that nobody keeps an old version of a program that was replaced.
 *
 * @throws Errno EPERM
 * @source Linux `fs/namei.c`, `may_linkat` with `fs.protected_hardlinks`, which distributions turn on
 */
export function demandLinkable(node: Vnode, credentials: Credentials, hostUid: number): void {
  if (owns(node, credentials) || isKernels(node, credentials, hostUid)) return
  const isPrivileged = (node.mode & special.setuid) !== 0 || (node.mode & 0o2010) === 0o2010
  const isUsable = permits(node, access.read | access.write, credentials, hostUid)
  if (node.type !== fileType.file || isPrivileged || !isUsable) throw Errno.of('EPERM')
}

/** @throws Errno EPERM when a name may not be taken from a sticky directory */
export function requireUnstuck(directory: Vnode, node: Vnode, credentials: Credentials): void {
  if ((directory.mode & special.sticky) === 0) return
  if (!owns(node, credentials) && !owns(directory, credentials)) throw Errno.of('EPERM')
}

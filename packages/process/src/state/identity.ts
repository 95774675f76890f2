import type { Identity } from '@libvisor/core'

/** Who a process of a guest is, with the user ids that `setuid` and its family tell apart. */
export interface GuestIdentity extends Identity {
  /** The effective user, whose permissions count for files. */
  uid: number
  /** The effective group. */
  gid: number
  realUid: number
  realGid: number
  savedUid: number
  savedGid: number
}

/** What an identity starts with. */
export interface IdentityOptions {
  /** @defaultValue 1, the guest's first process */
  readonly pid?: number
  /** @defaultValue 0 */
  readonly ppid?: number
  /** @defaultValue 0 */
  readonly uid?: number
  /** @defaultValue 0 */
  readonly gid?: number
  /** Supplementary groups. @defaultValue the group alone */
  readonly groups?: readonly number[]
  /** @defaultValue 0o022 */
  readonly umask?: number
  /** Absolute path in the guest. @defaultValue `/` */
  readonly cwd?: string
  /** @defaultValue `localhost` */
  readonly hostname?: string
}

/**
 * Makes the identity of a process of a guest.
 *
 * @param options - what differs from the defaults
 * @returns the identity; `process.chdir()`, `umask()` and the `setuid` family change it
 * @example
 * ```ts
 * import { createIdentity } from '@libvisor/process'
 * import assert from 'node:assert/strict'
 *
 * const identity = createIdentity({ hostname: 'api', uid: 1000, gid: 1000 })
 * assert.equal(identity.pid, 1)
 * assert.deepEqual(identity.groups, [1000])
 * ```
 */
export function createIdentity(options: IdentityOptions = {}): GuestIdentity {
  const { pid = 1, ppid = 0, uid = 0, gid = 0, umask = 0o022, cwd = '/', hostname = 'localhost' } = options
  return {
    pid,
    ppid,
    uid,
    gid,
    realUid: uid,
    realGid: gid,
    savedUid: uid,
    savedGid: gid,
    groups: options.groups ?? [gid],
    umask,
    cwd,
    hostname,
  }
}

/**
 * setuid(2): a privileged process changes all three ids, another one chooses the effective among its real and saved.
 *
 * @param identity - who asks, and is changed
 * @param uid - the new user
 * @returns whether it may
 */
export function setUid(identity: GuestIdentity, uid: number): boolean {
  if (identity.uid === 0) identity.realUid = identity.savedUid = uid
  else if (uid !== identity.realUid && uid !== identity.savedUid) return false
  identity.uid = uid
  return true
}

/** seteuid(2). */
export function setEffectiveUid(identity: GuestIdentity, uid: number): boolean {
  if (identity.uid !== 0 && ![identity.uid, identity.realUid, identity.savedUid].includes(uid)) return false
  identity.uid = uid
  return true
}

/** setgid(2). */
export function setGid(identity: GuestIdentity, gid: number): boolean {
  if (identity.uid === 0) identity.realGid = identity.savedGid = gid
  else if (gid !== identity.realGid && gid !== identity.savedGid) return false
  identity.gid = gid
  return true
}

/** setegid(2). */
export function setEffectiveGid(identity: GuestIdentity, gid: number): boolean {
  if (identity.uid !== 0 && ![identity.gid, identity.realGid, identity.savedGid].includes(gid)) return false
  identity.gid = gid
  return true
}

/** setgroups(2). */
export function setGroups(identity: GuestIdentity, groups: readonly number[]): boolean {
  if (identity.uid !== 0) return false
  identity.groups = groups
  return true
}

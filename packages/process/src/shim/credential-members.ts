import { slots } from '@libvisor/core'
import { parseAccounts, parseGroups } from '../state/accounts.ts'
import type { Account, Group } from '../state/accounts.ts'
import { setEffectiveGid, setEffectiveUid, setGid, setGroups, setUid } from '../state/identity.ts'
import type { GuestIdentity } from '../state/identity.ts'
import { requireUint32 } from './argument-errors.ts'
import { methods } from './members.ts'
import type { MemberContext, Members } from './members.ts'

/** Reads the guest's accounts from its own files, as libc does. */
export interface AccountFiles {
  accounts(): readonly Account[]
  groups(): readonly Group[]
}

/**
 * The accounts of a namespace.
 *
 * @param context - the namespace
 * @returns reads `/etc/passwd` and `/etc/group` of the guest; a missing file has no entries
 */
export function accountFiles({ ns }: Pick<MemberContext, 'ns'>): AccountFiles {
  const read = (path: string): string => {
    const files = ns.find(slots.fileView)
    return files?.kind(path) === 'file' ? new TextDecoder().decode(files.read(path)) : ''
  }
  return {
    accounts: () => parseAccounts(read('/etc/passwd')),
    groups: () => parseGroups(read('/etc/group')),
  }
}

type Rule = (identity: GuestIdentity, id: number) => boolean

/**
 * The user and group ids of the process, and the setters with the kernel's rules.
 *
 * @param context - the namespace and what it is made of
 * @returns members of `process`
 * @source Node 24 `lib/internal/bootstrap/switches/does_own_process_state.js`, `src/node_credentials.cc`
 */
export function credentialMembers(context: MemberContext): Members {
  const { ns, identity, argument } = context
  const { accounts, groups } = accountFiles(context)

  const requireId = (id: unknown, name: string): void => {
    if (typeof id === 'number') requireUint32(id, name, argument)
    else if (typeof id !== 'string') throw argument.type(name, 'one of type number or string', id)
  }
  const unknown = (type: 'Group' | 'User', id: unknown): Error =>
    ns.errors.coded('Error', 'ERR_UNKNOWN_CREDENTIAL', `${type} identifier does not exist: ${String(id)}`)
  const userId = (id: number | string): number | undefined =>
    typeof id === 'number' ? id >>> 0 : accounts().find((account) => account.username === id)?.uid
  const groupId = (id: number | string): number | undefined =>
    typeof id === 'number' ? id >>> 0 : groups().find((group) => group.name === id)?.gid

  /** What Node's C++ throws, which differs in text and sign from what its JavaScript throws. */
  const refused = (syscall: string): Error =>
    Object.assign(new ns.intrinsics.Error('EPERM, Operation not permitted'), {
      errno: ns.personality.errno.EPERM[0],
      code: 'EPERM',
      syscall,
    })

  const setter = (syscall: string, type: 'Group' | 'User', rule: Rule) =>
    // The one parameter is what `length` tells.
    function (id: unknown): void {
      requireId(id, 'id')
      const number = (type === 'User' ? userId : groupId)(id as number | string)
      if (number === undefined) throw unknown(type, id)
      if (!rule(identity, number)) throw refused(syscall)
    }

  return methods({
    getuid: () => identity.realUid,
    geteuid: () => identity.uid,
    getgid: () => identity.realGid,
    getegid: () => identity.gid,
    // The effective group is among them even where getgroups(2) leaves it out.
    getgroups: () =>
      identity.groups.includes(identity.gid) ? [...identity.groups] : [...identity.groups, identity.gid],

    setuid: setter('setuid', 'User', setUid),
    seteuid: setter('seteuid', 'User', setEffectiveUid),
    setgid: setter('setgid', 'Group', setGid),
    setegid: setter('setegid', 'Group', setEffectiveGid),

    setgroups(list: unknown): void {
      if (!Array.isArray(list)) throw argument.type('groups', 'an instance of Array', list)
      for (const [index, id] of list.entries()) requireId(id, `groups[${index}]`)
      const ids = (list as (number | string)[]).map((id) => {
        const number = groupId(id)
        if (number === undefined) throw unknown('Group', id)
        return number
      })
      if (!setGroups(identity, ids)) throw refused('setgroups')
    },

    initgroups(user: unknown, extraGroup: unknown): void {
      requireId(user, 'user')
      requireId(extraGroup, 'extraGroup')
      const name = typeof user === 'string' ? user : accounts().find((account) => account.uid === user)?.username
      if (name === undefined) throw unknown('User', user)
      const extra = groupId(extraGroup as number | string)
      if (extra === undefined) throw unknown('Group', extraGroup)
      const ids = groups().filter((group) => group.members.includes(name))
      if (!setGroups(identity, [extra, ...ids.map((group) => group.gid).filter((gid) => gid !== extra)])) {
        throw refused('initgroups')
      }
    },
  })
}

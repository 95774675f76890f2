import { apply } from '@libvisor/abi'
import { createDispatcher } from '@libvisor/core'
import type { CurrentNamespace, Namespace } from '@libvisor/core'
import type { Members } from './members.ts'

/** The members of `process` that ask for whom they are read or called, in a realm that namespaces share. */
export const sharedNames: readonly string[] = [
  ...['pid', 'ppid', 'title', 'argv', 'execArgv', 'execPath', 'env', 'cwd', 'chdir', 'umask', 'loadEnvFile'],
  ...['getuid', 'geteuid', 'getgid', 'getegid', 'getgroups'],
  ...['setuid', 'seteuid', 'setgid', 'setegid', 'setgroups', 'initgroups'],
  ...['_kill', 'reallyExit', 'exit', 'abort', 'execve', 'dlopen', 'binding', '_linkedBinding', 'report'],
  ...['_debugProcess', '_debugEnd', '_getActiveHandles'],
  ...['stdin', 'stdout', 'stderr', 'uptime'],
]

type Fn = (...args: unknown[]) => unknown

/**
 * Makes a member of `process` that is the asking namespace's, or the host's.
 *
 * @param name - of the member
 * @param original - as the host has it
 * @param current - answers for whom it is read or called
 * @param membersOf - what a namespace has
 * @returns what takes its place
 */
export function createSharedMember(
  name: string,
  original: PropertyDescriptor,
  current: CurrentNamespace,
  membersOf: (ns: Namespace) => Members,
): PropertyDescriptor {
  if (typeof original.value === 'function') {
    const fn = original.value as Fn
    return { value: createDispatcher(fn, current, (ns) => membersOf(ns)[name]?.value ?? fn) }
  }
  const host = { ...original }
  const own = (): PropertyDescriptor => {
    const ns = current()
    return (ns === undefined ? undefined : membersOf(ns)[name]) ?? host
  }
  return {
    get(this: unknown) {
      const member = own()
      return member.get === undefined ? (member.value as unknown) : (apply(member.get, this, []) as unknown)
    },
    set(this: unknown, value: unknown) {
      const member = own()
      if (member.set !== undefined) apply(member.set, this, [value])
      // As assigning to a property that cannot be written does: nothing, where Node does not say it in strict mode.
      else if (member.writable === true) member.value = value
    },
  }
}

import type { ErrnoCode } from '@libvisor/abi'
import { slots } from '@libvisor/core'
import { methods } from './members.ts'
import type { MemberContext, Members } from './members.ts'
import { requireUint32 } from './argument-errors.ts'

/**
 * Who the process is and what it was started with: ids, arguments, environment, working directory, mask.
 *
 * @param context - the namespace and what it is made of
 * @returns members of `process`
 */
export function identityMembers({ ns, identity, state, argument }: MemberContext): Members {
  const data = (value: unknown, writable = true): PropertyDescriptor => ({
    value,
    writable,
    enumerable: true,
    configurable: true,
  })
  return {
    pid: data(identity.pid, false),
    ppid: { get: () => identity.ppid, enumerable: true, configurable: true },
    // The very arrays: Node puts the entry of a thread into argv after this.
    argv: data(state.argv),
    argv0: data(state.argv0, false),
    execArgv: data(state.execArgv),
    execPath: data(state.execPath),
    env: data(state.env),
    ...(state.title === undefined ? {} : { title: titleMember() }),

    ...methods({
      cwd: () => identity.cwd,

      chdir(directory: unknown): void {
        if (typeof directory !== 'string') throw argument.type('directory', 'of type string', directory)
        const from = identity.cwd
        const fail = (code: ErrnoCode): Error => ns.errors.file(code, { syscall: 'chdir', path: from, dest: directory })
        if (directory === '') throw fail('ENOENT')
        const files = ns.get(slots.fileView)
        // Joined, not resolved: `link/..` is the parent of what the link leads to.
        const path = directory.startsWith('/') ? directory : `${from === '/' ? '' : from}/${directory}`
        let real: string
        try {
          real = files.realpath(path)
        } catch (error) {
          throw fail((error as { code?: ErrnoCode }).code ?? 'ENOENT')
        }
        if (files.kind(real) !== 'directory') throw fail('ENOTDIR')
        identity.cwd = real
      },

      umask(mask?: unknown): number {
        const before = identity.umask
        if (mask !== undefined) identity.umask = parseMode(mask) & 0o777
        return before
      },
    }),
  }

  function titleMember(): PropertyDescriptor {
    return {
      get: () => state.title,
      set(title: unknown) {
        state.title = `${title as string}`
      },
      enumerable: true,
      configurable: true,
    }
  }

  function parseMode(mask: unknown): number {
    if (typeof mask === 'string') {
      if (!/^[0-7]+$/.test(mask)) {
        throw argument.value('mask', mask, 'must be a 32-bit unsigned integer or an octal string')
      }
      const value = Number.parseInt(mask, 8)
      requireUint32(value, 'mask', argument)
      return value
    }
    // Node takes null for no value, and finds no default.
    const value = mask ?? undefined
    requireUint32(value, 'mask', argument)
    return value
  }
}

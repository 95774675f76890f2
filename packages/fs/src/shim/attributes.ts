/** Operations on the attributes of files. */
import { slots } from '@libvisor/core'
import type { SyscallName, Syscalls } from '../types.ts'
import { modeOf, optionsOf, timeOf } from './arguments.ts'
import type { ArgumentKind } from './arguments.ts'
import { attempt, errnoOf, fileError } from './operation.ts'
import { read, readLink, undecided, write, writeLink } from './path-operation.ts'
import type { PathCall, PathOperation, PathUse } from './path-operation.ts'
import { abortError } from './natives.native.ts'
import { nodeVersion } from './node-version.ts'
import { makeDirectStats, makeStatFs, makeStats } from './results.ts'

/** An operation that is one system call without a result. */
function plainCall<Name extends SyscallName>(
  name: PathOperation['name'],
  use: PathUse,
  rest: readonly ArgumentKind[],
  syscall: Name,
  shownSyscall: string,
  argumentsOf: (args: readonly unknown[], call: PathCall) => readonly unknown[],
): PathOperation {
  return {
    name,
    paths: [use],
    rest,
    *run(call) {
      const { context, path, args } = call
      const values = [path.absolute, ...argumentsOf(args, call)] as unknown as Parameters<Syscalls[Name]>
      yield* attempt(context.ns, { syscall: shownSyscall, path: path.shown }, syscall, ...values)
    },
  }
}

function statLike(name: 'lstat' | 'stat', use: PathUse): PathOperation {
  return {
    name,
    paths: [use],
    rest: ['options'],
    direct(calls, _flavour, [path, options]) {
      if (options !== undefined) return undecided
      const record = calls[name](path as string)
      return record === undefined ? undecided : makeDirectStats(record)
    },
    *run({ context, flavour, path, args: [options] }) {
      const { bigint, throwIfNoEntry, signal } = optionsOf(options)
      if (flavour === 'callback' && name === 'stat' && signal?.aborted) throw abortError(signal)
      try {
        return makeStats((yield { name, args: [path.absolute] }) as never, bigint)
      } catch (error) {
        const code = errnoOf(error)
        const isAbsent = code === 'ENOENT' || (code === 'ENOTDIR' && name === 'stat')
        const mayBeAbsent = throwIfNoEntry === false && (flavour === 'sync' || name === 'stat')
        if (isAbsent && mayBeAbsent && (flavour === 'sync' || nodeVersion.asyncThrowIfNoEntry)) return undefined
        throw fileError(context.ns, error, { syscall: name, path: path.shown })
      }
    },
  }
}

const times = (args: readonly unknown[], { context }: PathCall): readonly unknown[] => {
  const clock = context.ns.find(slots.clock)
  return [timeOf(args[0], clock), timeOf(args[1], clock)]
}

/** The operations of this family. */
export const attributeOperations: readonly PathOperation[] = [
  plainCall('access', read, ['bits'], 'access', 'access', ([mode]) => [(mode as number | undefined) ?? 0]),
  statLike('stat', read),
  statLike('lstat', readLink),
  {
    name: 'statfs',
    paths: [read],
    rest: ['options'],
    // How much room there is the host does not know: a layer over its files, and a limit, have their own.
    intentOf: () => undefined,
    *run({ context, path, args: [options] }) {
      const record = yield* attempt(context.ns, { syscall: 'statfs', path: path.shown }, 'statfs', path.absolute)
      return makeStatFs(record, optionsOf(options).bigint)
    },
  },
  plainCall('chmod', write, ['mode'], 'chmod', 'chmod', ([mode]) => [modeOf(mode, 0)]),
  plainCall('chown', write, ['id', 'id'], 'chown', 'chown', ([uid, gid]) => [uid, gid]),
  plainCall('lchown', writeLink, ['id', 'id'], 'lchown', 'lchown', ([uid, gid]) => [uid, gid]),
  plainCall('utimes', write, ['time', 'time'], 'utimes', 'utime', times),
  plainCall('lutimes', writeLink, ['time', 'time'], 'lutimes', 'lutime', times),
]

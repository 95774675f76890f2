/** `rm` and `rmdir`. */
import type { Namespace } from '@libvisor/core'
import { optionsOf } from './arguments.ts'
import { systemError } from './natives.native.ts'
import { attempt, call, errnoOf, fileError } from './operation.ts'
import type { Operation } from './operation.ts'
import { writeLink } from './path-operation.ts'
import type { Flavour, PathCall, PathOperation } from './path-operation.ts'
import { childPath } from './paths.ts'
import type { GuestPath } from './paths.ts'

/** Whether a path is a directory and not a link to one. */
function* isDirectory(ns: Namespace, path: GuestPath, force: boolean): Operation<boolean | undefined> {
  try {
    const { mode } = yield* call('lstat', path.absolute)
    return (mode & ns.personality.fs.S_IFMT) === ns.personality.fs.S_IFDIR
  } catch (error) {
    if (force && errnoOf(error) === 'ENOENT') return undefined
    throw fileError(ns, error, { syscall: 'lstat', path: path.shown })
  }
}

/** Removes one name; one that is gone already is no error. */
function* removeName(ns: Namespace, path: GuestPath, name: 'rmdir' | 'unlink', flavour: Flavour): Operation<void> {
  try {
    yield* call(name, path.absolute)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return
    // Node's synchronous `rm` is one function of C++.
    throw fileError(ns, error, { syscall: flavour === 'sync' ? 'rm' : name, path: path.shown })
  }
}

/** Removes a directory with all below it. Links are removed, never followed. */
function* removeTree(ns: Namespace, path: GuestPath, flavour: Flavour): Operation<void> {
  const info = { syscall: flavour === 'sync' ? 'rm' : 'scandir', path: path.shown }
  const { S_IFDIR, S_IFMT } = ns.personality.fs
  for (const { name, type } of yield* attempt(ns, info, 'readdir', path.absolute)) {
    const child = childPath(path, name)
    if ((type & S_IFMT) === S_IFDIR) yield* removeTree(ns, child, flavour)
    else yield* removeName(ns, child, 'unlink', flavour)
  }
  yield* removeName(ns, path, 'rmdir', flavour)
}

/**
 * Removes a path with all below it, if there is anything.
 *
 * @param pathCall - its path is what is removed
 */
export function* removeAll({ context, path, flavour }: PathCall): Operation<void> {
  const type = yield* isDirectory(context.ns, path, true)
  if (type === true) yield* removeTree(context.ns, path, flavour)
  else if (type === false) yield* removeName(context.ns, path, 'unlink', flavour)
}

function* remove(pathCall: PathCall): Operation<void> {
  const { context, path, flavour, args } = pathCall
  const { force = false, recursive = false } = optionsOf(args[0])
  const directory = yield* isDirectory(context.ns, path, force)
  if (directory === undefined) return
  if (!directory) return yield* removeName(context.ns, path, 'unlink', flavour)
  if (recursive) return yield* removeTree(context.ns, path, flavour)
  throw systemError('ERR_FS_EISDIR', {
    code: 'EISDIR',
    message: 'is a directory',
    path: path.given as string,
    syscall: 'rm',
    errno: context.ns.personality.errno.EISDIR[0],
  })
}

/** The operations of this family. */
export const removeOperations: readonly PathOperation[] = [
  {
    name: 'rm',
    paths: [writeLink],
    rest: ['options'],
    // What is below may be on other mounts, or only look removed.
    intentOf: () => undefined,
    run: remove,
  },
  {
    name: 'rmdir',
    paths: [writeLink],
    rest: ['none'],
    intentOf: ([, options]) => (optionsOf(options).recursive ? undefined : 'write'),
    *run(pathCall) {
      const { context, path, args } = pathCall
      if (optionsOf(args[0]).recursive) {
        if (yield* isDirectory(context.ns, path, false)) return yield* removeTree(context.ns, path, pathCall.flavour)
      }
      yield* attempt(context.ns, { syscall: 'rmdir', path: path.shown }, 'rmdir', path.absolute)
    },
  },
]

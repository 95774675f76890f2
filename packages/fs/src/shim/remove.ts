/** `rm` and `rmdir`. */
import type { ErrnoCode } from '@libvisor/abi'
import type { Namespace } from '@libvisor/core'
import type { DirectoryEntry } from '../types.ts'
import { optionsOf } from './arguments.ts'
import { systemError } from './natives.native.ts'
import { nodeVersion } from './node-version.ts'
import { attempt, call, errnoOf, fileError } from './operation.ts'
import type { Operation } from './operation.ts'
import { writeLink } from './path-operation.ts'
import type { Flavour, PathCall, PathOperation } from './path-operation.ts'
import { childPath } from './paths.ts'
import type { GuestPath } from './paths.ts'

/** The texts of the system's errors, which are not libuv's. @source glibc `strerror` */
const systemTexts: Partial<Readonly<Record<ErrnoCode, string>>> = {
  EACCES: 'Permission denied',
  EBUSY: 'Device or resource busy',
  EINVAL: 'Invalid argument',
  ELOOP: 'Too many levels of symbolic links',
  ENAMETOOLONG: 'File name too long',
  ENOTDIR: 'Not a directory',
  ENOTEMPTY: 'Directory not empty',
  EPERM: 'Operation not permitted',
  EROFS: 'Read-only file system',
}

/** The codes that the native `rm` tells. */
const told: ReadonlySet<ErrnoCode> = new Set(['EACCES', 'ENOTDIR', 'ENOTEMPTY', 'EPERM'])

/** What libuv numbers as no error that it knows. */
const UV_UNKNOWN = -4094

/**
 * The error of the native `rm`, which tells the path that was to be removed, wherever below it failed.
 *
 * @source Node 24 `src/node_file.cc`, RmSync; `src/api/exceptions.cc`, ErrnoException
 */
function nativeError(ns: Namespace, code: ErrnoCode, { shown }: GuestPath): Error {
  const isTold = told.has(code)
  const text = systemTexts[code] ?? ns.personality.errno[code][1]
  const detail = isTold
    ? nodeVersion.removalTellsPathOnce
      ? `${text}:`
      : `${text}: ${shown}`
    : `Unknown error: ${text}`
  return Object.assign(new ns.intrinsics.Error(`${isTold ? code : ''}, ${detail} '${shown}'`), {
    errno: isTold ? ns.personality.errno[code][0] : UV_UNKNOWN,
    code: isTold ? code : '',
    path: shown,
    syscall: 'rm',
  })
}

/** Whether a path is a directory and not a link to one; `undefined` when nothing is there and that is no error. */
function* isDirectory(ns: Namespace, path: GuestPath, force: boolean): Operation<boolean | undefined> {
  try {
    return isDirectoryMode(ns, (yield* call('lstat', path.absolute)).mode)
  } catch (error) {
    if (force && errnoOf(error) === 'ENOENT') return undefined
    throw fileError(ns, error, { syscall: 'lstat', path: path.shown })
  }
}

function isDirectoryMode({ personality }: Namespace, mode: number): boolean {
  const { S_IFDIR, S_IFMT } = personality.fs
  return (mode & S_IFMT) === S_IFDIR
}

/** Makes a system call, to which it is no error that nothing is there. @returns the code it failed with */
function* tryCall(name: 'rmdir' | 'unlink', path: GuestPath): Operation<ErrnoCode | undefined> {
  try {
    yield* call(name, path.absolute)
  } catch (error) {
    const code = errnoOf(error)
    if (code === undefined) throw error
    if (code !== 'ENOENT') return code
  }
  return undefined
}

/** What `rmdir` fails with when there are entries to be removed first. */
const notEmpty: ReadonlySet<ErrnoCode> = new Set(['EEXIST', 'ENOTEMPTY', 'EPERM'])

/**
 * Removes a path with all below it, as Node's JavaScript does. Links are removed, never followed.
 *
 * @source Node 24 `lib/internal/fs/rimraf.js`
 */
function* rimraf(ns: Namespace, path: GuestPath, directory: boolean, flavour: Flavour): Operation<void> {
  const unlinked = directory ? undefined : yield* tryCall('unlink', path)
  if (!directory && unlinked === undefined) return
  const notUnlinked = unlinked && ns.errors.file(unlinked, { syscall: 'unlink', path: path.shown })
  // What may not be unlinked may be a directory on some systems, and is tried as one on all.
  if (notUnlinked !== undefined && unlinked !== 'EPERM' && unlinked !== 'EISDIR') throw notUnlinked
  const code = yield* tryCall('rmdir', path)
  if (code === undefined) return
  if (!notEmpty.has(code)) {
    const first = flavour === 'sync' || code === 'ENOTDIR' ? notUnlinked : undefined
    throw first ?? ns.errors.file(code, { syscall: 'rmdir', path: path.shown })
  }
  for (const entry of yield* attempt(ns, { syscall: 'scandir', path: path.shown }, 'readdir', path.absolute)) {
    yield* rimraf(ns, childPath(path, entry.name), isDirectoryMode(ns, entry.type), flavour)
  }
  const left = yield* tryCall('rmdir', path)
  if (left !== undefined) throw ns.errors.file(left, { syscall: 'rmdir', path: path.shown })
}

/**
 * Removes a path with all below it, as the C++ library does.
 *
 * @returns the code it failed with
 */
function* removeNatively(ns: Namespace, path: GuestPath, directory: boolean): Operation<ErrnoCode | undefined> {
  if (!directory) return yield* tryCall('unlink', path)
  let entries: readonly DirectoryEntry[]
  try {
    entries = yield* call('readdir', path.absolute)
  } catch (error) {
    const code = errnoOf(error)
    if (code === undefined) throw error
    return code
  }
  for (const { name, type } of entries) {
    const code = yield* removeNatively(ns, childPath(path, name), isDirectoryMode(ns, type))
    if (code !== undefined) return code
  }
  return yield* tryCall('rmdir', path)
}

/** Removes what is at a path, in the way of a flavour. */
function* removeTree(ns: Namespace, path: GuestPath, directory: boolean, flavour: Flavour): Operation<void> {
  if (flavour !== 'sync' || !nodeVersion.nativeRemoval) return yield* rimraf(ns, path, directory, flavour)
  const code = yield* removeNatively(ns, path, directory)
  if (code !== undefined) throw nativeError(ns, code, path)
}

/**
 * Removes a path with all below it, if there is anything.
 *
 * @param pathCall - its path is what is removed
 */
export function* removeAll({ context, path, flavour }: PathCall): Operation<void> {
  const directory = yield* isDirectory(context.ns, path, true)
  if (directory !== undefined) yield* removeTree(context.ns, path, directory, flavour)
}

/** What a synchronous `rm` finds that has nothing to check before. */
function* findUnchecked(ns: Namespace, path: GuestPath): Operation<boolean | undefined> {
  try {
    return isDirectoryMode(ns, (yield* call('lstat', path.absolute)).mode)
  } catch (error) {
    const code = errnoOf(error)
    if (code === undefined) throw error
    if (code === 'ENOENT') return undefined
    // The JavaScript of before goes on, and fails at removing.
    if (!nodeVersion.nativeRemoval) return false
    if (code === 'ENOTDIR') return undefined
    throw nativeError(ns, code, path)
  }
}

function* remove(pathCall: PathCall): Operation<void> {
  const { context, path, flavour, args } = pathCall
  const { force = false, recursive = false } = optionsOf(args[0])
  const isUnchecked = flavour === 'sync' && force && recursive
  const directory = isUnchecked ? yield* findUnchecked(context.ns, path) : yield* isDirectory(context.ns, path, force)
  if (directory === undefined) return
  if (!directory || recursive) return yield* removeTree(context.ns, path, directory, flavour)
  throw systemError('ERR_FS_EISDIR', {
    code: 'EISDIR',
    message: 'is a directory',
    path: (flavour === 'sync' ? pathCall.given : path.given) as string,
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
        if (yield* isDirectory(context.ns, path, false))
          return yield* removeTree(context.ns, path, true, pathCall.flavour)
      }
      yield* attempt(context.ns, { syscall: 'rmdir', path: path.shown }, 'rmdir', path.absolute)
    },
  },
]

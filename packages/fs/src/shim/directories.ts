/** Operations that make, list and remove directories. */
import type { ErrnoCode } from '@libvisor/abi'
import { slots } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { decodeName } from '../state/name-bytes.ts'
import type { DirectoryEntry } from '../types.ts'
import { modeOf, optionsOf } from './arguments.ts'
import { nodePath, NOWHERE } from './natives.native.ts'
import { nodeVersion } from './node-version.ts'
import { attempt, call, errnoOf, fileError } from './operation.ts'
import type { Operation } from './operation.ts'
import { read, writeLink } from './path-operation.ts'
import type { Flavour, PathCall, PathOperation } from './path-operation.ts'
import { absolutePath, showName } from './paths.ts'
import type { NameEncoding } from './paths.ts'
import { makeDirent } from './results.ts'

const MKDIR_MODE = 0o777
const MKDTEMP_MODE = 0o700
const TEMPLATE_LENGTH = 6
const TEMPLATE_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
const TEMPLATE_ATTEMPTS = 100
const SLASH = 0x2f

/** The directory of a path, as text: nothing is normalized but, synchronously, repeated slashes. */
function parentOf(path: string, flavour: Flavour): string {
  const end = path.lastIndexOf('/')
  if (end <= 0) return end < 0 ? '' : '/'
  const parent = path.slice(0, end)
  return flavour === 'sync' ? parent.replace(/\/+$/, '') || '/' : parent
}

/** The options of `mkdir`, which may be just the mode. */
function mkdirOptions(value: unknown): { mode: number; recursive: boolean } {
  if (typeof value === 'number' || typeof value === 'string')
    return { mode: modeOf(value, MKDIR_MODE), recursive: false }
  const { mode, recursive = false } = optionsOf(value)
  return { mode: modeOf(mode, MKDIR_MODE), recursive }
}

/** What making one directory fails with that making others cannot mend. */
const isFinal: ReadonlySet<ErrnoCode> = new Set(['EACCES', 'ENOSPC', 'ENOTDIR', 'EPERM'])

/** The type of what is at a path, or why that cannot be told. */
function* typeAt(ns: Namespace, absolute: string): Operation<ErrnoCode | number> {
  try {
    return (yield* call('stat', absolute)).mode & ns.personality.fs.S_IFMT
  } catch (error) {
    const code = errnoOf(error)
    if (code === undefined) throw error
    return code
  }
}

/**
 * Makes a directory and those above it.
 *
 * @returns the first one that was made, in the guest's words, or `undefined`
 * @source Node 24 `src/node_file.cc`, MKDirpSync and MKDirpAsync
 */
function* makeParents({ context, flavour, path }: PathCall, mode: number): Operation<string | undefined> {
  const { ns, cwd } = context
  // Asynchronously, the error tells the directory at which it failed.
  const infoOf = (at: string): { syscall: string; path: string } => ({
    syscall: 'mkdir',
    path: flavour === 'sync' ? path.shown : (showName(at, 'utf8') as string),
  })
  const pending = [typeof path.given === 'string' ? path.given.toWellFormed() : decodeName(path.given)]
  let first: string | undefined
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const absolute = absolutePath(next, cwd)
    try {
      yield* call('mkdir', absolute, mode)
      first ??= next
    } catch (error) {
      const code = errnoOf(error)
      const info = infoOf(next)
      if (code === 'ENOENT') {
        const parent = parentOf(next, flavour)
        if (parent === '' || parent === next) throw fileError(ns, error, info)
        pending.push(next, parent)
        continue
      }
      if (code === undefined || isFinal.has(code)) throw fileError(ns, error, info)
      const isParent = code === 'EEXIST' && pending.length > 0
      const type = yield* typeAt(ns, absolute)
      if (type === ns.personality.fs.S_IFDIR) continue
      if (typeof type === 'number') throw ns.errors.file(isParent ? 'ENOTDIR' : 'EEXIST', info)
      throw ns.errors.file(isParent && flavour !== 'sync' ? 'ENOTDIR' : type, info)
    }
  }
  return first === undefined ? undefined : (showName(first, 'utf8') as string)
}

/** Six random letters or digits, from the namespace's own randomness. */
function randomLetters(ns: Namespace): string {
  const bytes = new Uint8Array(TEMPLATE_LENGTH)
  ns.get(slots.entropy).fill(bytes)
  return Array.from(bytes, (byte) => TEMPLATE_LETTERS[byte % TEMPLATE_LETTERS.length]).join('')
}

/**
 * Makes a directory of its own for the caller.
 *
 * @returns its path, in the guest's words
 */
export function* makeTemporary({ context, flavour, path }: PathCall): Operation<string> {
  const { ns, cwd } = context
  const prefix = typeof path.given === 'string' ? path.given.toWellFormed() : path.shown
  for (let attempts = 1; ; attempts++) {
    const name = prefix + randomLetters(ns)
    try {
      yield* call('mkdir', absolutePath(name, cwd), MKDTEMP_MODE)
      return name
    } catch (error) {
      if (errnoOf(error) === 'EEXIST' && attempts < TEMPLATE_ATTEMPTS) continue
      // Asynchronously, libuv has filled the template in already.
      throw fileError(ns, error, { syscall: 'mkdtemp', path: flavour === 'sync' ? `${path.shown}XXXXXX` : name })
    }
  }
}

/** Lists one directory; its error names the path as it is shown. */
function* list({ context }: PathCall, absolute: string, shown: string): Operation<DirectoryEntry[]> {
  return yield* attempt(context.ns, { syscall: 'scandir', path: shown }, 'readdir', absolute)
}

function* isDirectory(path: string, ns: Namespace): Operation<boolean> {
  try {
    const { mode } = yield* call('stat', path)
    return (mode & ns.personality.fs.S_IFMT) === ns.personality.fs.S_IFDIR
  } catch (error) {
    if (errnoOf(error) === undefined) throw error
    return false
  }
}

/** The path of a directory below another one, as Node joins what it shows. */
function joinShown(base: string | Buffer, relative: string | Buffer): string | Buffer {
  if (typeof base === 'string' && typeof relative === 'string') return nodePath.join(base, relative)
  const parent = Buffer.from(base)
  const separator = parent.at(-1) === SLASH ? '' : '/'
  return Buffer.concat([parent, Buffer.from(separator), Buffer.from(relative)])
}

/**
 * Lists a directory and all below it, level by level, as Node does since 26: names are bytes on the way down, and decoded only to be
 * shown.
 */
function* listLevels(pathCall: PathCall, withFileTypes: boolean, encoding: NameEncoding): Operation<unknown[]> {
  const { context, path } = pathCall
  const { S_IFDIR, S_IFLNK, S_IFMT } = context.ns.personality.fs
  const base = path.given as string | Buffer
  const results: unknown[] = []
  const directories = ['']
  for (let at = 0; at < directories.length; at++) {
    const directory = directories[at]!
    const isBase = directory === ''
    const absolute = isBase ? path.absolute : `${path.absolute}/${directory}`
    const shown = isBase ? path.shown : `${path.shown.replace(/\/$/, '')}/${showName(directory, 'utf8') as string}`
    const parent = isBase ? base : joinShown(base, showName(directory, encoding))
    for (const entry of yield* list(pathCall, absolute, shown)) {
      const child = isBase ? entry.name : `${directory}/${entry.name}`
      results.push(withFileTypes ? makeDirent(entry, parent, encoding) : showName(child, encoding))
      const type = entry.type & S_IFMT
      const isLink = type === S_IFLNK && (yield* isDirectory(`${path.absolute}/${child}`, context.ns))
      if (type === S_IFDIR || isLink) directories.push(child)
    }
  }
  return results
}

/**
 * Lists a directory and all below it: level by level in callbacks and synchronously, the last directory first with
 * promises, as Node does before 26.
 */
function* listRecursively(pathCall: PathCall, withFileTypes: boolean, encoding: NameEncoding): Operation<unknown[]> {
  const { context, flavour, path } = pathCall
  const { S_IFDIR, S_IFMT } = context.ns.personality.fs
  const results: unknown[] = []
  const base = path.given as string
  const queue: { shown: string; entries: DirectoryEntry[] | undefined }[] = [{ shown: base, entries: undefined }]
  const isEager = flavour === 'promise'
  const entriesOf = (shown: string): Operation<DirectoryEntry[]> =>
    shown === base ? list(pathCall, path.absolute, path.shown) : list(pathCall, absolutePath(shown, context.cwd), shown)
  if (isEager) queue[0]!.entries = yield* entriesOf(base)
  while (queue.length > 0) {
    const { shown, entries } = isEager ? queue.pop()! : queue.shift()!
    for (const entry of entries ?? (yield* entriesOf(shown))) {
      const child = nodePath.join(shown, showName(entry.name, encoding) as string)
      results.push(withFileTypes ? makeDirent(entry, shown, encoding) : nodePath.relative(base, child))
      // Without types Node asks for the path that it shows: another one when a name is not UTF-8, or after `..`.
      const descends =
        (withFileTypes && (entry.type & S_IFMT) === S_IFDIR) ||
        (!(isEager && withFileTypes) && (yield* isDirectory(absolutePath(child, context.cwd), context.ns)))
      if (descends) queue.push({ shown: child, entries: isEager ? yield* entriesOf(child) : undefined })
    }
  }
  return results
}

/** The operations of this family. */
export const directoryOperations: readonly PathOperation[] = [
  {
    name: 'mkdir',
    paths: [writeLink],
    rest: ['options'],
    showsPath: ([, options]) => mkdirOptions(options).recursive,
    *run(pathCall) {
      const { context, path, args } = pathCall
      const { mode, recursive } = mkdirOptions(args[0])
      if (recursive) return yield* makeParents(pathCall, mode)
      return yield* attempt(context.ns, { syscall: 'mkdir', path: path.shown }, 'mkdir', path.absolute, mode)
    },
  },
  {
    name: 'mkdtemp',
    paths: [writeLink],
    rest: ['options'],
    // The last component is only the beginning of a name, and whether it exists says nothing.
    intentOf: () => undefined,
    // A warning is due for what ends with X.
    probeAt: (path) => (endsWithX(path) ? `${NOWHERE}X` : NOWHERE),
    *run(pathCall) {
      return showName(yield* makeTemporary(pathCall), optionsOf(pathCall.args[0]).encoding)
    },
  },
  {
    name: 'readdir',
    paths: [read],
    rest: ['options'],
    intentOf: ([, options]) => (optionsOf(options).recursive ? undefined : 'read'),
    showsPath: ([, options]) => optionsOf(options).withFileTypes === true,
    *run(pathCall) {
      const { path, args } = pathCall
      const { withFileTypes, encoding, recursive } = optionsOf(args[0])
      if (recursive) {
        const listAll = nodeVersion.uniformRecursion ? listLevels : listRecursively
        return yield* listAll(pathCall, Boolean(withFileTypes), encoding)
      }
      const entries = yield* list(pathCall, path.absolute, path.shown)
      return entries.map((entry) =>
        withFileTypes ? makeDirent(entry, path.given, encoding) : showName(entry.name, encoding),
      )
    },
  },
]

/** Whether `mkdtemp` warns about a prefix. */
function endsWithX(path: unknown): boolean {
  return typeof path === 'string' ? path.endsWith('X') : path instanceof Uint8Array && path.at(-1) === 0x58
}

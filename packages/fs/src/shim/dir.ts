/** `opendir`: Node's own `Dir` over a directory that has been listed. */
import { bindGuest, callNative, callNativeSync, deliver, ownerHere } from '@libvisor/core'
import type { Dir, Dirent } from 'node:fs'
import type { DirectoryEntry } from '../types.ts'
import { isOfOtherRealm } from './adopting.ts'
import { arePlain, isValidPath, optionsOf } from './arguments.ts'
import type { FsContext } from './context.ts'
import { callBack, callbackIndex, isFailure, silenced } from './flavours.ts'
import type { AnyFunction } from './flavours.ts'
import { nodeFs, nodePath, nodePromises, NOWHERE } from './natives.native.ts'
import { attempt, runSync } from './operation.ts'
import type { Operation } from './operation.ts'
import type { Flavour } from './path-operation.ts'
import { showName } from './paths.ts'
import type { GuestPath, NameEncoding } from './paths.ts'
import { direntType } from './results.ts'

/** How Node's `Dir` asks for what comes next. */
interface Request {
  oncomplete(error: unknown, entries?: unknown): void
}

/** What Node's `Dir` is over. @source Node 24 `lib/internal/fs/dir.js` */
interface DirHandle {
  /** Names and types, one after the other, or `null` at the end. */
  read(encoding: NameEncoding, count: number, request?: Request): unknown[] | null | undefined
  close(request?: Request): void
}

type DirConstructor = new (handle: DirHandle, path: string | Uint8Array, options: unknown) => Dir

/** A directory that has been listed. */
class ListedDirectory implements DirHandle {
  readonly #context: FsContext
  readonly #entries: readonly DirectoryEntry[]
  #at = 0

  constructor(context: FsContext, entries: readonly DirectoryEntry[]) {
    this.#context = context
    this.#entries = entries
  }

  read(encoding: NameEncoding, count: number, request?: Request): unknown[] | null | undefined {
    const entries = this.take(count)
    const result =
      entries.length === 0 ? null : entries.flatMap((entry) => [showName(entry.name, encoding), direntType(entry)])
    if (request === undefined) return result
    deliver(ownerHere(this.#context.ns), 'io', () => request.oncomplete(null, result))
    return undefined
  }

  /** The entries that come next. */
  take(count: number): readonly DirectoryEntry[] {
    const entries = this.#entries.slice(this.#at, this.#at + count)
    this.#at += entries.length
    return entries
  }

  close(request?: Request): void {
    if (request !== undefined) deliver(ownerHere(this.#context.ns), 'io', () => request.oncomplete(null))
  }
}

function* list(context: FsContext, path: GuestPath, flavour?: Flavour): Operation<DirectoryEntry[]> {
  // Node's synchronous flavour does not tell the path.
  const info = flavour === 'sync' ? { syscall: 'opendir' } : { syscall: 'opendir', path: path.shown }
  return yield* attempt(context.ns, info, 'readdir', path.absolute)
}

/** An entry of a directory, or of one below it. */
interface NestedEntry {
  readonly entry: DirectoryEntry
  readonly parent: string | Uint8Array
  /** Whether what is below it has been looked for. */
  isOpened: boolean
  /** Why it cannot be listed: reading it fails. */
  failure?: unknown
}

/** A directory with all below it, each listed when its entry is read, at once, as Node does it. */
class NestedDirectory extends ListedDirectory {
  readonly #context: FsContext
  readonly #nested: NestedEntry[]
  readonly #encoding: NameEncoding
  #taken = 0

  constructor(context: FsContext, path: GuestPath, encoding: NameEncoding, entries: readonly DirectoryEntry[]) {
    super(context, [])
    this.#context = context
    this.#encoding = encoding
    this.#nested = entries.map((entry) => ({ entry, parent: path.given, isOpened: false }))
  }

  override take(count: number): readonly DirectoryEntry[] {
    // Whoever asks for more has read all that came before.
    for (let at = 0; at < this.#taken; at++) this.#open(this.#nested[at]!)
    const entries = this.#nested.slice(this.#taken, this.#taken + count).map(({ entry }) => entry)
    this.#taken += entries.length
    return entries
  }

  /** The directory that an entry is in. @throws what listing the directory that it is fails with */
  parentOf(index: number): string | Uint8Array {
    const found = this.#nested[index]!
    this.#open(found)
    if (found.failure !== undefined) throw found.failure as Error
    return found.parent
  }

  #open(found: NestedEntry): void {
    const { S_IFDIR, S_IFMT } = this.#context.ns.personality.fs
    if (found.isOpened || (found.entry.type & S_IFMT) !== S_IFDIR) return
    found.isOpened = true
    try {
      // Throws for names and paths that are bytes, as Node does.
      const parent = nodePath.join(found.parent as string, showName(found.entry.name, this.#encoding) as string)
      for (const entry of runSync(this.#context.process, list(this.#context, this.#context.path(parent)))) {
        this.#nested.push({ entry, parent, isOpened: false })
      }
    } catch (error) {
      found.failure = error
    }
  }
}

/** Makes a `Dir` that gives entries of many directories, each with the parent it was found in. */
function nestedDir(handle: NestedDirectory, path: GuestPath, options: unknown): Dir {
  const DirClass = nodeFs.Dir as unknown as DirConstructor
  const dir = new DirClass(handle, path.given, { ...(options as object), recursive: false })
  let at = 0
  const place = (dirent: Dirent | null): Dirent | null => {
    if (dirent === null) return null
    const parent = handle.parentOf(at++)
    const own: { parentPath?: string | Uint8Array; path?: string | Uint8Array } = dirent
    own.parentPath = parent
    if (Object.hasOwn(own, 'path')) own.path = parent
    return dirent
  }
  const read = dir.read.bind(dir) as (
    callback?: (error: Error | null, dirent: Dirent | null) => void,
  ) => Promise<Dirent | null>
  const readSync = dir.readSync.bind(dir)
  async function* entriesOf(): AsyncGenerator<Dirent> {
    try {
      for (let dirent = await dir.read(); dirent !== null; dirent = await dir.read()) yield dirent
    } finally {
      await dir.close()
    }
  }
  const methods = {
    read(callback?: (error: Error | null, dirent?: Dirent | null) => void): unknown {
      if (callback === undefined) return read().then(place)
      return read((error, dirent) => {
        let placed: Dirent | null
        try {
          placed = error === null ? place(dirent) : null
        } catch (failure) {
          error = failure as Error
        }
        if (error === null) callback(null, placed!)
        else callback(error)
      })
    },
    readSync: () => place(readSync()),
    entries: entriesOf,
    [Symbol.asyncIterator]: entriesOf,
  }
  for (const key of Reflect.ownKeys(methods)) {
    const value = methods[key as keyof typeof methods]
    Object.defineProperty(dir, key, { value, configurable: true, writable: true, enumerable: false })
  }
  return dir
}

function* open(context: FsContext, flavour: Flavour, path: GuestPath, options: unknown): Operation<Dir> {
  const { recursive, encoding } = optionsOf(options)
  const entries = yield* list(context, path, flavour)
  if (recursive) return nestedDir(new NestedDirectory(context, path, encoding, entries), path, options)
  const DirClass = nodeFs.Dir as unknown as DirConstructor
  return new DirClass(new ListedDirectory(context, entries), path.given, options)
}

/** Whether the host's own directory is what the guest sees, under the same path. */
function isHostDirectory(context: FsContext, path: GuestPath, options: unknown): boolean {
  // What the host's own gives belongs to its realm, and keeps no guest alive.
  if (isOfOtherRealm(context.ns)) return false
  if (optionsOf(options).recursive && context.process.differsFromHost()) return false
  const host = context.process.resolve(path.absolute, 'read', true)
  return host?.identical === true && (path.absolute === path.shown || context.cwdIsHost)
}

/** Makes `opendirSync`, `opendir` and the `opendir` of `fs/promises`. */
export function createOpendir(context: FsContext): { sync: AnyFunction; callback: AnyFunction; promise: AnyFunction } {
  const nativeSync = nodeFs.opendirSync as AnyFunction
  const nativeCallback = nodeFs.opendir as AnyFunction
  const nativePromise = nodePromises.opendir as AnyFunction
  const probe = (args: readonly unknown[]): unknown[] =>
    args.map((value, at) => (at === 0 && isValidPath(value) ? NOWHERE : value))
  const isPlain = ([path, options]: readonly unknown[]): boolean =>
    isValidPath(path) && arePlain(['options'], [options], 0)

  const sync: AnyFunction = (...args) => {
    if (!isPlain(args)) {
      try {
        callNativeSync(nativeSync, ...probe(args))
      } catch (error) {
        if (!isFailure(error)) throw error
      }
    }
    const path = context.path(args[0])
    if (isHostDirectory(context, path, args[1])) return callNativeSync(nativeSync, ...args)
    return runSync(context.process, open(context, 'sync', path, args[1]))
  }

  const callback: AnyFunction = (...args) => {
    const at = callbackIndex(args, 1)
    if (at < 0) return callNative(nativeCallback, ...probe(args))
    const given = args.slice(0, at)
    if (!isPlain(given)) callNative(nativeCallback, ...probe(given), silenced(args[at] as AnyFunction))
    const path = context.path(args[0])
    const done = args[at] as AnyFunction
    if (isHostDirectory(context, path, given[1])) return callNative(nativeCallback, ...given, bindGuest(done))
    callBack(context, open(context, 'callback', path, given[1]), done)
  }

  // As in Node, where it is the promisified callback flavour: bad arguments reject.
  const promise: AnyFunction = async (...args) => {
    if (!isPlain(args)) {
      try {
        await callNative(nativePromise, ...probe(args))
      } catch (error) {
        if (!isFailure(error)) throw error
      }
    }
    return new Promise((resolve, reject) => {
      callback(args[0], args[1] ?? {}, (error: Error | null, dir: Dir) =>
        error === null ? resolve(dir) : reject(error),
      )
    })
  }
  return { sync, callback, promise }
}

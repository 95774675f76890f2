/**
 * The copying of trees behind `cp`.
 *
 * @source Node 24 `lib/internal/fs/cp/cp.js` and `cp-sync.js`
 */
import type { ErrnoCode } from '@libvisor/abi'
import type { StatRecord, SyscallName, Syscalls } from '../types.ts'
import { modeOf } from './arguments.ts'
import { contentOperations } from './contents.ts'
import type { FsContext } from './context.ts'
import { nodePath, codedSystemError } from './natives.native.ts'
import { nodeVersion } from './node-version.ts'
import { attempt, call, errnoOf, fileError, settled } from './operation.ts'
import type { Operation } from './operation.ts'
import type { Flavour, PathOperation } from './path-operation.ts'
import { showName } from './paths.ts'

const { dirname, join, resolve } = nodePath

/** The options of `cp`, valid. */
export interface CopyOptions {
  readonly dereference?: boolean
  readonly errorOnExist?: boolean
  readonly filter?: (source: string, destination: string) => unknown
  readonly force?: boolean
  readonly mode?: number
  readonly preserveTimestamps?: boolean
  readonly recursive?: boolean
  readonly verbatimSymlinks?: boolean
}

const copyFile = contentOperations.find(({ name }) => name === 'copyFile') as PathOperation

const isSame = (a: StatRecord, b: StatRecord): boolean =>
  a.ino !== 0 && a.dev !== 0 && a.ino === b.ino && a.dev === b.dev

/** The copying of one tree. */
export class TreeCopy {
  readonly #context: FsContext
  readonly #flavour: Flavour
  readonly #options: CopyOptions

  constructor(context: FsContext, flavour: Flavour, options: CopyOptions) {
    this.#context = context
    this.#flavour = flavour
    this.#options = { force: true, ...options }
  }

  /** Copies a path, whatever is there. */
  *run(source: string, destination: string): Operation<void> {
    const checked = yield* this.#check(source, destination)
    if (checked === undefined) return
    yield* this.#checkParents(source, checked.from, destination)
    // The synchronous flavour fails before it makes anything.
    if (this.#flavour === 'sync') this.#checkType(checked.from, source, destination)
    const parent = dirname(destination)
    if ((yield* this.#find('stat', parent)) === undefined) yield* this.#makeParents(parent)
    yield* this.#copy(source, destination, checked.to)
  }

  /** The attributes of both ends, or `undefined` when the guest's filter leaves the source out. */
  *#check(
    source: string,
    destination: string,
  ): Operation<{ from: StatRecord; to: StatRecord | undefined } | undefined> {
    if (!(yield* this.#isWanted(source, destination))) return undefined
    const name = this.#options.dereference ? 'stat' : 'lstat'
    const from = yield* this.#call(name, source)
    const to = yield* this.#find(name, destination)
    if (to !== undefined) {
      if (isSame(from, to))
        throw this.#error('ERR_FS_CP_EINVAL', 'EINVAL', 'src and dest cannot be the same', destination)
      if (this.#isDirectory(from) && !this.#isDirectory(to)) {
        const message = `cannot overwrite non-directory ${destination} with directory ${source}`
        throw this.#error('ERR_FS_CP_DIR_TO_NON_DIR', 'EISDIR', message, destination)
      }
      if (!this.#isDirectory(from) && this.#isDirectory(to)) {
        const message = `cannot overwrite directory ${destination} with non-directory ${source}`
        throw this.#error('ERR_FS_CP_NON_DIR_TO_DIR', 'ENOTDIR', message, destination)
      }
    }
    if (this.#isDirectory(from) && this.#isBelow(source, destination)) throw this.#selfCopy(source, destination)
    return { from, to }
  }

  *#isWanted(source: string, destination: string): Operation<boolean> {
    const { filter } = this.#options
    if (filter === undefined) return true
    const answer = filter(source, destination)
    if (this.#flavour !== 'sync') return Boolean(yield* settled(answer))
    if (answer instanceof Promise) {
      const message = 'Expected boolean to be returned from the "filter" function but got an instance of Promise.'
      throw this.#context.ns.errors.coded('TypeError', 'ERR_INVALID_RETURN_VALUE', message)
    }
    return Boolean(answer)
  }

  /** Fails when a directory above the destination is the source itself, by whatever way it is reached. */
  *#checkParents(source: string, from: StatRecord, destination: string): Operation<void> {
    const sourceParent = this.#resolve(dirname(source))
    let parent = this.#resolve(dirname(destination))
    for (; parent !== sourceParent && parent !== '/'; parent = dirname(parent)) {
      const record = yield* this.#find('stat', parent)
      if (record === undefined) return
      if (isSame(from, record)) throw this.#selfCopy(source, destination)
    }
  }

  *#copy(source: string, destination: string, to: StatRecord | undefined): Operation<void> {
    const from = yield* this.#call(this.#options.dereference ? 'stat' : 'lstat', source)
    this.#checkType(from, source, destination)
    if (this.#isDirectory(from)) yield* this.#copyDirectory(from, to, source, destination)
    else if (this.#type(from) === this.#constants.S_IFLNK) yield* this.#copyLink(to, source, destination)
    else yield* this.#copyFile(from, to, source, destination)
  }

  #checkType(from: StatRecord, source: string, destination: string): void {
    const { S_IFIFO, S_IFSOCK } = this.#constants
    if (this.#isDirectory(from) && !this.#options.recursive) {
      if (this.#flavour === 'sync') {
        const message = `Recursive option not enabled, cannot copy a directory: ${source}`
        throw this.#context.ns.errors.coded('Error', 'ERR_FS_EISDIR', message)
      }
      throw this.#error('ERR_FS_EISDIR', 'EISDIR', `${source} is a directory (not copied)`, source)
    }
    if (this.#type(from) === S_IFSOCK)
      throw this.#error('ERR_FS_CP_SOCKET', 'EINVAL', `cannot copy a socket file: ${destination}`, destination)
    if (this.#type(from) === S_IFIFO)
      throw this.#error('ERR_FS_CP_FIFO_PIPE', 'EINVAL', `cannot copy a FIFO pipe: ${destination}`, destination)
  }

  *#copyFile(from: StatRecord, to: StatRecord | undefined, source: string, destination: string): Operation<void> {
    if (to !== undefined) {
      if (!this.#options.force) {
        if (this.#options.errorOnExist)
          throw this.#error('ERR_FS_CP_EEXIST', 'EEXIST', `${destination} already exists`, destination)
        return
      }
      yield* this.#call('unlink', destination)
    }
    const context = this.#context
    const args = [modeOf(this.#options.mode, 0)]
    yield* copyFile.run({
      context,
      flavour: this.#flavour,
      path: context.path(source),
      dest: context.path(destination),
      args,
    })
    yield* this.#copyTimes(source, destination)
    yield* this.#call('chmod', destination, from.mode & ~this.#constants.S_IFMT)
  }

  *#copyTimes(source: string, destination: string): Operation<void> {
    if (!this.#options.preserveTimestamps) return
    const { atimeNs, mtimeNs } = yield* this.#call('stat', source)
    yield* this.#call('utimes', destination, atimeNs, mtimeNs)
  }

  *#copyDirectory(from: StatRecord, to: StatRecord | undefined, source: string, destination: string): Operation<void> {
    if (to === undefined) yield* this.#call('mkdir', destination, 0o777)
    else if (this.#options.errorOnExist && !this.#options.force) {
      throw this.#error('ERR_FS_CP_EEXIST', 'EEXIST', `${destination} already exists`, destination)
    }
    const info = { syscall: 'opendir', path: source }
    for (const entry of yield* attempt(this.#context.ns, info, 'readdir', this.#absolute(source))) {
      const name = showName(entry.name, 'utf8') as string
      const child = join(source, name)
      const target = join(destination, name)
      const checked = yield* this.#check(child, target)
      if (checked !== undefined) yield* this.#copy(child, target, checked.to)
    }
    if (nodeVersion.copiesDirectoryTimes) yield* this.#copyTimes(source, destination)
    if (to === undefined) yield* this.#call('chmod', destination, from.mode & ~this.#constants.S_IFMT)
  }

  *#copyLink(to: StatRecord | undefined, source: string, destination: string): Operation<void> {
    // As text: bytes that are not UTF-8 are lost, as in Node.
    let target = showName(yield* this.#call('readlink', source), 'utf8') as string
    if (!this.#options.verbatimSymlinks && !target.startsWith('/')) target = this.#resolve(dirname(source), target)
    const info = { syscall: 'symlink', path: target, dest: destination }
    if (to !== undefined) {
      const old = yield* this.#oldTarget(destination)
      if (old !== undefined) {
        const isSync = this.#flavour === 'sync'
        const from = isSync ? yield* this.#find('stat', source) : yield* this.#call('stat', source)
        if (from !== undefined && this.#isDirectory(from))
          this.#checkLinks(target, this.#resolve(dirname(destination), old), destination)
        yield* this.#call('unlink', destination)
      }
    }
    yield* attempt(this.#context.ns, info, 'symlink', target, this.#absolute(destination))
  }

  /** What the link at the destination leads to; nothing when it is no link. */
  *#oldTarget(destination: string): Operation<string | undefined> {
    try {
      return yield* call('readlink', this.#absolute(destination))
    } catch (error) {
      if (errnoOf(error) === 'EINVAL') return undefined
      throw fileError(this.#context.ns, error, { syscall: 'readlink', path: destination })
    }
  }

  #checkLinks(target: string, old: string, destination: string): void {
    if (this.#isBelow(target, old)) throw this.#selfCopy(target, old, destination)
    if (this.#isBelow(old, target)) {
      throw this.#error(
        'ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY',
        'EINVAL',
        `cannot overwrite ${old} with ${target}`,
        destination,
      )
    }
  }

  *#makeParents(directory: string): Operation<void> {
    const parent = dirname(directory)
    if (parent !== directory && (yield* this.#find('stat', parent)) === undefined) yield* this.#makeParents(parent)
    yield* this.#call('mkdir', directory, 0o777)
  }

  /** A system call on one path, its error with the path as it is shown. */
  *#call<Name extends SyscallName>(
    name: Name,
    path: string,
    ...rest: Parameters<Syscalls[Name]> extends [string, ...infer Rest] ? Rest : never
  ): Operation<ReturnType<Syscalls[Name]>> {
    const info = { syscall: name === 'utimes' ? 'utime' : name, path }
    const args = [this.#absolute(path), ...rest] as unknown as Parameters<Syscalls[Name]>
    return yield* attempt(this.#context.ns, info, name, ...args)
  }

  *#find(name: 'lstat' | 'stat', path: string): Operation<StatRecord | undefined> {
    try {
      return yield* call(name, this.#absolute(path))
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined
      throw fileError(this.#context.ns, error, { syscall: name, path })
    }
  }

  get #constants() {
    return this.#context.ns.personality.fs
  }

  #type(record: StatRecord): number {
    return record.mode & this.#constants.S_IFMT
  }

  #isDirectory(record: StatRecord): boolean {
    return this.#type(record) === this.#constants.S_IFDIR
  }

  #absolute(path: string): string {
    return this.#context.path(path).absolute
  }

  #resolve(...paths: string[]): string {
    return resolve(this.#context.cwd(), ...paths)
  }

  /** Whether a path is another one or below it, going by their names. */
  #isBelow(directory: string, path: string): boolean {
    const parts = (text: string): string[] => this.#resolve(text).split('/').filter(Boolean)
    const target = parts(path)
    return parts(directory).every((part, index) => target[index] === part)
  }

  #selfCopy(source: string, destination: string, path = destination): Error {
    return this.#error(
      'ERR_FS_CP_EINVAL',
      'EINVAL',
      `cannot copy ${source} to a subdirectory of self ${destination}`,
      path,
    )
  }

  #error(key: string, code: ErrnoCode, message: string, path: string): Error {
    return codedSystemError(key, {
      message,
      path,
      syscall: 'cp',
      errno: this.#context.ns.personality.errno[code][0],
      code,
    })
  }
}

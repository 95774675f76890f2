/**
 * Finds what glob patterns match, over the system calls: the results of Node's own `glob`, which cannot be led to
 * another file system.
 *
 * @source Node 24 `lib/internal/fs/glob.js`; docs, fs.glob
 */
import type { Minimatch, MinimatchOptions, ParseReturnFiltered } from 'minimatch'
import type { DirectoryEntry } from '../types.ts'
import type { FsContext } from './context.ts'
import { loadMinimatch, nodePath } from './natives.native.ts'
import { nodeVersion } from './node-version.ts'
import { call, errnoOf } from './operation.ts'
import type { Operation } from './operation.ts'
import type { Flavour } from './path-operation.ts'
import { showName } from './paths.ts'
import { makeDirent } from './results.ts'

const { basename, dirname, join, resolve } = nodePath

/** The options of `glob`, valid. */
export interface GlobOptions {
  readonly cwd?: URL | string
  readonly exclude?: readonly string[] | ((entry: unknown) => unknown)
  readonly followSymlinks?: boolean
  readonly withFileTypes?: boolean
}

/** A pattern, split at its slashes. */
type Parts = readonly ParseReturnFiltered[]

/** How far a path has been matched: the next part of a pattern that what is in it must match. */
interface Progress {
  readonly parts: Parts
  readonly index: number
}

const matchOptions: MinimatchOptions = {
  windowsPathsNoEscape: true,
  nonegate: true,
  nocomment: true,
  optimizationLevel: 2,
  platform: 'linux',
  nocaseMagicOnly: true,
}

/** The search for all patterns of one call. */
export class GlobWalk {
  readonly #context: FsContext
  readonly #options: GlobOptions
  readonly #minimatch: ReturnType<typeof loadMinimatch>
  readonly #flavour: Flavour
  /** The directory to start from, as the guest gave it. */
  readonly #given: string
  readonly #root: string
  readonly #patterns: readonly Parts[]
  readonly #isExcluded: (path: string) => boolean
  readonly #found = new Map<string, string>()
  readonly #seen = new Map<Parts, Set<string>>()
  readonly #entries = new Map<string, readonly DirectoryEntry[]>()
  #next = new Map<string, Progress[]>()

  constructor(context: FsContext, flavour: Flavour, patterns: readonly string[], options: GlobOptions) {
    this.#context = context
    this.#flavour = flavour
    this.#options = options
    this.#minimatch = loadMinimatch()
    const { cwd = '.', exclude } = options
    this.#given = context.path(cwd).shown
    this.#root = resolve(context.cwd(), this.#given)
    this.#patterns = patterns.flatMap((pattern) => this.#matcher(pattern).set)
    const excluded = Array.isArray(exclude) ? exclude.map((pattern) => this.#matcher(resolve(this.#root, pattern))) : []
    this.#isExcluded = (path) => excluded.some((matcher) => matcher.match(path))
  }

  /** What was found, in Node's form. */
  *run(): Operation<unknown[]> {
    const queue: { path: string; steps: readonly Progress[] }[] = [
      { path: '.', steps: this.#patterns.map((parts) => ({ parts, index: 0 })) },
    ]
    for (let item = queue.pop(); item !== undefined; item = queue.pop()) {
      for (const step of item.steps) yield* this.#visit(item.path, step)
      for (const [path, steps] of this.#next) queue.push({ path, steps })
      this.#next = new Map()
    }
    const results: unknown[] = []
    for (const path of this.#found.keys()) results.push(this.#options.withFileTypes ? yield* this.#dirent(path) : path)
    return results
  }

  #matcher(pattern: string): Minimatch {
    return new this.#minimatch.Minimatch(pattern, matchOptions)
  }

  *#dirent(path: string): Operation<unknown> {
    const type = yield* this.#type(resolve(this.#root, path))
    if (type === undefined) return null
    // Synchronously, Node keeps to the words of the guest.
    const base = this.#flavour === 'sync' ? this.#given : this.#root
    const shown = path.startsWith('/') ? path : this.#flavour === 'sync' ? join(base, path) : resolve(base, path)
    return makeDirent({ name: basename(shown), type }, dirname(shown), 'utf8')
  }

  /** Matches what is in a directory against the next part of a pattern. */
  *#visit(path: string, step: Progress): Operation<void> {
    if (!this.#isNew(path, step)) return
    const { parts, index } = step
    const { GLOBSTAR } = this.#minimatch
    const last = parts.length - 1
    const end = parts[last]
    const full = resolve(this.#root, path)
    if (this.#isExcluded(full)) return
    const start = index === 0 ? starts[String(parts[0])] : undefined
    if (start !== undefined && typeof parts[0] === 'string') return yield* this.#descend(start, { parts, index: 1 })

    const type = yield* this.#type(full)
    const isDirectory = yield* this.#isOpen(full, type)
    const endsHere = index === last || (end === '' && isDirectory && index === last - 1 && parts[index] === GLOBSTAR)
    if (endsHere && typeof end === 'string') {
      if ((yield* this.#type(join(full, end))) !== undefined && (end !== '' || isDirectory)) this.#add(join(path, end))
      if (index === last) return
    } else if (
      endsHere &&
      end === GLOBSTAR &&
      (path !== '.' || parts[0] === '.' || (last === 0 && type !== undefined))
    ) {
      this.#add(path)
    }
    if (!isDirectory) return
    for (const entry of yield* this.#children(full, parts[index]!))
      yield* this.#consider(path, full, entry, step, endsHere)
  }

  /** Decides what an entry of a directory means for a pattern. */
  *#consider(path: string, full: string, entry: DirectoryEntry, step: Progress, endsHere: boolean): Operation<void> {
    const { parts, index } = step
    const part = parts[index]!
    const last = parts.length - 1
    const name = showName(entry.name, 'utf8') as string
    const child = join(path, name)
    if (part === this.#minimatch.GLOBSTAR) return yield* this.#considerAnyDepth(path, full, entry, step, endsHere)
    if (typeof part === 'string') {
      if (part === name && index !== last) yield* this.#descend(child, { parts, index: index + 1 })
      else if (part === '.' && this.#matches(parts[index + 1], name)) {
        if (index + 1 === last) this.#add(child)
        else yield* this.#descend(child, { parts, index: index + 2 })
      }
    } else if (this.#matches(part, name)) {
      if (index === last) this.#add(child)
      else if (yield* this.#isDirectory(full, entry)) yield* this.#descend(child, { parts, index: index + 1 })
    }
  }

  /** The same for `**`: any number of directories, none of them a link or hidden. */
  *#considerAnyDepth(
    path: string,
    full: string,
    entry: DirectoryEntry,
    step: Progress,
    endsHere: boolean,
  ): Operation<void> {
    const { parts, index } = step
    const last = parts.length - 1
    const next = index + 1
    const name = showName(entry.name, 'utf8') as string
    const child = join(path, name)
    const { S_IFLNK } = this.#context.ns.personality.fs
    const { GLOBSTAR } = this.#minimatch
    const nextFixed = parts.findIndex((part, at) => at >= next && part !== GLOBSTAR)
    if (name.startsWith('.') && !this.#matches(parts[nextFixed], name)) return
    if (yield* this.#isUnwanted(full, entry)) return
    const isDirectory = yield* this.#isDirectory(full, entry)
    const isNext = this.#matches(parts[next], name)
    if (isDirectory) yield* this.#descend(child, step)
    else if (index === last) this.#add(child)
    if (isNext && next === last && !endsHere) this.#add(child)
    else if (isNext && isDirectory) yield* this.#descend(child, { parts, index: index + 2 })
    if ((isNext || parts[0] === '.') && (isDirectory || (!nodeVersion.globSkipsLinks && entry.type === S_IFLNK))) {
      yield* this.#descend(child, { parts, index: next })
    }
    if (parts[next] === '..' && isDirectory) {
      for (const target of [path, join(path, '..')]) {
        if (next === last) this.#add(target)
        else yield* this.#descend(target, { parts, index: next + 1 })
      }
    }
  }

  /** Goes on in a directory, unless the guest does not want it. */
  *#descend(path: string, step: Progress): Operation<void> {
    const full = resolve(this.#root, path)
    if (this.#isExcluded(full) || this.#isExcluded(path) || this.#isExcluded(`${full}/`)) return
    const { exclude, withFileTypes } = this.#options
    if (typeof exclude === 'function') {
      const subject = withFileTypes ? yield* this.#dirent(path) : path
      if (subject !== null && exclude(subject)) return
    }
    const steps = this.#next.get(path)
    if (steps === undefined) this.#next.set(path, [step])
    else steps.push(step)
  }

  *#isUnwanted(full: string, entry: DirectoryEntry): Operation<boolean> {
    const { exclude, withFileTypes } = this.#options
    if (typeof exclude !== 'function') return false
    return Boolean(exclude(withFileTypes ? makeDirent(entry, full, 'utf8') : showName(entry.name, 'utf8')))
  }

  #add(path: string): void {
    const full = resolve(this.#root, path)
    if (!this.#found.has(path) && !this.#isExcluded(full)) this.#found.set(path, full)
  }

  #isNew(path: string, { parts, index }: Progress): boolean {
    let seen = this.#seen.get(parts)
    if (seen === undefined) this.#seen.set(parts, (seen = new Set()))
    const key = `${index} ${resolve(this.#root, path)} ${path}`
    return seen.has(key) ? false : Boolean(seen.add(key))
  }

  #matches(part: ParseReturnFiltered | undefined, name: string): boolean {
    if (part === this.#minimatch.GLOBSTAR) return true
    if (typeof part === 'string') return part === name
    return typeof part === 'object' && part.test(name)
  }

  /** The entries that may match a part: for a plain name, only the one of that name. */
  *#children(full: string, part: ParseReturnFiltered): Operation<readonly DirectoryEntry[]> {
    if (typeof part === 'string') {
      const type = yield* this.#type(join(full, part))
      return type === undefined ? [] : [{ name: part, type }]
    }
    const known = this.#entries.get(full)
    if (known !== undefined) return known
    let entries: readonly DirectoryEntry[] = []
    try {
      entries = yield* call('readdir', full)
    } catch (error) {
      if (errnoOf(error) === undefined) throw error
    }
    this.#entries.set(full, entries)
    return entries
  }

  *#isDirectory(full: string, entry: DirectoryEntry): Operation<boolean> {
    const { S_IFDIR, S_IFLNK } = this.#context.ns.personality.fs
    if (entry.type === S_IFDIR) return true
    if (entry.type !== S_IFLNK || !this.#options.followSymlinks) return false
    return yield* this.#leadsToDirectory(join(full, showName(entry.name, 'utf8') as string))
  }

  /** Whether what is at a path may be looked into: a directory, or a link that got here by its name. */
  *#isOpen(full: string, type: number | undefined): Operation<boolean> {
    const { S_IFDIR, S_IFLNK } = this.#context.ns.personality.fs
    if (type !== S_IFLNK) return type === S_IFDIR
    return !this.#options.followSymlinks || (yield* this.#leadsToDirectory(full))
  }

  *#leadsToDirectory(path: string): Operation<boolean> {
    const { S_IFDIR, S_IFMT } = this.#context.ns.personality.fs
    try {
      const isDirectory = ((yield* call('stat', path)).mode & S_IFMT) === S_IFDIR
      // A link to a directory above itself would never end.
      return isDirectory && !`${path}/`.startsWith(`${yield* call('realpath', path)}/`)
    } catch (error) {
      if (errnoOf(error) === undefined) throw error
      return false
    }
  }

  *#type(path: string): Operation<number | undefined> {
    try {
      return (yield* call('lstat', path)).mode & this.#context.ns.personality.fs.S_IFMT
    } catch (error) {
      if (errnoOf(error) === undefined) throw error
      return undefined
    }
  }
}

/** Where a pattern begins that begins with one of these. */
const starts: Readonly<Record<string, string>> = { '': '/', '.': '.', '..': '../' }

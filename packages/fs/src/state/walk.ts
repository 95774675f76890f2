/**
 * The path walk: component by component in the guest's root, across mounts, as the kernel does with RESOLVE_IN_ROOT.
 * Nothing is normalized lexically.
 *
 * @source path_resolution(7); Linux `fs/namei.c`
 */
import { Errno } from '../types.ts'
import type { KnownDirectories } from './known-directories.ts'
import type { MountPoint } from './mounts.ts'
import { access, demand } from './permission.ts'
import { trace } from './trace.ts'
import { byteLength, fileType, NAME_MAX, PATH_MAX } from './vnode.ts'
import type { Credentials, Vnode } from './vnode.ts'

/** How many symbolic links one path may lead through. @source path_resolution(7) */
const MAX_LINKS = 40

/** The longest that something of this many UTF-16 units can be is three times as many bytes. */
const BYTES_PER_UNIT = 3

const SLASH = 47

/** A name in the tree, with the inode it leads to: a dentry. */
export class Place {
  /** The root is its own parent. */
  readonly parent: Place
  readonly name: string
  readonly node: Vnode
  /** Where mounts are at or below it. */
  readonly mounts: MountPoint | undefined

  constructor(parent: Place | undefined, name: string, node: Vnode, mounts: MountPoint | undefined) {
    this.parent = parent ?? this
    this.name = name
    this.node = node
    this.mounts = mounts
  }

  /** The path without links, `.` and `..`. */
  get path(): string {
    if (this.parent === this) return '/'
    let path = `/${this.name}`
    for (let place = this.parent; place.parent !== place; place = place.parent) path = `/${place.name}${path}`
    return path
  }

  /** The path of an entry. */
  childPath(name: string): string {
    const { path } = this
    return path === '/' ? `/${name}` : `${path}/${name}`
  }

  /** Whether something is mounted exactly here. */
  get isMount(): boolean {
    return this.mounts?.driver !== undefined
  }

  isDirectory(): boolean {
    return this.node.type === fileType.directory
  }

  /** An entry, or `undefined` when there is none. @throws Errno ENAMETOOLONG */
  step(name: string): Place | undefined {
    const mounts = this.mounts?.children.get(name)
    if (mounts?.driver !== undefined) return new Place(this, name, mounts.driver.root, mounts)
    if (name.length * BYTES_PER_UNIT > NAME_MAX && byteLength(name) > NAME_MAX) throw Errno.of('ENAMETOOLONG')
    const node = this.node.lookup(name)
    trace?.stepped(this, name, node)
    if (node !== undefined) return new Place(this, name, node, mounts)
    return mounts === undefined ? undefined : new Place(this, name, mounts.stand, mounts)
  }
}

/** What the last component is. */
export type LastKind = 'dot' | 'dotdot' | 'name' | 'root'

/** Where a walk has got to: the directory that has the last component, and that component. */
export interface Parent {
  readonly directory: Place
  readonly last: LastKind
  readonly name: string
  /** Whether slashes follow the last component. */
  readonly slash: boolean
}

/** One path resolution: counts the links it goes through. */
export class Walk {
  readonly #root: Place
  readonly #credentials: Credentials
  readonly #hostUid: number
  readonly #known: KnownDirectories
  #links = 0

  constructor(root: Place, credentials: Credentials, hostUid: number, known: KnownDirectories) {
    this.#root = root
    this.#credentials = credentials
    this.#hostUid = hostUid
    this.#known = known
  }

  /**
   * Walks to the directory that has the last component.
   *
   * @param path - absolute, or relative to `from`
   * @throws Errno ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG
   */
  parent(path: string, from: Place = this.#root): Parent {
    // What is remembered does not tell what it was found by.
    const known = trace === undefined ? this.#known.parent(path) : undefined
    if (known !== undefined) return known
    let rest = path
    let place = rest.charCodeAt(0) === SLASH ? this.#root : from
    let at = skipSlashes(rest, 0)
    for (;;) {
      if (at === rest.length) return { directory: place, last: 'root', name: '', slash: false }
      if (!place.isDirectory()) throw Errno.of('ENOTDIR')
      if (this.#credentials.uid !== 0) demand(place.node, access.execute, this.#credentials, this.#hostUid)
      const slash = rest.indexOf('/', at)
      const end = slash === -1 ? rest.length : slash
      const next = skipSlashes(rest, end)
      const name = rest.slice(at, end)
      if (next === rest.length) {
        if (rest === path && slash === -1) this.#known.remember(path, at - 1, place)
        return { directory: place, last: kindOf(name), name, slash: end < next }
      }
      at = next
      if (name === '.') continue
      if (name === '..') {
        place = place.parent
        continue
      }
      const child = place.step(name)
      if (child === undefined) throw Errno.of('ENOENT')
      if (child.node.type === fileType.link) {
        const jumped = child.node.jump?.(place)
        if (jumped !== undefined) {
          place = jumped
          continue
        }
        const target = this.readlink(child)
        if (target.charCodeAt(0) === SLASH) place = this.#root
        rest = `${target}/${rest.slice(next)}`
        at = skipSlashes(rest, 0)
      } else {
        place = child
      }
    }
  }

  /**
   * Follows the last component.
   *
   * @param parent - what {@link parent} gave
   * @param follow - whether a link in the last component is followed; a trailing slash always does
   * @returns the place, or where it would be when there is none
   * @throws Errno ENOTDIR when a trailing slash follows something that is no directory
   */
  last(parent: Parent, follow: boolean): Place | Parent {
    for (let at = parent; ;) {
      if (at.last !== 'name') return at.last === 'dotdot' ? at.directory.parent : at.directory
      const place = at.directory.step(at.name)
      if (place === undefined) return at
      if (place.node.type === fileType.link && (follow || at.slash)) {
        const jumped = place.node.jump?.(at.directory)
        if (jumped !== undefined) {
          if (at.slash && !jumped.isDirectory()) throw Errno.of('ENOTDIR')
          return jumped
        }
        const target = this.readlink(place)
        const followed = this.parent(target, at.directory)
        at = at.slash && !followed.slash ? { ...followed, slash: true } : followed
        continue
      }
      if (at.slash && !place.isDirectory()) throw Errno.of('ENOTDIR')
      return place
    }
  }

  /** Resolves a path that must exist. @throws Errno as {@link parent}, and ENOENT when nothing is there */
  find(path: string, follow: boolean): Place {
    const found = this.last(this.parent(path), follow)
    if (found instanceof Place) return found
    throw Errno.of('ENOENT')
  }

  /** The text of a link that is followed. @throws Errno ELOOP */
  readlink(place: Place): string {
    if (++this.#links > MAX_LINKS) throw Errno.of('ELOOP')
    const target = place.node.readlink()
    if (target === '') throw Errno.of('ENOENT')
    return target
  }
}

/**
 * Checks what can be said of a path without walking it.
 *
 * @param path - absolute
 * @param cwd - the working directory: what a guest's relative path was put behind, which does not count
 * @throws Errno ENOENT when it is empty, ENAMETOOLONG
 */
export function checkPath(path: string, cwd: string): void {
  if (path === '') throw Errno.of('ENOENT')
  if (path.length * BYTES_PER_UNIT < PATH_MAX) return
  const given = path.startsWith(`${cwd}/`) ? path.slice(cwd.length + 1) : path
  if (byteLength(given) >= PATH_MAX) throw Errno.of('ENAMETOOLONG')
}

function skipSlashes(path: string, from: number): number {
  let at = from
  while (path.charCodeAt(at) === SLASH) at++
  return at
}

function kindOf(name: string): LastKind {
  if (name === '.') return 'dot'
  return name === '..' ? 'dotdot' : 'name'
}

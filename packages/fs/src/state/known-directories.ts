import { KnownNodes } from './known-nodes.ts'
import type { HostFs } from './host-fs.ts'
import { MemoryNode } from './memory.ts'
import type { MountTable } from './mounts.ts'
import { detached } from './name-bytes.ts'
import { NAME_MAX } from './vnode.ts'
import type { Credentials, Vnode } from './vnode.ts'
import type { Parent, Place } from './walk.ts'

/** How many directories are remembered. */
const LARGEST = 4096

interface KnownDirectory {
  readonly path: string
  readonly place: Place
  /** Of the driver's directories in memory when it was found; of the mounts and of the host's names elsewhere. */
  readonly version: number
  /** When a directory that is not in memory has to be looked for again. @units milliseconds */
  readonly staleAt: number
}

/**
 * Directories by their paths, so that what is far down costs no more than what is near. What is remembered in memory holds until a
 * directory of the same driver is removed, renamed, or gets another mode or owner; of the host, and of overlays over it, until a name of the
 * host is changed, something stops showing, or what is known of one of the names on the way is stale. Paths through links are not remembered.
 */
export class KnownDirectories {
  readonly #root: Place
  readonly #credentials: Credentials
  readonly #host: Pick<HostFs, 'names' | 'nowMs'>
  readonly #mounts: Pick<MountTable, 'generation'>
  readonly #known = new Map<string, KnownDirectory>()
  /** What has been found in them, by whole paths. */
  readonly #nodes = new KnownNodes()
  #last: KnownDirectory | undefined
  #uid: number | undefined
  #gid: number | undefined
  #groups: readonly number[] | undefined

  constructor(
    root: Place,
    credentials: Credentials,
    host: Pick<HostFs, 'names' | 'nowMs'>,
    mounts: Pick<MountTable, 'generation'>,
  ) {
    this.#root = root
    this.#credentials = credentials
    this.#host = host
    this.#mounts = mounts
  }

  /** As `Walk.parent`, where the directory is known. */
  parent(path: string): Parent | undefined {
    const slash = path.lastIndexOf('/')
    const directory = this.#find(path, slash)
    if (directory === undefined) return undefined
    const name = path.slice(slash + 1)
    if (name === '' || name === '.' || name === '..') return undefined
    return { directory, last: 'name', name, slash: false }
  }

  /** What a path has led to more than once, which may be a link. Only paths that were given to {@link node} are known. */
  known(path: string): MemoryNode | undefined {
    return this.#isSame() ? this.#nodes.find(path) : undefined
  }

  /** What a path leads to, which may be a link; `undefined` where more than a look is needed. */
  node(path: string): Vnode | undefined {
    const slash = path.lastIndexOf('/')
    const directory = this.#find(path, slash)
    if (!(directory?.node instanceof MemoryNode)) return undefined
    const name = path.slice(slash + 1)
    // A name that is too long is an error, which the walk tells; no entry has one of the names that are none.
    if (name.length * 3 > NAME_MAX || directory.mounts?.children.has(name) === true) return undefined
    const node = directory.node.lookup(name)
    if (node instanceof MemoryNode) this.#nodes.offer(path, node)
    return node
  }

  /** Forgets everything. */
  clear(): void {
    this.#known.clear()
    this.#nodes.clear()
    this.#last = undefined
  }

  /**
   * Remembers a directory to which a walk has led.
   *
   * @param path - that was walked
   * @param end - where the directory's own path ends in it
   * @param place - the directory
   */
  remember(path: string, end: number, place: Place): void {
    const inMemory = place.node instanceof MemoryNode
    const staleAt = inMemory ? Infinity : this.#staleAt(place)
    if (staleAt === undefined || (inMemory && !this.#isSettled(place))) return
    const own = path.slice(0, end)
    if (place.path !== (end === 0 ? '/' : own)) return
    if (this.#known.size >= LARGEST) this.#known.clear()
    this.#isSame()
    const kept = detached(own)
    this.#known.set(kept, { path: kept, place, version: this.#versionOf(place.node), staleAt })
  }

  #find(path: string, slash: number): Place | undefined {
    if (slash < 0 || this.#known.size === 0 || !this.#isSame()) return undefined
    const last = this.#last
    // Equal strings are found out faster than where one begins with another, or what their hash is.
    const own = path.slice(0, slash)
    const known = last !== undefined && last.path === own ? last : this.#known.get(own)
    if (known === undefined) return undefined
    const { place, version, staleAt } = known
    if (this.#versionOf(place.node) === version && (staleAt === Infinity || this.#host.nowMs() < staleAt)) {
      this.#last = known
      return place
    }
    this.#known.delete(known.path)
    this.#last = undefined
    return undefined
  }

  #versionOf(node: Vnode): number {
    // Both only go up, and so does their sum.
    return node instanceof MemoryNode
      ? node.driver.directoryVersion
      : this.#mounts.generation + this.#host.names.version
  }

  /** When one of the names on the way to what is not in memory is stale; `undefined` where that cannot be said. */
  #staleAt(place: Place): number | undefined {
    let staleAt = Infinity
    for (let at = place; ; at = at.parent) {
      if (at.node.staleAt === undefined) return undefined
      staleAt = Math.min(staleAt, at.node.staleAt)
      if (at.parent === at) return staleAt
      if (at.isMount) return at.parent === this.#root || this.#credentials.uid === 0 ? staleAt : undefined
    }
  }

  /** Whether only what its own driver does can lead a path elsewhere. */
  #isSettled(place: Place): boolean {
    for (let at = place; at.parent !== at; at = at.parent) {
      // Who asks may have lost the right to pass what is above, and its driver does not tell.
      if (at.isMount) return at.parent === this.#root || this.#credentials.uid === 0
      if (!(at.parent.node instanceof MemoryNode)) return false
    }
    return true
  }

  /** Whether it is still the same who asks: what was found by somebody else is forgotten. */
  #isSame(): boolean {
    const { uid, gid, groups } = this.#credentials
    if (uid === this.#uid && gid === this.#gid && groups === this.#groups) return true
    this.#uid = uid
    this.#gid = gid
    this.#groups = groups
    this.clear()
    return false
  }
}

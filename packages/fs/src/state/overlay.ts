/**
 * A writable layer over others that are never changed, by the rules of Linux's overlayfs: what is written is copied
 * up first, what is removed leaves a whiteout, and a directory that took a removed one's place is opaque.
 */
import { linuxFsConstants } from '@libvisor/abi'
import { Errno } from '../types.ts'
import type { DirectoryEntry, StatFsRecord, StatRecord } from '../types.ts'
import { copyInode } from './overlay-copy.ts'
import { OverlayFile } from './overlay-file.ts'
import { inodeKey } from './upper-layer.ts'
import type { UpperLayer } from './upper-layer.ts'
import { fileType, O_ACCMODE } from './vnode.ts'
import type { AttributeChange, Driver, NodeInit, OpenFile, Vnode } from './vnode.ts'

const { O_RDONLY } = linuxFsConstants

/** What an overlay driver depends on. */
export interface OverlayDriverOptions {
  /** `st_dev` of what is in no lower layer, and of lower layers that are not the host's. */
  readonly dev: number
  readonly upper: Driver
  readonly layer: UpperLayer
  /** The first one is on top. */
  readonly lowers: readonly Driver[]
  /** Called whenever something of a lower layer stops showing. */
  readonly onCover: () => void
  /** @defaultValue false */
  readonly readOnly?: boolean
}

export class OverlayDriver implements Driver {
  readonly dev: number
  readonly upper: Driver
  readonly layer: UpperLayer
  readonly lowers: readonly Driver[]
  readonly root: OverlayNode
  /** Whether the upper layer holds nothing: everything is what the lower layers say. */
  pristine: boolean
  /** Whether a directory of the upper layer may have another owner or mode than those that it lies over. */
  changedDirectories = false
  /** Moves whenever something of a lower layer stops showing: what was known about paths must be asked again. */
  generation = 0
  /** Open files that read a lower layer, by the lower inode. */
  readonly lowerOpens = new Map<string, Set<OverlayFile>>()
  readonly #onCover: () => void
  readonly writable: boolean

  constructor(options: OverlayDriverOptions) {
    this.dev = options.dev
    this.upper = options.upper
    this.layer = options.layer
    this.lowers = options.lowers
    this.#onCover = options.onCover
    this.writable = options.readOnly !== true && this.upper.writable
    this.pristine = this.upper.root.isEmpty()
    this.changedDirectories = !this.pristine
    const lowerRoots = this.lowers.map(({ root }) => root)
    this.root = new OverlayNode(this, undefined, '', this.upper.root, lowerRoots, '')
  }

  get holdsModules(): boolean {
    return this.upper.holdsModules && this.lowers.every(({ holdsModules }) => holdsModules)
  }

  get identityMapped(): boolean {
    return this.pristine && this.lowers.length === 1 && this.lowers[0]?.identityMapped === true
  }

  /** Notes that something of a lower layer has stopped showing. */
  covered(): void {
    this.generation++
    this.pristine = false
    this.#onCover()
  }

  /** Whether the upper layer has something else at a name than what the lower layers show, or may have. */
  shadows(directory: Vnode, name: string): boolean {
    // What others do to a directory of the host would have to be asked for every time.
    if (directory.hostPath !== undefined || this.layer.hidden(directory, name)) return true
    const found = this.layer.lookup(directory, name)
    return found !== undefined && !this.#showsThrough(found)
  }

  /** Whether the upper layer leaves what is at a path below the mount point as the lower layers have it. */
  showsLower(names: readonly string[]): boolean {
    if (this.pristine) return true
    let directory = this.upper.root
    for (const name of names) {
      if (this.shadows(directory, name)) return false
      const found = this.layer.lookup(directory, name)
      if (found === undefined) return true
      directory = found
    }
    return true
  }

  #showsThrough(found: Vnode): boolean {
    if (found.type !== fileType.directory || this.layer.opaque(found)) return false
    return this.layer.redirect(found) === undefined && !this.changedDirectories
  }

  /** Looks at the upper layer again, which has been replaced. */
  reload(): void {
    this.changedDirectories = true
    this.generation++
    this.pristine = this.upper.root.isEmpty()
    this.#onCover()
  }

  statfs(): StatFsRecord {
    return this.upper.statfs(this.upper.root)
  }

  [Symbol.dispose](): void {
    this.upper[Symbol.dispose]()
    for (const lower of this.lowers) lower[Symbol.dispose]()
  }
}

export class OverlayNode implements Vnode {
  readonly driver: OverlayDriver
  readonly descriptor = undefined
  readonly #parent: OverlayNode | undefined
  readonly #name: string
  #upper: Vnode | undefined
  /** The generation of the driver in which there was none in the upper layer. */
  #noneAt = -1
  /** What shows from the lower layers: directories to be merged, or one that is none. */
  readonly #lowers: readonly Vnode[]
  /** Where the lower part is in its layers. */
  readonly #lowerPath: string

  constructor(
    driver: OverlayDriver,
    parent: OverlayNode | undefined,
    name: string,
    upper: Vnode | undefined,
    lowers: readonly Vnode[],
    lowerPath: string,
  ) {
    this.driver = driver
    this.#parent = parent
    this.#name = name
    this.#upper = upper
    this.#lowers = lowers
    this.#lowerPath = lowerPath
    // Whoever makes a node has looked.
    if (upper === undefined) this.#noneAt = driver.generation
  }

  /** The layer whose metadata count. */
  get #top(): Vnode {
    const top = this.driver.pristine ? this.#lowers[0] : (this.#findUpper() ?? this.#lowers[0])
    if (top === undefined) throw Errno.of('ENOENT')
    return top
  }

  get type(): number {
    return this.#top.type
  }

  get staleAt(): number | undefined {
    // Others may make what is missing in an upper layer on the host.
    if (this.driver.upper.root.hostPath !== undefined) return undefined
    let staleAt = Infinity
    for (const lower of this.#lowers) {
      if (lower.staleAt === undefined) return undefined
      staleAt = Math.min(staleAt, lower.staleAt)
    }
    return staleAt
  }

  get mode(): number {
    return this.#top.mode
  }

  get uid(): number {
    return this.#top.uid
  }

  get gid(): number {
    return this.#top.gid
  }

  get hostPath(): string | undefined {
    if (this.#upper === undefined || this.driver.pristine) {
      return this.#lowers.length === 1 ? this.#lowers[0]?.hostPath : undefined
    }
    const { hostPath } = this.#upper
    if (hostPath === undefined || this.type === fileType.directory) return undefined
    return this.driver.layer.hasOrigin(this.#upper) ? undefined : hostPath
  }

  get lowerHostPath(): string | undefined {
    return this.#lowers[0]?.hostPath
  }

  get hostWritable(): boolean {
    return this.driver.writable && this.#upper?.hostWritable === true && this.type !== fileType.directory
  }

  get pinned(): boolean {
    return this.#lowers.length > 0 && !this.driver.layer.redirects && this.type === fileType.directory
  }

  is(other: Vnode): boolean {
    if (!(other instanceof OverlayNode) || other.driver !== this.driver) return false
    return (this.#findUpper() === undefined) === (other.#findUpper() === undefined) && this.#top.is(other.#top)
  }

  /** The inode in the upper layer: another node of the same name may have been copied up since this was made. */
  #findUpper(): Vnode | undefined {
    const { driver } = this
    if (this.#upper === undefined && !driver.pristine && this.#noneAt !== driver.generation) {
      this.#noneAt = driver.generation
      const parent = this.#parent === undefined ? undefined : this.#parent.#findUpper()
      if (parent !== undefined) this.#upper = driver.layer.lookup(parent, this.#name)
    }
    return this.#upper
  }

  stat(): StatRecord {
    const top = this.#top
    const record = top === this.#upper ? this.driver.layer.present(top.stat()) : top.stat()
    if (top !== this.#upper) return top.hostPath === undefined ? { ...record, dev: this.driver.dev } : record
    if (top.type !== fileType.directory || this.#lowers.length === 0) return record
    return { ...record, nlink: 2 + this.#list(this.#upper).filter(({ type }) => type === fileType.directory).length }
  }

  change(change: AttributeChange): void {
    const isDirectory = this.type === fileType.directory
    if (isDirectory) this.driver.changedDirectories = true
    this.copyUp(true).change(change)
    // Who may pass it may be others.
    if (isDirectory) this.driver.covered()
  }

  truncate(size: number, touch: boolean): void {
    this.copyUp(size > 0).truncate(size, touch)
  }

  open(flags: number): OpenFile {
    const { type } = this
    if ((flags & O_ACCMODE) !== O_RDONLY && type === fileType.file) {
      return new OverlayFile(this, this.copyUp(true).open(flags))
    }
    const top = this.#top
    const opened = top.open(flags)
    if (top === this.#upper) return new OverlayFile(this, opened)
    return new OverlayFile(this, opened, { opens: this.driver.lowerOpens, key: inodeKey(top.stat()) })
  }

  readlink(): string {
    return this.#top.readlink()
  }

  lookup(name: string): OverlayNode | undefined {
    const { driver } = this
    const upper = driver.pristine ? undefined : this.#findUpper()
    const found = upper === undefined ? undefined : driver.layer.lookup(upper, name)
    let lowerPath = `${this.#lowerPath}/${name}`
    let lowers: readonly Vnode[]
    if (found !== undefined) {
      const redirect = found.type === fileType.directory ? driver.layer.redirect(found) : undefined
      if (found.type !== fileType.directory || driver.layer.opaque(found)) lowers = []
      else if (redirect === undefined) lowers = this.#lookupLower(name, true)
      else {
        lowerPath = redirect
        lowers = this.driver.root.#follow(redirect)
      }
    } else {
      if (upper !== undefined && driver.layer.hidden(upper, name)) return undefined
      lowers = this.#lookupLower(name, false)
      if (lowers.length === 0) return undefined
    }
    return new OverlayNode(driver, this, name, found, lowers, lowerPath)
  }

  decidedBy(name: string): readonly string[] | undefined {
    const { driver } = this
    const upper = driver.pristine ? undefined : this.#findUpper()
    if (this.#lowers.length === 0 || (upper !== undefined && driver.shadows(upper, name))) return undefined
    const directories: string[] = []
    for (const lower of this.#lowers) {
      const decided = lower.decidedBy?.(name)
      if (decided === undefined) return undefined
      directories.push(...decided)
    }
    return directories
  }

  entries(): DirectoryEntry[] {
    const upper = this.driver.pristine ? undefined : this.#findUpper()
    if (upper !== undefined) this.driver.layer.accessed(upper)
    return this.#list(upper)
  }

  #list(upper: Vnode | undefined): DirectoryEntry[] {
    if (upper === undefined && this.#lowers.length === 1) return this.#lowers[0]?.entries() ?? []
    const hidden = new Set<string>()
    const entries = upper === undefined ? [] : this.driver.layer.entries(upper, hidden)
    for (const { name } of entries) hidden.add(name)
    for (const lower of this.#lowers) {
      for (const entry of lower.entries()) {
        if (hidden.has(entry.name)) continue
        hidden.add(entry.name)
        entries.push(entry)
      }
    }
    return entries
  }

  isEmpty(): boolean {
    return this.#list(this.driver.pristine ? undefined : this.#findUpper()).length === 0
  }

  create(name: string, init: NodeInit): OverlayNode {
    const { layer } = this.driver
    const upper = this.copyUp(true)
    const replacesLower = layer.hidden(upper, name)
    if (replacesLower) layer.unhide(upper, name)
    let node
    try {
      node = upper.create(name, init)
    } catch (error) {
      if (replacesLower) layer.hide(upper, name)
      throw error
    }
    if ((replacesLower || layer.opaqueFromStart) && node.type === fileType.directory) layer.setOpaque(node)
    return new OverlayNode(this.driver, this, name, node, [], `${this.#lowerPath}/${name}`)
  }

  link(name: string, node: Vnode): void {
    const existing = (node as OverlayNode).copyUp(true)
    const upper = this.copyUp(true)
    this.driver.layer.unhide(upper, name)
    upper.link(name, existing)
  }

  remove(name: string, node: Vnode): void {
    const { layer } = this.driver
    const removed = node as OverlayNode
    const upper = this.copyUp(true)
    const found = layer.lookup(upper, name)
    if (found === undefined) {
      const [lower] = removed.#lowers
      if (lower !== undefined) this.#detach(lower)
    } else {
      if (found.type === fileType.directory) layer.clear(found)
      upper.remove(name, found)
    }
    const inLower = this.#inLower(name)
    if (inLower) layer.hide(upper, name)
    // What was in the upper layer alone was not the host's. A directory may be known by its path.
    if (inLower || removed.type === fileType.directory) this.driver.covered()
  }

  rename(name: string, node: Vnode, toDirectory: Vnode, toName: string, replaced: Vnode | undefined): void {
    const { driver } = this
    const { layer } = driver
    const moved = node as OverlayNode
    const to = toDirectory as OverlayNode
    const isDirectory = moved.type === fileType.directory
    const keepsLower = isDirectory && moved.#lowers.length > 0
    const found = moved.copyUp(true)
    if (keepsLower) layer.setRedirect(found, moved.#lowerPath)
    const fromUpper = this.copyUp(true)
    const toUpper = to.copyUp(true)
    const inWay = layer.lookup(toUpper, toName)
    if (inWay === undefined) {
      const [lower] = replaced === undefined ? [] : (replaced as OverlayNode).#lowers
      if (lower !== undefined) this.#detach(lower)
    } else if (inWay.type === fileType.directory) layer.clear(inWay)
    layer.unhide(toUpper, toName)
    if (isDirectory && !keepsLower && !layer.opaque(found)) layer.setOpaque(found)
    fromUpper.rename(name, found, toUpper, toName, inWay)
    const inLower = this.#inLower(name)
    if (inLower) layer.hide(fromUpper, name)
    // As with removing: what moves within the upper layer, over nothing of the lower ones, was not the host's.
    if (inLower || isDirectory || (inWay === undefined && replaced !== undefined)) driver.covered()
  }

  /**
   * Makes sure that the upper layer has this inode, its parents first.
   *
   * @param withData - whether a file's bytes are wanted
   */
  copyUp(withData: boolean): Vnode {
    const { driver } = this
    const found = this.#findUpper()
    if (found !== undefined) {
      if (driver.pristine) this.#takeRoot()
      return found
    }
    const lower = this.#lowers[0]
    const parent = this.#parent
    if (lower === undefined || parent === undefined) throw Errno.of('ENOENT')
    const record = this.stat()
    const source = lower.type === fileType.file && withData ? lower.open(O_RDONLY) : undefined
    const missing = this.#ancestorsToCopy()
    try {
      const upper = parent.copyUp(true)
      const copy = copyInode(lower, record, upper, this.#name, source)
      driver.layer.setOrigin(copy, record.dev, record.ino)
      driver.covered()
      this.#upper = copy
      const key = inodeKey(lower.stat())
      for (const file of driver.lowerOpens.get(key) ?? []) file.moveTo(copy)
      driver.lowerOpens.delete(key)
      return copy
    } catch (error) {
      for (const ancestor of missing) ancestor.#undoCopyUp()
      throw error
    } finally {
      source?.close()
    }
  }

  /** The directories above that the upper layer does not have, the nearest first. */
  #ancestorsToCopy(): OverlayNode[] {
    const missing: OverlayNode[] = []
    for (let at = this.#parent; at !== undefined && at.#findUpper() === undefined; at = at.#parent) missing.push(at)
    return missing
  }

  #undoCopyUp(): void {
    const copy = this.#upper
    const parent = this.#parent === undefined ? undefined : this.#parent.#findUpper()
    this.#upper = undefined
    if (copy !== undefined && parent !== undefined) parent.remove(this.#name, copy)
  }

  /** Gives the upper root the lower root's metadata: it counts from now on. */
  #takeRoot(): void {
    const { driver } = this
    const [lower] = driver.root.#lowers
    driver.covered()
    if (lower === undefined) return
    const { dev, ino, mode, uid, gid, atimeNs, mtimeNs } = lower.stat()
    driver.upper.root.change({ mode: mode & 0o7777, uid, gid, atimeNs, mtimeNs })
    driver.layer.setOrigin(driver.upper.root, lower.hostPath === undefined ? driver.dev : dev, ino)
  }

  #lookupLower(name: string, onlyDirectories: boolean): readonly Vnode[] {
    const found: Vnode[] = []
    for (const lower of this.#lowers) {
      const node = lower.type === fileType.directory ? lower.lookup(name) : undefined
      if (node === undefined) continue
      if (node.type !== fileType.directory) {
        if (found.length === 0 && !onlyDirectories) found.push(node)
        break
      }
      found.push(node)
    }
    return found
  }

  /** The directories of the lower layers at a path from their roots. */
  #follow(path: string): readonly Vnode[] {
    let node: OverlayNode = new OverlayNode(this.driver, undefined, '', undefined, this.#lowers, '')
    for (const name of path.split('/').slice(1)) {
      node = new OverlayNode(this.driver, node, name, undefined, node.#lookupLower(name, true), '')
    }
    return node.#lowers
  }

  #inLower(name: string): boolean {
    return this.#lowers.some((lower) => lower.lookup(name) !== undefined)
  }

  /** Tells the open files and directories of a lower inode that its name is gone. */
  #detach(lower: Vnode): void {
    if (this.driver.lowerOpens.size === 0) return
    for (const file of this.driver.lowerOpens.get(inodeKey(lower.stat())) ?? []) file.detach()
  }
}

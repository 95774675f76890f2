/** What differs between two states of a layer over the same lower layers, as one who looks at the files sees it. */
import { isWhiteoutState } from './layer-state.ts'
import type { InodeState, LayerState } from './layer-state.ts'
import { MemoryContent } from './memory-content.ts'
import type { ContentState } from './memory-content.ts'
import { compareNames } from './name-bytes.ts'
import { readContent } from './snapshot-portable.ts'
import { followLower, lookupLower, namesOfLower } from './snapshot-lower.ts'
import { fileType } from './vnode.ts'
import type { Vnode } from './vnode.ts'

/** How much is compared at a time. @units bytes */
const COMPARED_PIECE = 1 << 20

/** What has been changed: absolute paths of the guest, in order. */
export interface FileChanges {
  /** What was not there before. */
  readonly added: readonly string[]
  /**
   * What has another type, mode, owner, content, link text or modification time. Of a directory only type, mode and owner
   * count: what is in it is told by itself.
   */
  readonly changed: readonly string[]
  /** What is no longer there; of a directory, what was in it is not told. */
  readonly deleted: readonly string[]
}

/** A layer over its lower layers. */
export interface DiffSide {
  readonly layer: LayerState
  /** Roots of the lower layers, the topmost first. */
  readonly roots: readonly Vnode[]
}

/** How layers are compared. */
export interface DiffOptions {
  /** Where the layer is mounted. */
  readonly mount: string
  /** Whether files of the layer before have times that mean nothing, since they were made for comparing. */
  readonly ignoreTimesBefore?: boolean
}

/** An inode as it shows at a path: of the layer, of the lower ones, or of both merged. */
interface Shown {
  readonly inode: InodeState | undefined
  readonly lowers: readonly Vnode[]
  /** Where the lower part is in its layers, or `undefined` where there is none. */
  readonly lowerPath: string | undefined
}

/**
 * Compares two states of a layer.
 *
 * @param before - what was there
 * @param after - what is there
 * @param options - where it is
 */
export function diffLayers(before: DiffSide, after: DiffSide, options: DiffOptions): FileChanges {
  const comparison = new Comparison(before, after, options)
  comparison.compare(options.mount, rootOf(before), rootOf(after))
  return comparison.changes()
}

/** Puts what was found in several layers together. */
export function mergeChanges(parts: readonly FileChanges[]): FileChanges {
  const sorted = (key: keyof FileChanges): string[] => parts.flatMap((part) => part[key]).sort(compareNames)
  return { added: sorted('added'), changed: sorted('changed'), deleted: sorted('deleted') }
}

function rootOf({ layer, roots }: DiffSide): Shown {
  const [inode] = layer.inodes
  const lowerPath = roots.length === 0 ? undefined : ''
  return { inode: layer.pristine === true ? undefined : inode, lowers: roots, lowerPath }
}

class Comparison {
  readonly #before: DiffSide
  readonly #after: DiffSide
  readonly #options: DiffOptions
  readonly #added: string[] = []
  readonly #changed: string[] = []
  readonly #deleted: string[] = []

  constructor(before: DiffSide, after: DiffSide, options: DiffOptions) {
    this.#before = before
    this.#after = after
    this.#options = options
  }

  changes(): FileChanges {
    return { added: this.#added, changed: this.#changed, deleted: this.#deleted }
  }

  compare(path: string, before: Shown | undefined, after: Shown | undefined): void {
    if (before === undefined) {
      if (after !== undefined) this.#add(path, after)
      return
    }
    if (after === undefined) {
      this.#deleted.push(path)
      return
    }
    if (before.inode === undefined && after.inode === undefined && before.lowerPath === after.lowerPath) return
    if (this.#differ(before, after)) this.#changed.push(path)
    if (typeOf(after) !== fileType.directory) return
    const wasDirectory = typeOf(before) === fileType.directory
    for (const name of wasDirectory ? namesToCompare(before, after) : namesIn(after)) {
      const at = below(path, name)
      this.compare(at, wasDirectory ? lookup(this.#before, before, name) : undefined, lookup(this.#after, after, name))
    }
  }

  #add(path: string, shown: Shown): void {
    this.#added.push(path)
    if (typeOf(shown) !== fileType.directory) return
    for (const name of namesIn(shown)) {
      const child = lookup(this.#after, shown, name)
      if (child !== undefined) this.#add(below(path, name), child)
    }
  }

  #differ(before: Shown, after: Shown): boolean {
    const a = attributesOf(before)
    const b = attributesOf(after)
    if (a.mode !== b.mode || a.uid !== b.uid || a.gid !== b.gid) return true
    const type = b.mode & fileType.mask
    if (type === fileType.directory) return false
    if (type === fileType.link && targetOf(before) !== targetOf(after)) return true
    if ((type === fileType.character || type === fileType.block) && a.rdev !== b.rdev) return true
    const timesCount = before.inode === undefined || this.#options.ignoreTimesBefore !== true
    if (timesCount && a.mtimeNs !== b.mtimeNs) return true
    return type === fileType.file && !sameContent(before, after)
  }
}

/** An inode in a directory, as the overlay shows it. */
function lookup(side: DiffSide, directory: Shown, name: string): Shown | undefined {
  const index = directory.inode?.entries === undefined ? undefined : indexOf(directory.inode.entries).get(name)
  const inode = index === undefined ? undefined : side.layer.inodes[index]
  const lowerPath = directory.lowerPath === undefined ? undefined : `${directory.lowerPath}/${name}`
  if (inode === undefined) {
    const lowers = lookupLower(directory.lowers, name, false)
    return lowers.length === 0 ? undefined : { inode, lowers, lowerPath }
  }
  if (isWhiteoutState(inode)) return undefined
  const none = { inode, lowers: [], lowerPath: undefined }
  if ((inode.mode & fileType.mask) !== fileType.directory || inode.opaque === true) return none
  if (inode.redirect !== undefined) {
    return { inode, lowers: followLower(side.roots, inode.redirect), lowerPath: inode.redirect }
  }
  const lowers = lookupLower(directory.lowers, name, true)
  return lowers.length === 0 ? none : { inode, lowers, lowerPath }
}

const indices = new WeakMap<object, ReadonlyMap<string, number>>()

/** Entries by name, made once for each directory. */
function indexOf(entries: NonNullable<InodeState['entries']>): ReadonlyMap<string, number> {
  let index = indices.get(entries)
  if (index === undefined) indices.set(entries, (index = new Map(entries)))
  return index
}

/** The names at which two directories can differ. */
function namesToCompare(before: Shown, after: Shown): Iterable<string> {
  if (before.lowerPath !== after.lowerPath) return new Set([...namesIn(before), ...namesIn(after)])
  return new Set([...entriesOf(before), ...entriesOf(after)])
}

function* entriesOf({ inode }: Shown): Generator<string> {
  for (const [name] of inode?.entries ?? []) yield name
}

/** All names that may show in a directory: whiteouts among them lead to nothing. */
function namesIn(directory: Shown): Set<string> {
  return new Set([...entriesOf(directory), ...namesOfLower(directory.lowers)])
}

function attributesOf({ inode, lowers }: Shown): Pick<InodeState, 'gid' | 'mode' | 'mtimeNs' | 'rdev' | 'uid'> {
  const found = inode ?? lowers[0]?.stat()
  if (found === undefined) throw new TypeError('Nothing shows where something was found')
  return found
}

function typeOf(shown: Shown): number {
  return attributesOf(shown).mode & fileType.mask
}

function targetOf({ inode, lowers }: Shown): string | undefined {
  return inode === undefined ? lowers[0]?.readlink() : inode.target
}

function sameContent(before: Shown, after: Shown): boolean {
  const a = before.inode?.content
  const b = after.inode?.content
  if (a !== undefined && b !== undefined && isSame(a, b)) return true
  const [lowerBefore, lowerAfter] = [before.lowers[0], after.lowers[0]]
  const sizeBefore = a?.size ?? lowerBefore?.stat().size
  if (sizeBefore !== (b?.size ?? lowerAfter?.stat().size)) return false
  if (a === undefined && b === undefined) return sameLower(lowerBefore, lowerAfter)
  const left = contentOf(a ?? (lowerBefore && readContent(lowerBefore)))
  const right = contentOf(b ?? (lowerAfter && readContent(lowerAfter)))
  for (let at = 0; at < left.size; at += COMPARED_PIECE) {
    if (Buffer.compare(left.read(COMPARED_PIECE, at), right.read(COMPARED_PIECE, at)) !== 0) return false
  }
  return true
}

/** Whether neither was written to since the one was made of the other. */
function isSame(a: ContentState, b: ContentState): boolean {
  if (a.size !== b.size || a.pieces.length !== b.pieces.length) return false
  return a.pieces.every((piece, index) => piece === b.pieces[index])
}

function sameLower(before: Vnode | undefined, after: Vnode | undefined): boolean {
  if (before === undefined || after === undefined) return before === after
  return before.is(after) || sameContent(asInode(before), asInode(after))
}

function asInode(node: Vnode): Shown {
  return { inode: { ...node.stat(), content: readContent(node) }, lowers: [], lowerPath: undefined }
}

function contentOf(state: InodeState['content']): MemoryContent {
  const content = new MemoryContent()
  if (state !== undefined) content.restore(state)
  return content
}

function below(path: string, name: string): string {
  return path === '/' ? `/${name}` : `${path}/${name}`
}

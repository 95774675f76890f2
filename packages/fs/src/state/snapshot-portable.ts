/** A layer as anybody can apply it who has the lower layers: without what only this overlay understands. */
import { linuxFsConstants } from '@libvisor/abi'
import { VisorError } from '@libvisor/core'
import { Errno } from '../types.ts'
import { isWhiteoutState } from './layer-state.ts'
import type { InodeState, LayerState } from './layer-state.ts'
import { MemoryContent } from './memory-content.ts'
import type { ContentState } from './memory-content.ts'
import { followLower, lookupLower, namesOfLower } from './snapshot-lower.ts'
import { inodeKey } from './upper-layer.ts'
import { fileType } from './vnode.ts'
import type { Vnode } from './vnode.ts'

const { O_RDONLY } = linuxFsConstants

/** How much is copied at a time. @units bytes */
const COPY_PIECE = 1 << 20

/**
 * Makes a layer portable: directories of the lower layers that were moved are copied in whole, and whiteouts and opaque
 * directories stay only where a lower layer has something to hide.
 *
 * @param layer - of an overlay
 * @param roots - of its lower layers, the topmost first
 * @throws {VisorError} VISOR_LAYER_INVALID when a moved directory holds what cannot be read
 */
export function makePortable(layer: LayerState, roots: readonly Vnode[]): LayerState {
  return new Portable(layer, roots).result()
}

type MutableInode = { -readonly [Key in keyof InodeState]: InodeState[Key] }

class Portable {
  readonly #layer: LayerState
  readonly #roots: readonly Vnode[]
  readonly #inodes: InodeState[] = []
  /** Where inodes of the layer that are no directories went: they may have several names. */
  readonly #places = new Map<number, number>()
  /** Where copied inodes of the lower layers with several names went. */
  readonly #copies = new Map<string, number>()

  constructor(layer: LayerState, roots: readonly Vnode[]) {
    this.#layer = layer
    this.#roots = roots
  }

  result(): LayerState {
    this.#directory('', 0, this.#roots, this.#roots)
    return { ...this.#layer, inodes: this.#inodes }
  }

  /**
   * @param beneath - what lies beneath this path
   * @param shown - what shows through the directory
   */
  #directory(path: string, index: number, beneath: readonly Vnode[], shown: readonly Vnode[]): number {
    const { opaque = false, redirect, entries = [], ...rest } = this.#inode(index)
    const place = this.#inodes.push(rest) - 1
    const moved = redirect !== undefined || shown !== beneath
    const shows = redirect === undefined ? (opaque ? [] : shown) : followLower(this.#roots, redirect)
    const hides = opaque || moved
    const below = hides ? [] : beneath
    const made = new Map<string, number>()
    const known = new Set<string>()
    for (const [name, child] of entries) {
      const inode = this.#inode(child)
      const at = `${path}/${name}`
      known.add(name)
      if (isWhiteoutState(inode)) {
        if (lookupLower(below, name, false).length > 0) made.set(name, this.#keep(child))
      } else if ((inode.mode & fileType.mask) === fileType.directory) {
        const under = lookupLower(below, name, true)
        made.set(name, this.#directory(at, child, under, hides ? lookupLower(shows, name, true) : under))
      } else {
        made.set(name, this.#keep(child))
      }
    }
    if (hides) {
      for (const name of namesOfLower(shows)) {
        if (known.has(name)) continue
        const copy = this.#copy(`${path}/${name}`, lookupLower(shows, name, false))
        if (copy !== undefined) made.set(name, copy)
      }
    }
    this.#inodes[place] = {
      ...rest,
      nlink: 2 + this.#countDirectories(made.values()),
      entries: [...made],
      ...(hides && beneath.length > 0 && { opaque: true }),
    }
    return place
  }

  #keep(index: number): number {
    let place = this.#places.get(index)
    if (place === undefined) {
      place = this.#inodes.push(this.#inode(index)) - 1
      this.#places.set(index, place)
    }
    return place
  }

  /** Copies what the lower layers show; sockets are left out, since there is nobody behind a copy. */
  #copy(path: string, nodes: readonly Vnode[]): number | undefined {
    const [node] = nodes
    if (node === undefined || node.type === fileType.socket) return undefined
    const { mode, uid, gid, nlink, rdev, atimeNs, mtimeNs, ctimeNs, birthtimeNs, dev, ino } = node.stat()
    // In a layer it would say that a name is gone, and overlayfs takes it for that wherever it is.
    if (node.type === fileType.character && rdev === 0) return undefined
    const isDirectory = node.type === fileType.directory
    const key = inodeKey({ dev, ino })
    const known = isDirectory || nlink === 1 ? undefined : this.#copies.get(key)
    if (known !== undefined) {
      ;(this.#inodes[known] as MutableInode).nlink++
      return known
    }
    const attributes = { mode, uid, gid, nlink: 1, rdev, atimeNs, mtimeNs, ctimeNs, birthtimeNs }
    const place = this.#inodes.push(attributes) - 1
    this.#copies.set(key, place)
    if (isDirectory) {
      const entries: [string, number][] = []
      for (const name of readable(path, () => namesOfLower(nodes))) {
        const child = this.#copy(`${path}/${name}`, lookupLower(nodes, name, false))
        if (child !== undefined) entries.push([name, child])
      }
      const links = 2 + this.#countDirectories(entries.map(([, child]) => child))
      this.#inodes[place] = { ...attributes, nlink: links, entries }
    } else if (node.type === fileType.link) {
      this.#inodes[place] = { ...attributes, target: node.readlink() }
    } else if (node.type === fileType.file) {
      this.#inodes[place] = { ...attributes, content: readable(path, () => readContent(node)) }
    }
    return place
  }

  #countDirectories(places: Iterable<number>): number {
    let count = 0
    for (const place of places) {
      if (((this.#inodes[place]?.mode ?? 0) & fileType.mask) === fileType.directory) count++
    }
    return count
  }

  #inode(index: number): InodeState {
    const inode = this.#layer.inodes[index]
    if (inode === undefined) throw new TypeError(`There is no inode ${index} in the layer`)
    return inode
  }
}

/** Reads something of a lower layer, which may not be for this user. */
function readable<Result>(path: string, read: () => Result): Result {
  try {
    return read()
  } catch (cause) {
    if (!(cause instanceof Errno)) throw cause
    throw new VisorError('VISOR_LAYER_INVALID', `'${path}' cannot be copied into a layer: ${cause.code}`, {
      cause,
      hint: 'It is in a directory of a lower layer that was renamed.',
    })
  }
}

/**
 * The bytes of a regular file of any driver.
 *
 * @param node - of the file
 */
export function readContent(node: Vnode): ContentState {
  const content = new MemoryContent()
  const file = node.open(O_RDONLY)
  try {
    for (let bytes = file.read(COPY_PIECE, 0); bytes.length > 0; bytes = file.read(COPY_PIECE, content.size)) {
      content.write(bytes, content.size)
    }
  } finally {
    file.close()
  }
  return content.share()
}

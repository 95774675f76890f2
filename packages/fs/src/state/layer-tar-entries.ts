/** The entries of a layer in the order and the form in which OCI's image layers have them. */
import { VisorError } from '@libvisor/core'
import { isWhiteoutState } from './layer-state.ts'
import type { InodeState, LayerState } from './layer-state.ts'
import { compareNames } from './name-bytes.ts'
import { OPAQUE_MARKER, WHITEOUT_PREFIX } from './upper-layer.ts'
import { fileType } from './vnode.ts'

/** An entry of a layer: a name, and what is at it. */
export interface LayerEntry {
  /** Relative, without `./`; `''` for the root. */
  readonly path: string
  /** `whiteout`: an empty file whose name says what is gone. */
  readonly kind: 'block-device' | 'character-device' | 'directory' | 'fifo' | 'file' | 'link' | 'symlink' | 'whiteout'
  readonly inode: InodeState
  /** Of a link: where the inode was before. */
  readonly linkTo?: string
}

const whiteout: InodeState = {
  ...{ mode: fileType.file | 0o644, uid: 0, gid: 0, nlink: 1, rdev: 0 },
  ...{ atimeNs: 0n, mtimeNs: 0n, ctimeNs: 0n, birthtimeNs: 0n },
}

/**
 * Walks a layer: a directory before what is in it, and in it what is gone before what is there.
 *
 * Sockets are left out, as `tar` does it: a socket without its process is nothing.
 *
 * @param layer - a portable one
 * @throws {VisorError} VISOR_LAYER_INVALID when a name cannot be in a layer
 */
export function* layerEntries(layer: LayerState): Generator<LayerEntry> {
  if (layer.pristine !== true) yield* walk(layer, 0, '', new Map())
}

function* walk(layer: LayerState, index: number, path: string, seen: Map<number, string>): Generator<LayerEntry> {
  const directory = layer.inodes[index] as InodeState
  if (directory.implied !== true) yield { path, kind: 'directory', inode: directory }
  if (directory.opaque === true) yield opaqueMarker(path)
  const entries = [...(directory.entries ?? [])].sort(([a], [b]) => compareNames(a, b))
  for (const [name, child] of entries) {
    if (name.startsWith(WHITEOUT_PREFIX)) {
      throw new VisorError('VISOR_LAYER_INVALID', `'${below(path, name)}' cannot be in a layer`, {
        hint: `Names that begin with '${WHITEOUT_PREFIX}' say what is gone. Rename the file.`,
      })
    }
    if (isWhiteoutState(layer.inodes[child] as InodeState)) {
      yield { path: below(path, WHITEOUT_PREFIX + name), kind: 'whiteout', inode: whiteout }
    }
  }
  for (const [name, child] of entries) {
    const inode = layer.inodes[child] as InodeState
    const at = below(path, name)
    if (isWhiteoutState(inode)) continue
    const kind = kindOf(inode)
    if (kind === undefined) continue
    if (kind === 'directory') {
      yield* walk(layer, child, at, seen)
      continue
    }
    const linkTo = seen.get(child)
    seen.set(child, linkTo ?? at)
    yield linkTo === undefined ? { path: at, kind, inode } : { path: at, kind: 'link', inode, linkTo }
  }
}

function kindOf({ mode }: InodeState): LayerEntry['kind'] | undefined {
  switch (mode & fileType.mask) {
    case fileType.directory:
      return 'directory'
    case fileType.file:
      return 'file'
    case fileType.link:
      return 'symlink'
    case fileType.fifo:
      return 'fifo'
    case fileType.character:
      return 'character-device'
    case fileType.block:
      return 'block-device'
    default:
      return undefined
  }
}

/** Says that nothing that lies beneath a directory shows through. */
export function opaqueMarker(directory: string): LayerEntry {
  return { path: below(directory, OPAQUE_MARKER), kind: 'whiteout', inode: whiteout }
}

/** A path in a directory of the layer. */
export function below(path: string, name: string): string {
  return path === '' ? name : `${path}/${name}`
}

/**
 * What an overlay notes in its upper layer besides files: names of the lower layers that are gone (whiteouts),
 * directories through which nothing shows (opaque), directories whose lower part is elsewhere (redirects).
 */
import type { DirectoryEntry, StatRecord } from '../types.ts'
import type { MemoryNode } from './memory.ts'
import { byteLength, fileType, NAME_MAX } from './vnode.ts'
import type { Vnode } from './vnode.ts'

export interface UpperLayer {
  /** Whether a name of the lower layers is gone. */
  hidden(directory: Vnode, name: string): boolean
  hide(directory: Vnode, name: string): void
  unhide(directory: Vnode, name: string): void
  opaque(directory: Vnode): boolean
  /** Whether every new directory is made opaque, so that nobody looks for it in the lower layers again. */
  readonly opaqueFromStart: boolean
  setOpaque(directory: Vnode): void
  redirect(directory: Vnode): string | undefined
  /** Whether it can be noted that a directory's lower part is elsewhere. */
  readonly redirects: boolean
  setRedirect(directory: Vnode, path: string): void
  /** Makes an inode keep the number of the one it was copied from. */
  setOrigin(node: Vnode, dev: number, ino: number): void
  /** Whether calls that pass to the host would show another inode number. */
  hasOrigin(node: Vnode): boolean
  /** An inode's attributes with the number that it keeps. */
  present(record: StatRecord): StatRecord
  /** Notes that a directory has been read, where listing it does not. */
  accessed(directory: Vnode): void
  /** The entries of a directory, notes taken out. @param hidden - receives the names that are gone */
  entries(directory: Vnode, hidden?: Set<string>): DirectoryEntry[]
  /** Removes all notes in a directory, so that it can be removed. */
  clear(directory: Vnode): void
  /** What a name of a file leads to; notes are not found. */
  lookup(directory: Vnode, name: string): Vnode | undefined
}

/** Notes in memory: as the kernel's, a whiteout is a character device 0/0. */
export const memoryUpper: UpperLayer = {
  hidden: (directory, name) => isWhiteout((directory as MemoryNode).lookup(name)),
  hide(directory, name) {
    directory.create(name, { mode: fileType.character, uid: 0, gid: 0 })
  },
  unhide(directory, name) {
    const node = (directory as MemoryNode).lookup(name)
    if (node !== undefined && isWhiteout(node)) directory.remove(name, node)
  },
  opaqueFromStart: true,
  opaque: (directory) => (directory as MemoryNode).opaque,
  setOpaque(directory) {
    ;(directory as MemoryNode).opaque = true
  },
  redirects: true,
  redirect: (directory) => (directory as MemoryNode).redirect,
  setRedirect(directory, path) {
    ;(directory as MemoryNode).redirect = path
  },
  setOrigin(node, dev, ino) {
    ;(node as MemoryNode).dev = dev
    ;(node as MemoryNode).ino = ino
  },
  hasOrigin: () => false,
  present: (record) => record,
  accessed: (directory) => (directory as MemoryNode).accessed(),
  entries(directory, hidden) {
    const entries: DirectoryEntry[] = []
    for (const entry of (directory as MemoryNode).list()) {
      if (entry.type === fileType.character && isWhiteout((directory as MemoryNode).lookup(entry.name))) {
        hidden?.add(entry.name)
      } else {
        entries.push(entry)
      }
    }
    return entries
  },
  clear(directory) {
    const { children } = directory as MemoryNode
    for (const [name, node] of children ?? []) if (isWhiteout(node)) directory.remove(name, node)
  },
  lookup(directory, name) {
    const node = (directory as MemoryNode).lookup(name)
    return isWhiteout(node) ? undefined : node
  },
}

function isWhiteout(node: MemoryNode | undefined): boolean {
  return node !== undefined && node.type === fileType.character && node.rdev === 0 && node.device === undefined
}

/** @source OCI image specification 1.1, `layer.md`, "Whiteouts" */
export const WHITEOUT_PREFIX = '.wh.'
/** @source OCI image specification 1.1, `layer.md`, "Opaque Whiteout" */
export const OPAQUE_MARKER = '.wh..wh..opq'

/** Whether a whiteout's name is no longer than names may be. */
function canBeNoted(name: string): boolean {
  return name.length * 3 <= NAME_MAX - WHITEOUT_PREFIX.length || byteLength(name) <= NAME_MAX - WHITEOUT_PREFIX.length
}

const note = { mode: fileType.file | 0o600, uid: 0, gid: 0 }

/**
 * Notes in a directory of the host: the files of OCI's image layers, since only root may make devices. Inode numbers
 * of copied files are remembered for as long as the overlay lives.
 */
export function createHostUpper(): UpperLayer {
  const origins = new Map<string, Pick<StatRecord, 'dev' | 'ino'>>()
  return {
    hidden: (directory, name) => canBeNoted(name) && directory.lookup(WHITEOUT_PREFIX + name) !== undefined,
    hide(directory, name) {
      directory.create(WHITEOUT_PREFIX + name, note)
    },
    unhide(directory, name) {
      const marker = canBeNoted(name) ? directory.lookup(WHITEOUT_PREFIX + name) : undefined
      if (marker !== undefined) directory.remove(WHITEOUT_PREFIX + name, marker)
    },
    opaqueFromStart: false,
    opaque: (directory) => directory.lookup(OPAQUE_MARKER) !== undefined,
    setOpaque(directory) {
      const { atimeNs, mtimeNs } = directory.stat()
      directory.create(OPAQUE_MARKER, note)
      // The note is no change that anybody could see.
      directory.change({ atimeNs, mtimeNs })
    },
    redirects: false,
    redirect: () => undefined,
    setRedirect() {},
    setOrigin: (node, dev, ino) => void origins.set(inodeKey(node.stat()), { dev, ino }),
    hasOrigin: (node) => origins.size > 0 && origins.has(inodeKey(node.stat())),
    present(record) {
      const origin = origins.size === 0 ? undefined : origins.get(inodeKey(record))
      return origin === undefined ? record : { ...record, ...origin }
    },
    // The host notes it.
    accessed() {},
    entries(directory, hidden) {
      const entries: DirectoryEntry[] = []
      for (const entry of directory.entries()) {
        if (!entry.name.startsWith(WHITEOUT_PREFIX)) entries.push(entry)
        else if (entry.name !== OPAQUE_MARKER) hidden?.add(entry.name.slice(WHITEOUT_PREFIX.length))
      }
      return entries
    },
    clear(directory) {
      for (const { name } of directory.entries()) {
        const marker = name.startsWith(WHITEOUT_PREFIX) ? directory.lookup(name) : undefined
        if (marker !== undefined) directory.remove(name, marker)
      }
    },
    lookup: (directory, name) => (name.startsWith(WHITEOUT_PREFIX) ? undefined : directory.lookup(name)),
  }
}

/** What tells an inode of the host from all others. */
export function inodeKey({ dev, ino }: Pick<StatRecord, 'dev' | 'ino'>): string {
  return `${dev}:${ino}`
}

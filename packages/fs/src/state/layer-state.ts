/** A layer in memory as plain data: what is exported, cloned to another thread, and imported again. */
import { MemoryNode } from './memory.ts'
import type { MemoryDriver } from './memory.ts'
import { fileType } from './vnode.ts'

/** An inode. */
export interface InodeState {
  readonly dev: number
  readonly ino: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly nlink: number
  readonly rdev: number
  readonly atimeNs: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly birthtimeNs: bigint
  /** The text of a symbolic link. */
  readonly target?: string
  /** The bytes of a regular file. */
  readonly data?: Uint8Array
  /** The entries of a directory: names, and indices into {@link LayerState.inodes}. */
  readonly entries?: readonly (readonly [name: string, inode: number])[]
  readonly opaque?: boolean
  readonly redirect?: string
}

/** A layer. The first inode is the root; an inode with several names is in it once. */
export interface LayerState {
  readonly inodes: readonly InodeState[]
  /** The last inode number that was given. */
  readonly lastIno: number
}

/**
 * Takes a layer out of its driver, which keeps it.
 *
 * @param driver - of the layer
 */
export function exportLayer(driver: MemoryDriver): LayerState {
  const indices = new Map<MemoryNode, number>([[driver.root, 0]])
  const nodes: MemoryNode[] = [driver.root]
  const indexOf = (node: MemoryNode): number => {
    let index = indices.get(node)
    if (index === undefined) {
      index = nodes.push(node) - 1
      indices.set(node, index)
    }
    return index
  }
  const inodes: InodeState[] = []
  for (const node of nodes) {
    const { dev, ino, mode, uid, gid, nlink, rdev, atimeNs, mtimeNs, ctimeNs, birthtimeNs } = node
    const { target, content, children, opaque, redirect } = node
    inodes.push({
      ...{ dev, ino, mode, uid, gid, nlink, rdev, atimeNs, mtimeNs, ctimeNs, birthtimeNs },
      ...(target !== undefined && { target }),
      ...(content !== undefined && { data: content.read(content.size, 0) }),
      ...(children !== undefined && {
        entries: Array.from(children, ([name, child]) => [name, indexOf(child)] as const),
      }),
      ...(opaque && { opaque }),
      ...(redirect !== undefined && { redirect }),
    })
  }
  return { inodes, lastIno: driver.lastIno }
}

/**
 * Puts a layer into a driver in place of what it holds.
 *
 * @param driver - of the same kind as the one the layer came from
 * @param state - what {@link exportLayer} gave
 */
export function importLayer(driver: MemoryDriver, state: LayerState): void {
  const nodes = state.inodes.map((inode, index) => {
    const { ino, mode, uid, gid, target } = inode
    const node =
      index === 0
        ? driver.root
        : new MemoryNode(driver, ino, { mode, uid, gid, ...(target !== undefined && { target }) })
    if (inode.data !== undefined && inode.data.length > 0) node.content?.write(inode.data, 0)
    return node
  })
  for (const [index, inode] of state.inodes.entries()) {
    const node = nodes[index]
    if (node === undefined) continue
    const { dev, ino, mode, uid, gid, nlink, rdev, atimeNs, mtimeNs, ctimeNs, birthtimeNs, redirect } = inode
    Object.assign(node, { dev, ino, mode, uid, gid, nlink, rdev, atimeNs, mtimeNs, ctimeNs, birthtimeNs, redirect })
    node.opaque = inode.opaque === true
    if (node.type !== fileType.directory) continue
    node.children?.clear()
    for (const [name, child] of inode.entries ?? []) {
      const childNode = nodes[child]
      if (childNode !== undefined) node.children?.set(name, childNode)
    }
  }
  driver.inodes = nodes.length
  driver.lastIno = state.lastIno
}

/** A layer in memory as plain data: what is kept in a snapshot, cloned to another thread, and put back. */
import type { ContentState } from './memory-content.ts'
import { MemoryNode } from './memory.ts'
import type { MemoryDriver } from './memory.ts'
import type { Devices } from './synthetic.ts'
import { fileType } from './vnode.ts'

/** An inode. */
export interface InodeState {
  /** `st_dev` and `st_ino`. Without them it gets new ones where it is put. */
  readonly dev?: number
  readonly ino?: number
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
  readonly content?: ContentState
  /** The entries of a directory: names, and indices into {@link LayerState.inodes}. */
  readonly entries?: readonly (readonly [name: string, inode: number])[]
  readonly opaque?: boolean
  readonly redirect?: string
  /** A directory of which only the name is known: the attributes are those of the lower layer, where it has one. */
  readonly implied?: boolean
}

/** A layer. The first inode is the root; an inode with several names is in it once. */
export interface LayerState {
  readonly inodes: readonly InodeState[]
  /** The last inode number that was given. */
  readonly lastIno: number
  /** Whether it lies over others. */
  readonly overlay?: boolean
  /** Of an overlay: nothing has been written to it, so that its root, too, is the lower layer's. */
  readonly pristine?: boolean
}

/**
 * Takes a layer out of its driver, which keeps it. Contents are shared until the driver writes to them.
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
      ...(content !== undefined && { content: content.share() }),
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
 * Puts a layer into a driver in place of what it holds. Files that are open keep what they had.
 *
 * @param driver - of the same kind as the one the layer came from
 * @param state - what {@link exportLayer} gave; it stays as it is
 * @param devices - what reads and writes in place of devices; of others it is said that there are none
 */
export function importLayer(driver: MemoryDriver, state: LayerState, devices: Devices = new Map()): void {
  // A number of before may still be that of an open file.
  let lastIno = Math.max(driver.lastIno, state.lastIno)
  const nodes = state.inodes.map((inode, index) => {
    const { mode, uid, gid, target, content } = inode
    const ino = inode.ino ?? (index === 0 ? driver.root.ino : ++lastIno)
    const device = (mode & fileType.mask) === fileType.character ? devices.get(inode.rdev) : undefined
    const init = { mode, uid, gid, ...(target !== undefined && { target }), ...(device !== undefined && { device }) }
    const node = index === 0 ? driver.root : new MemoryNode(driver, ino, init)
    if (content !== undefined) node.content?.restore(content)
    return node
  })
  for (const [index, inode] of state.inodes.entries()) {
    const node = nodes[index]
    if (node === undefined) continue
    const { mode, uid, gid, nlink, rdev, atimeNs, mtimeNs, ctimeNs, birthtimeNs, redirect } = inode
    const { dev = driver.dev, ino = node.ino } = inode
    Object.assign(node, { dev, ino, mode, uid, gid, nlink, rdev, atimeNs, mtimeNs, ctimeNs, birthtimeNs, redirect })
    node.opaque = inode.opaque === true
    if (node.type !== fileType.directory) continue
    node.children?.clear()
    for (const [name, child] of inode.entries ?? []) {
      const childNode = nodes[child]
      if (childNode !== undefined) node.children?.set(name, childNode)
    }
  }
  driver.recount(nodes)
  driver.lastIno = lastIno
}

/** Whether an inode of a layer says that a name of the lower layers is gone. */
export function isWhiteoutState({ mode, rdev }: InodeState): boolean {
  return (mode & fileType.mask) === fileType.character && rdev === 0
}

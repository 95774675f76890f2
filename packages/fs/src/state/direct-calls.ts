/** Whole operations on files in memory, done by one call where nobody could tell that it is not several. */
import type { DirectCalls } from '../types.ts'
import type { CallContext } from './call-context.ts'
import type { DescriptorTable } from './descriptors.ts'
import { MemoryNode } from './memory.ts'
import { access, permits, SET_IDS } from './permission.ts'
import { trace } from './trace.ts'
import { fileType, PATH_MAX } from './vnode.ts'
import type { Vnode } from './vnode.ts'

/** A path of this many UTF-16 units is not too long, whatever they are. */
const LONGEST = PATH_MAX / 4

/**
 * Makes the calls that are answered at once.
 *
 * @param context - what they share with the process's other calls
 * @param descriptors - the process's
 */
export function createDirectCalls(context: CallContext, descriptors: DescriptorTable): DirectCalls {
  const { directories, feed, identity, hostUid } = context

  const find = (path: string): Vnode | undefined => {
    if (trace !== undefined) return undefined
    const known = directories.known(path)
    if (known !== undefined) return known
    return path.length < LONGEST && path.isWellFormed() ? directories.node(path) : undefined
  }

  /** A regular file that the caller may open. */
  const openable = (node: Vnode | undefined, want: number): MemoryNode | undefined => {
    if (!(node instanceof MemoryNode) || node.type !== fileType.file || descriptors.isFull) return undefined
    return permits(node, want, identity, hostUid) ? node : undefined
  }

  return {
    stat(path) {
      const node = find(path)
      return node instanceof MemoryNode && node.type !== fileType.link ? node.statNumbers() : undefined
    },

    lstat(path) {
      const node = find(path)
      return node instanceof MemoryNode ? node.statNumbers() : undefined
    },

    peek(path) {
      const node = openable(find(path), access.read)
      const bytes = node?.content?.peek()
      if (bytes !== undefined) node?.accessed()
      return bytes
    },

    replace(path, data) {
      // Each step would be told to whoever watches.
      if (feed.active) return false
      const node = openable(find(path), access.write)
      // What is written to loses some of its mode.
      if (identity.uid !== 0 && node !== undefined && (node.mode & SET_IDS) !== 0) return false
      if (node?.driver.writable !== true || !node.replace(data)) return false
      feed.version++
      return true
    },
  }
}

/** Whole operations on files in memory, done by one call where nobody could tell that it is not several. */
import type { DirectCalls } from '../types.ts'
import type { CallContext } from './call-context.ts'
import type { DescriptorTable } from './descriptors.ts'
import { MemoryNode } from './memory.ts'
import { access, permits } from './permission.ts'
import { trace } from './trace.ts'
import { fileType, PATH_MAX } from './vnode.ts'
import type { Place } from './walk.ts'

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

  const find = (path: string): Place | undefined =>
    trace === undefined && path.length < LONGEST && path.isWellFormed() ? directories.place(path) : undefined

  /** A regular file that the caller may open. */
  const openable = (place: Place | undefined, want: number): MemoryNode | undefined => {
    if (!(place?.node instanceof MemoryNode) || place.node.type !== fileType.file || descriptors.isFull)
      return undefined
    return permits(place.node, want, identity, hostUid) ? place.node : undefined
  }

  return {
    stat(path) {
      const node = find(path)?.node
      return node instanceof MemoryNode && node.type !== fileType.link ? node.stat() : undefined
    },

    lstat(path) {
      const node = find(path)?.node
      return node instanceof MemoryNode ? node.stat() : undefined
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
      const place = find(path)
      const node = openable(place, access.write)
      if (node?.driver.writable !== true || !node.replace(data)) return false
      context.changed(place!)
      return true
    },
  }
}

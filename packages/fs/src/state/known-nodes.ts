import type { MemoryNode, Remembering } from './memory.ts'

/** How many inodes are remembered. */
const LARGEST = 1024

/** One of so many that are found is remembered: what is asked for again and again soon is, and going through a large tree costs little. */
const ONE_IN = 8

/** An inode, and the path by which it was found. */
class KnownNode implements Remembering {
  readonly node: MemoryNode
  /** Of the driver's directories when it was found. */
  readonly version: number
  readonly #path: string
  readonly #all: Map<string, KnownNode>

  constructor(path: string, node: MemoryNode, all: Map<string, KnownNode>) {
    this.node = node
    this.version = node.driver.directoryVersion
    this.#path = path
    this.#all = all
  }

  forget(): void {
    this.#all.delete(this.#path)
  }
}

/**
 * Inodes in memory by their paths: one look-up instead of one for the directory, and one for a name that must be cut off the path and
 * hashed first. How many files and directories there are beside them makes no difference then. What is remembered holds until the inode
 * loses a name, which it tells, or a directory of its driver is removed, renamed, or gets another mode or owner.
 */
export class KnownNodes {
  readonly #known = new Map<string, KnownNode>()
  #left = ONE_IN

  /** What a path leads to, if that is remembered. */
  find(path: string): MemoryNode | undefined {
    const known = this.#known.get(path)
    if (known === undefined) return undefined
    const { node } = known
    if (node.driver.directoryVersion === known.version) return node
    // Nothing is kept alive by what is out of date.
    this.clear()
    return undefined
  }

  /** Perhaps remembers what a path leads to. An inode is remembered once, so that nothing is left of it when it loses a name. */
  offer(path: string, node: MemoryNode): void {
    if (--this.#left > 0) return
    this.#left = ONE_IN
    if (this.#known.size >= LARGEST) this.clear()
    node.remembered?.forget()
    const known = new KnownNode(path, node, this.#known)
    node.remembered = known
    this.#known.set(path, known)
  }

  clear(): void {
    for (const known of this.#known.values()) {
      if (known.node.remembered === known) known.node.remembered = undefined
    }
    this.#known.clear()
  }
}

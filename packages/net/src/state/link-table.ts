import { perfectLink } from './link-shape.ts'
import type { LinkShape, PeerLink } from './link-shape.ts'

/** Somebody on the network, as links name him. */
export interface LinkEnd {
  readonly name: string
  readonly address: string
}

/** Stands for everybody. */
const EVERYBODY = '*'

/** What has been said about the links of a switch. Names need not be of stacks that are attached. */
export class LinkTable {
  /** By the names of whom it leads from and to. */
  readonly #shapes = new Map<string, LinkShape>()
  #partitions: readonly (readonly ReadonlySet<string>[])[] = []

  /** Whether all links are perfect. */
  get isEmpty(): boolean {
    return this.#shapes.size === 0 && this.#partitions.length === 0
  }

  /** Shapes one direction. @param shape - `undefined` makes it perfect again, or what is said of `*` */
  set(from: string, to: string, shape: LinkShape | undefined): void {
    const key = keyOf(from, to)
    if (shape === undefined) this.#shapes.delete(key)
    else this.#shapes.set(key, shape)
  }

  /**
   * Cuts all links between groups.
   *
   * @param groups - names; one group alone is cut off from everybody else
   */
  partition(groups: readonly (readonly string[])[]): void {
    this.#partitions = [...this.#partitions, groups.map((names) => new Set(names.map((name) => name.toLowerCase())))]
  }

  /** Ends all partitions. */
  heal(): void {
    this.#partitions = []
  }

  /** What one of the members has to know of its links to the others; perfect ones are left out. */
  linksOf(member: LinkEnd, members: Iterable<LinkEnd>): PeerLink[] {
    if (this.isEmpty) return []
    const links: PeerLink[] = []
    for (const other of members) {
      if (other.address === member.address) continue
      const [outgoing, incoming] = [this.#find(member.name, other.name), this.#find(other.name, member.name)]
      if (outgoing === perfectLink && incoming === perfectLink) continue
      links.push({ address: other.address, outgoing, incoming })
    }
    return links
  }

  #find(from: string, to: string): LinkShape {
    const shape =
      this.#shapes.get(keyOf(from, to)) ??
      this.#shapes.get(keyOf(from, EVERYBODY)) ??
      this.#shapes.get(keyOf(EVERYBODY, to)) ??
      this.#shapes.get(keyOf(EVERYBODY, EVERYBODY)) ??
      perfectLink
    return this.#isCut(from.toLowerCase(), to.toLowerCase()) ? { ...shape, isCut: true } : shape
  }

  #isCut(from: string, to: string): boolean {
    return this.#partitions.some((groups) => {
      const groupOf = (name: string): number => groups.findIndex((names) => names.has(name))
      const [a, b] = [groupOf(from), groupOf(to)]
      // Who is in no group is cut off from nobody, but where there is one group only.
      return a !== b && (groups.length === 1 || (a !== -1 && b !== -1))
    })
  }
}

function keyOf(from: string, to: string): string {
  return `${from.toLowerCase()}\0${to.toLowerCase()}`
}

import type { FrameEnd } from './frames.ts'
import type { ThreadMeans } from './thread-means.ts'
import { createTrunk, Trunk } from './trunk.ts'
import type { Opening, TrunkAttachment, TrunkOptions } from './trunk.ts'

/** How a table is made. */
export interface TrunkTableOptions {
  readonly means: ThreadMeans
  /** As of {@link TrunkOptions}. */
  readonly opened: (number: number) => Opening | undefined
  /** Called when a peer is gone. */
  readonly lost: (peer: string) => void
}

/** The trunks of one stack: one for each other stack that it talks to in another thread, or one for all that are in other processes. */
export class TrunkTable {
  readonly #options: TrunkTableOptions
  readonly #trunks = new Map<string, Trunk>()
  /** Where both sides have made one at the same time, there are two. */
  readonly #spare = new Set<Trunk>()

  constructor(options: TrunkTableOptions) {
    this.#options = options
  }

  /** Whether there is a way to a peer. */
  has(peer: string): boolean {
    return this.#trunks.has(peer)
  }

  /**
   * The trunk to a peer.
   *
   * @returns with what the peer passes to {@link TrunkTable.join}, where it had to be made
   */
  to(peer: string): { readonly trunk: Trunk; readonly attachment?: TrunkAttachment } {
    const existing = this.#trunks.get(peer)
    if (existing !== undefined) return { trunk: existing }
    const [trunk, attachment] = createTrunk(
      this.#options.means,
      this.#optionsFor(peer, () => trunk),
    )
    this.#trunks.set(peer, trunk)
    return { trunk, attachment }
  }

  /** Takes the other end of a trunk that a peer has made. */
  join(peer: string, end: FrameEnd): void {
    const trunk: Trunk = new Trunk(
      end,
      this.#optionsFor(peer, () => trunk),
    )
    if (this.#trunks.has(peer)) this.#spare.add(trunk)
    else this.#trunks.set(peer, trunk)
  }

  /** Closes all trunks. */
  close(): void {
    for (const trunk of [...this.#trunks.values(), ...this.#spare]) trunk.close()
  }

  #optionsFor(peer: string, trunk: () => Trunk): TrunkOptions {
    const { opened, lost } = this.#options
    return {
      opened,
      closed: () => {
        this.#spare.delete(trunk())
        if (this.#trunks.get(peer) === trunk()) this.#trunks.delete(peer)
        lost(peer)
      },
    }
  }
}

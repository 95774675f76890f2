/** How long what a name is may be out of date. @units milliseconds */
export const STALE_AFTER_MS = 200

/** How many names are remembered. */
const LARGEST = 20_000

/** What `lstat` of the host says of a name that is remembered. */
export interface NameStats {
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly ino: number
  readonly dev: number
}

/** What a name of the host is. */
export class KnownName {
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly ino: number
  readonly dev: number
  /** @units milliseconds */
  readonly staleAt: number
  /** Where a link leads, once it has been read. */
  target: string | undefined

  constructor({ mode, uid, gid, ino, dev }: NameStats, staleAt: number) {
    this.mode = mode
    this.uid = uid
    this.gid = gid
    this.ino = ino
    this.dev = dev
    this.staleAt = staleAt
  }
}

/**
 * What names of the host are, by their path there. The file systems of a thread share it: of a hundred guests that load
 * the same modules each would otherwise ask, and remember, the same.
 */
export class KnownNames {
  readonly #names = new Map<string, KnownName>()
  /** Moves whenever somebody of this thread may have changed what a name is. */
  version = 0

  /** What was said of a path, when that was not long ago. */
  recall(path: string, nowMs: number): KnownName | undefined {
    const known = this.#names.get(path)
    return known !== undefined && known.staleAt > nowMs ? known : undefined
  }

  remember(path: string, stats: NameStats, nowMs: number): KnownName {
    const known = new KnownName(stats, nowMs + STALE_AFTER_MS)
    if (this.#names.size >= LARGEST) this.#names.clear()
    this.#names.set(path, known)
    return known
  }

  /** Forgets a path at which there is nothing. */
  drop(path: string): void {
    this.#names.delete(path)
  }

  /** Forgets what a path is, or all, when it may have changed. */
  forget(path?: string): void {
    this.version++
    if (path === undefined) this.#names.clear()
    else this.#names.delete(path)
  }
}

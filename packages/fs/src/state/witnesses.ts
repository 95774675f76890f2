import type { HostFs, HostPathLike } from './host-fs.ts'
import { STALE_AFTER_MS } from './known-names.ts'
import { encodeName } from './name-bytes.ts'

/** How many directories and files are remembered. */
const LARGEST = 50_000

/** What was changed so recently may be changed again without its times telling. @units milliseconds */
const UNSETTLED_MS = 2000

/** How many looks at what is remembered are given by one look at the clock. */
const LOOKS_A_CLOCK = 64

/** What looks at the host's files. */
export type WitnessHost = Pick<HostFs, 'lstat' | 'nowMs' | 'turn' | 'wallMs'>

/** A directory or a file of the host, as it was when it was looked at. */
export class Witness {
  /** Moves up whenever it is not what it was, to a number that no witness has had. */
  version = 0
  checkedAt = -1
  /** Whether it is a file that can be read. */
  isFile = false
  readonly path: HostPathLike
  #ino = 0
  #dev = 0
  #size = 0
  #mtimeMs = 0
  #ctimeMs = 0

  constructor(path: string) {
    this.path = encodeName(path)
  }

  /** Looks at it. @returns whether it is what it was */
  isSame(host: WitnessHost): boolean {
    let stats
    try {
      stats = host.lstat(this.path)
    } catch {
      // Out of reach now, as if it were gone.
    }
    const { ino = 0, dev = 0, size = 0, mtimeMs = 0, ctimeMs = 0 } = stats ?? {}
    if (
      this.#ino === ino &&
      this.#dev === dev &&
      this.#size === size &&
      this.#mtimeMs === mtimeMs &&
      this.#ctimeMs === ctimeMs
    )
      return true
    this.isFile = stats?.isFile() === true
    this.#ino = ino
    this.#dev = dev
    this.#size = size
    this.#mtimeMs = mtimeMs
    this.#ctimeMs = ctimeMs
    return false
  }

  /** Whether a change from now on shows in its times. */
  isSettled(host: WitnessHost): boolean {
    return this.#ino !== 0 && Math.max(this.#mtimeMs, this.#ctimeMs) <= host.wallMs() - UNSETTLED_MS
  }

  /** Whether there is nothing in it, as files of `/proc` say that have everything in them. */
  get isEmpty(): boolean {
    return this.#size === 0
  }
}

/**
 * What all that is known of the host's files is held against: directories and files, each looked at once in a callback of the event loop, and
 * again when that lasts, or when a guest may have changed something. Entries that come and go move a directory's times.
 */
export class Witnesses {
  readonly #witnesses = new Map<string, Witness>()
  /** Moves whenever everything must be looked at again. */
  #epoch = 0
  #version = 0
  #turn = -1
  #staleAt = 0
  #looks = 0

  /** Has everything looked at again, after somebody may have changed files of the host. */
  expire(): void {
    this.#epoch++
  }

  /** Until it moves, what was looked at counts. */
  epoch(host: WitnessHost): number {
    const turn = host.turn()
    if (turn === this.#turn && --this.#looks >= 0) return this.#epoch
    const now = host.nowMs()
    this.#looks = LOOKS_A_CLOCK - 1
    if (turn === this.#turn && now < this.#staleAt) return this.#epoch
    this.#turn = turn
    this.#staleAt = now + STALE_AFTER_MS
    return ++this.#epoch
  }

  /** The witness of a path, which may not have been looked at. */
  of(path: string): Witness {
    let witness = this.#witnesses.get(path)
    if (witness === undefined) {
      // Whoever has one goes on with it: it is only looked at twice then.
      if (this.#witnesses.size >= LARGEST) this.#witnesses.clear()
      witness = new Witness(path)
      this.#witnesses.set(path, witness)
    }
    return witness
  }

  /** Looks at a witness, unless that was done in this epoch, and even then if asked to. @returns its version */
  look(host: WitnessHost, witness: Witness, again = false): number {
    if (again || witness.checkedAt !== this.#epoch) {
      witness.checkedAt = this.#epoch
      if (!witness.isSame(host)) witness.version = ++this.#version
    }
    return witness.version
  }
}

import type { HostFs } from './host-fs.ts'
import { STALE_AFTER_MS } from './known-names.ts'
import { encodeName } from './name-bytes.ts'
import type { Evidence } from './trace.ts'

/** How many answers are kept. */
const LARGEST = 50_000

/** What was changed so recently may be changed again without its times telling. @units milliseconds */
const UNSETTLED_MS = 2000

/** How many answers of one callback are given by one look at the clock. */
const ANSWERS_A_LOOK = 64

type WitnessHost = Pick<HostFs, 'callback' | 'lstat' | 'nowMs' | 'wallMs'>

/** A directory or a file of the host, as it was when it was looked at. */
interface Witness {
  readonly path: string
  /** Moves whenever it is not what it was. */
  version: number
  checkedAt: number
  ino: number
  dev: number
  size: number
  mtimeMs: number
  ctimeMs: number
}

/** What one or more answers were made of. */
interface Testimony {
  readonly witnesses: readonly Witness[]
  /** Moves whenever one of the witnesses is not what it was. */
  version: number
  checkedAt: number
}

/** An answer, and what it was made of. */
interface Derivation {
  readonly answer: unknown
  readonly paths: readonly string[]
  readonly testimony: Testimony
  readonly version: number
}

/**
 * Answers that were made of what the host's files say, such as where a module is, for all guests of a thread whose files are the same.
 * An answer counts as long as the directories that were searched and the files that were read are as they were: entries that
 * come and go move a directory's times. They are looked at once in a callback of the event loop, and again when it lasts.
 */
export class Derivations {
  /** By the files of which it was asked, and by the question. */
  readonly #known = new Map<string, Map<string, Derivation>>()
  #size = 0
  readonly #witnesses = new Map<string, Witness>()
  /** By the paths of the witnesses: much that is asked for is asked of the same directories. */
  readonly #testimonies = new Map<string, Testimony>()
  /** Moves whenever everything must be looked at again. */
  #epoch = 0
  #callback = -1
  #staleAt = 0
  #looks = 0

  /**
   * Gives an answer that still counts.
   *
   * @param view - the same for whom files are the same
   * @param key - the question
   * @param shows - whether the asking guest's own layers leave paths as the host has them
   */
  recall(
    host: WitnessHost,
    view: string,
    key: string,
    shows: (paths: readonly string[]) => boolean,
  ): Pick<Derivation, 'answer'> | undefined {
    const known = this.#known.get(view)?.get(key)
    if (known === undefined) return undefined
    this.#refresh(host)
    const { testimony } = known
    if (testimony.checkedAt !== this.#epoch) this.#hear(host, testimony)
    if (testimony.version !== known.version) {
      this.#known.get(view)?.delete(key)
      this.#size--
      return undefined
    }
    return shows(known.paths) ? known : undefined
  }

  /** Keeps an answer, unless what it was made of is not settled. */
  keep(host: WitnessHost, view: string, key: string, answer: unknown, evidence: Evidence): void {
    this.#refresh(host)
    const settledMs = host.wallMs() - UNSETTLED_MS
    const testimony = this.#testimony(evidence.hostPaths)
    // Looked at after the answer was made: what changes from now on shows in its times.
    for (const witness of testimony.witnesses) {
      this.#check(host, witness)
      if (witness.ino === 0 || witness.mtimeMs > settledMs || witness.ctimeMs > settledMs) return
    }
    this.#hear(host, testimony)
    if (this.#size >= LARGEST) this.#forget()
    let known = this.#known.get(view)
    if (known === undefined) this.#known.set(view, (known = new Map()))
    if (!known.has(key)) this.#size++
    known.set(key, { answer, paths: evidence.paths, testimony, version: testimony.version })
  }

  /** Has everything looked at again, after a guest may have changed files of the host. */
  expire(): void {
    this.#epoch++
  }

  #refresh(host: WitnessHost): void {
    const callback = host.callback()
    if (callback === this.#callback && --this.#looks >= 0) return
    const now = host.nowMs()
    this.#looks = ANSWERS_A_LOOK - 1
    if (callback === this.#callback && now < this.#staleAt) return
    this.#callback = callback
    this.#staleAt = now + STALE_AFTER_MS
    this.#epoch++
  }

  #testimony(paths: readonly string[]): Testimony {
    const key = paths.join('\0')
    let testimony = this.#testimonies.get(key)
    if (testimony === undefined) {
      if (this.#testimonies.size >= LARGEST) this.#forget()
      testimony = { witnesses: paths.map((path) => this.#witness(path)), version: 0, checkedAt: -1 }
      this.#testimonies.set(key, testimony)
    }
    return testimony
  }

  /** Has all witnesses looked at, each once in an epoch. */
  #hear(host: WitnessHost, testimony: Testimony): void {
    let version = 0
    for (const witness of testimony.witnesses) {
      if (witness.checkedAt !== this.#epoch) this.#check(host, witness)
      // Versions only go up, and so does their sum.
      version += witness.version
    }
    testimony.version = version
    testimony.checkedAt = this.#epoch
  }

  #witness(path: string): Witness {
    let witness = this.#witnesses.get(path)
    if (witness === undefined) {
      if (this.#witnesses.size >= LARGEST) this.#forget()
      witness = { path, version: 0, checkedAt: -1, ino: 0, dev: 0, size: 0, mtimeMs: 0, ctimeMs: 0 }
      this.#witnesses.set(path, witness)
    }
    return witness
  }

  #check(host: WitnessHost, witness: Witness): void {
    witness.checkedAt = this.#epoch
    let stats
    try {
      stats = host.lstat(encodeName(witness.path))
    } catch {
      // Out of reach now, as if it were gone.
    }
    const { ino = 0, dev = 0, size = 0, mtimeMs = 0, ctimeMs = 0 } = stats ?? {}
    const isSame =
      witness.ino === ino &&
      witness.dev === dev &&
      witness.size === size &&
      witness.mtimeMs === mtimeMs &&
      witness.ctimeMs === ctimeMs
    if (isSame) return
    witness.version++
    Object.assign(witness, { ino, dev, size, mtimeMs, ctimeMs })
  }

  #forget(): void {
    this.#known.clear()
    this.#size = 0
    this.#witnesses.clear()
    this.#testimonies.clear()
  }
}

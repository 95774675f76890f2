import type { Evidence } from './trace.ts'
import type { Witness, Witnesses, WitnessHost } from './witnesses.ts'

/** How many answers are kept. */
const LARGEST = 50_000

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

/** The answers for all whose files are the same: by what was asked, and of what. */
export type AlikeAnswers = Map<string, Map<string, Derivation>>

/**
 * Answers that were made of what the host's files say, such as where a module is, for all guests of a thread whose files are the same.
 * An answer counts as long as the directories that were searched and the files that were read are as they were.
 */
export class Derivations {
  readonly #witnesses: Witnesses
  /** By what says whose files are the same. */
  readonly #alike = new Map<string, AlikeAnswers>()
  #size = 0
  /** By the paths of the witnesses: much that is asked for is asked of the same directories. */
  readonly #testimonies = new Map<string, Testimony>()

  constructor(witnesses: Witnesses) {
    this.#witnesses = witnesses
  }

  /** The answers for a guest. @param view - the same for whom files are the same */
  alike(view: string): AlikeAnswers {
    let answers = this.#alike.get(view)
    if (answers === undefined) this.#alike.set(view, (answers = new Map()))
    return answers
  }

  /**
   * Gives an answer that still counts.
   *
   * @param answers - those for the guest that asks
   * @param about - what is asked
   * @param of - of what
   * @param shows - whether the guest's own layers leave paths as the host has them
   */
  recall(
    host: WitnessHost,
    answers: AlikeAnswers,
    about: string,
    of: string,
    shows: (paths: readonly string[]) => boolean,
  ): Pick<Derivation, 'answer'> | undefined {
    const known = answers.get(about)?.get(of)
    if (known === undefined) return undefined
    const { testimony } = known
    const epoch = this.#witnesses.epoch(host)
    if (testimony.checkedAt !== epoch) this.#hear(host, testimony, epoch)
    if (testimony.version !== known.version) {
      answers.get(about)?.delete(of)
      this.#size--
      return undefined
    }
    return shows(known.paths) ? known : undefined
  }

  /** Keeps an answer, unless what it was made of is not settled. */
  keep(host: WitnessHost, answers: AlikeAnswers, about: string, of: string, answer: unknown, evidence: Evidence): void {
    const epoch = this.#witnesses.epoch(host)
    const testimony = this.#testimony(evidence.hostPaths)
    // Looked at after the answer was made: what changes from now on shows in its times.
    for (const witness of testimony.witnesses) {
      this.#witnesses.look(host, witness, true)
      if (!witness.isSettled(host)) return
    }
    this.#hear(host, testimony, epoch)
    if (this.#size >= LARGEST) this.#forget()
    let known = answers.get(about)
    if (known === undefined) answers.set(about, (known = new Map()))
    if (!known.has(of)) this.#size++
    known.set(of, { answer, paths: evidence.paths, testimony, version: testimony.version })
  }

  #testimony(paths: readonly string[]): Testimony {
    const key = paths.join('\0')
    let testimony = this.#testimonies.get(key)
    if (testimony === undefined) {
      if (this.#testimonies.size >= LARGEST) this.#forget()
      testimony = { witnesses: paths.map((path) => this.#witnesses.of(path)), version: 0, checkedAt: -1 }
      this.#testimonies.set(key, testimony)
    }
    return testimony
  }

  /** Has all witnesses looked at. */
  #hear(host: WitnessHost, testimony: Testimony, epoch: number): void {
    let version = 0
    // Versions only go up, and so does their sum.
    for (const witness of testimony.witnesses) version += this.#witnesses.look(host, witness)
    testimony.version = version
    testimony.checkedAt = epoch
  }

  #forget(): void {
    for (const answers of this.#alike.values()) answers.clear()
    this.#size = 0
    this.#testimonies.clear()
  }
}

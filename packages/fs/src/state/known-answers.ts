import type { HostPath } from '../types.ts'
import { STALE_AFTER_MS } from './known-names.ts'

/** How many answers are remembered. */
const LARGEST = 10_000

/** How many answers of one callback are given by one look at the clock, which costs more than the rest of an answer. */
const ANSWERS_A_LOOK = 16

/** What tells the time that answers are old by. */
export interface AnswerClock {
  /** Time that never goes back. @units milliseconds */
  nowMs(): number
  /** A number of the callback that is running: another one for the next turn of the event loop. */
  callback(): number
}

interface Answer {
  readonly answer: HostPath
  readonly writable: boolean
  /** @units milliseconds */
  readonly staleAt: number
}

/** What was asked for last, for who has to answer the same again in as little code as can be inlined. */
export interface LastAnswer {
  /** The path, while it leads to the same one on the host. The empty one leads nowhere, on the host as elsewhere. */
  path: string
  /** Whether what is there may be written to. */
  writable: boolean
  /** Of the mounts. */
  generation: number
  /** @units milliseconds */
  staleAt: number
  callback: number
  /** How many answers may be given in this callback before the next look at the clock. */
  looks: number
}

/**
 * Where paths lead on the host, remembered until something stops showing there, and for {@link STALE_AFTER_MS} at
 * most. That a path leads to nothing of the host's is not: what is made in memory needs no such answer.
 */
export class KnownAnswers {
  readonly #clock: AnswerClock
  /** What {@link KnownAnswers.recall} was asked for last. */
  readonly last: LastAnswer = { path: '', writable: false, generation: -1, staleAt: 0, callback: -1, looks: 0 }
  readonly #answers = new Map<string, Answer>()
  #now = 0

  constructor(clock: AnswerClock) {
    this.#clock = clock
  }

  /**
   * @param generation - of the mounts: an older answer does not count
   * @param toWrite - whether what is there must be writable
   */
  recall(path: string, generation: number, toWrite = false): HostPath | undefined {
    const { last } = this
    if (generation !== last.generation) {
      this.forget()
      last.generation = generation
      return undefined
    }
    const known = this.#answers.get(path)
    if (known === undefined || known.staleAt <= this.#recentMs()) return undefined
    const { answer, writable, staleAt } = known
    if (answer.identical) {
      last.path = path
      last.writable = writable
      last.staleAt = staleAt
    }
    return toWrite && !writable ? undefined : answer
  }

  /**
   * @param path - with which a call may be passed on: one that is not well-formed means another one
   * @param answer - where it leads
   * @param writable - whether what is there may be written to. @defaultValue false
   */
  remember(path: string, answer: HostPath, writable = false): void {
    if (!path.isWellFormed()) return
    if (this.#answers.size >= LARGEST) this.#answers.clear()
    this.#answers.set(path, { answer, writable, staleAt: this.#clock.nowMs() + STALE_AFTER_MS })
  }

  forget(): void {
    this.#answers.clear()
    this.last.path = ''
  }

  /** Looks at the clock. @returns whether what was asked for last is not stale yet */
  look(): boolean {
    const { last } = this
    last.callback = this.#clock.callback()
    last.looks = ANSWERS_A_LOOK - 1
    this.#now = this.#clock.nowMs()
    return this.#now < last.staleAt
  }

  #recentMs(): number {
    const { last } = this
    if (this.#clock.callback() !== last.callback || --last.looks < 0) {
      last.path = ''
      this.look()
    }
    return this.#now
  }
}

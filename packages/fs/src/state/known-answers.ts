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

/** What was asked for last, for who has to answer the same again in as little code as can be inlined. */
export interface LastAnswer {
  /** The path, while it leads to the same one on the host. The empty one leads nowhere, on the host as elsewhere. */
  path: string
  /** Of the mounts. */
  generation: number
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
  readonly last: LastAnswer = { path: '', generation: -1, callback: -1, looks: 0 }
  readonly #answers = new Map<string, { readonly answer: HostPath; readonly staleAt: number }>()
  #now = 0

  constructor(clock: AnswerClock) {
    this.#clock = clock
  }

  /** @param generation - of the mounts: an older answer does not count */
  recall(path: string, generation: number): HostPath | undefined {
    const { last } = this
    if (generation !== last.generation) {
      this.forget()
      last.generation = generation
      return undefined
    }
    const known = this.#answers.get(path)
    if (known === undefined || known.staleAt <= this.#recentMs()) return undefined
    if (known.answer.identical) last.path = path
    return known.answer
  }

  /** @param path - with which a call may be passed on: one that is not well-formed means another one */
  remember(path: string, answer: HostPath): void {
    if (!path.isWellFormed()) return
    if (this.#answers.size >= LARGEST) this.#answers.clear()
    this.#answers.set(path, { answer, staleAt: this.#clock.nowMs() + STALE_AFTER_MS })
  }

  forget(): void {
    this.#answers.clear()
    this.last.path = ''
  }

  #recentMs(): number {
    const { last } = this
    const callback = this.#clock.callback()
    if (callback !== last.callback || --last.looks < 0) {
      last.callback = callback
      last.looks = ANSWERS_A_LOOK - 1
      last.path = ''
      this.#now = this.#clock.nowMs()
    }
    return this.#now
  }
}

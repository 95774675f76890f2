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

/**
 * Where paths lead on the host, remembered until something stops showing there, and for {@link STALE_AFTER_MS} at
 * most. That a path leads to nothing of the host's is not: what is made in memory needs no such answer.
 */
export class KnownAnswers {
  readonly #clock: AnswerClock
  readonly #answers = new Map<string, { readonly answer: HostPath; readonly staleAt: number }>()
  #generation = -1

  #now = 0
  #callback = -1
  #looks = 0

  constructor(clock: AnswerClock) {
    this.#clock = clock
  }

  /** @param generation - of the mounts: an older answer does not count */
  recall(path: string, generation: number): HostPath | undefined {
    if (generation !== this.#generation) {
      this.#answers.clear()
      this.#generation = generation
      return undefined
    }
    const known = this.#answers.get(path)
    return known !== undefined && known.staleAt > this.#recentMs() ? known.answer : undefined
  }

  remember(path: string, answer: HostPath): void {
    if (this.#answers.size >= LARGEST) this.#answers.clear()
    this.#answers.set(path, { answer, staleAt: this.#clock.nowMs() + STALE_AFTER_MS })
  }

  forget(): void {
    this.#answers.clear()
  }

  #recentMs(): number {
    const callback = this.#clock.callback()
    if (callback !== this.#callback || --this.#looks < 0) {
      this.#callback = callback
      this.#looks = ANSWERS_A_LOOK - 1
      this.#now = this.#clock.nowMs()
    }
    return this.#now
  }
}

import type { HostPath } from '../types.ts'
import { STALE_AFTER_MS } from './host-directory.ts'

/** How many answers are remembered. */
const LARGEST = 10_000

/**
 * Where paths lead on the host, remembered until something stops showing there, and for {@link STALE_AFTER_MS} at
 * most. That a path leads to nothing of the host's is not: what is made in memory needs no such answer.
 */
export class KnownAnswers {
  readonly #nowMs: () => number
  readonly #answers = new Map<string, { readonly answer: HostPath; readonly staleAt: number }>()
  #generation = -1

  /** @param nowMs - time that never goes back */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** @param generation - of the mounts: an older answer does not count */
  recall(path: string, generation: number): HostPath | undefined {
    if (generation !== this.#generation) {
      this.#answers.clear()
      this.#generation = generation
      return undefined
    }
    const known = this.#answers.get(path)
    return known !== undefined && known.staleAt > this.#nowMs() ? known.answer : undefined
  }

  remember(path: string, answer: HostPath): void {
    if (this.#answers.size >= LARGEST) this.#answers.clear()
    this.#answers.set(path, { answer, staleAt: this.#nowMs() + STALE_AFTER_MS })
  }

  forget(): void {
    this.#answers.clear()
  }
}

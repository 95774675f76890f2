import type { FileView } from '@libvisor/core'

/**
 * Answers of a resolver that are made of nothing but files, so that guests with the same files can share them: see `derive` of a `FileView`.
 */
export class Derived {
  readonly #files: FileView
  #spoil: (() => void) | undefined

  constructor(files: FileView) {
    this.#files = files
  }

  /** Whether an answer is being made. */
  get isOpen(): boolean {
    return this.#spoil !== undefined
  }

  /** @param about - what is asked, with all that the answer depends on besides files @param of - of what */
  answer<Answer>(about: string, of: string, make: () => Answer): Answer {
    if (this.#files.derive === undefined) return make()
    return this.#files.derive(about, of, (spoil) => {
      const outer = this.#spoil
      this.#spoil = spoil
      try {
        return make()
      } finally {
        this.#spoil = outer
      }
    })
  }

  /** Says that the answer that is being made holds for this guest only, or must be made each time. */
  spoil(): void {
    this.#spoil?.()
  }
}

/** What a look at a thread has shown. */
export type Verdict = 'turning' | 'stalled' | 'over'

/** How a thread is judged. */
export interface StallDetectorOptions {
  /** How long it must have stood still to count as stalled. @units milliseconds */
  readonly stallMs: number
  /** How long it may stand still. @units milliseconds */
  readonly limitMs: number
  /** The most that counts between two looks: longer ones mean that the host itself was held up. @units milliseconds */
  readonly stepMs: number
}

/** Tells from the beats of a thread whether its event loop turns. */
export class StallDetector {
  readonly #options: StallDetectorOptions
  #beats: number | undefined
  #lookedAt = 0
  #stalledMs = 0

  constructor(options: StallDetectorOptions) {
    this.#options = options
  }

  /** How long the thread has stood still. @units milliseconds */
  get stalledMs(): number {
    return this.#stalledMs
  }

  get stalled(): boolean {
    return this.#stalledMs >= this.#options.stallMs
  }

  /**
   * Takes a look.
   *
   * @param beats - what the thread shows; it changes as long as the event loop turns
   * @param now - the monotonic time @units milliseconds
   */
  look(beats: number, now: number): Verdict {
    const { stepMs, limitMs } = this.#options
    const stoodStill = beats === this.#beats
    this.#stalledMs = stoodStill ? this.#stalledMs + Math.min(now - this.#lookedAt, stepMs) : 0
    this.#beats = beats
    this.#lookedAt = now
    if (this.#stalledMs >= limitMs) return 'over'
    return this.stalled ? 'stalled' : 'turning'
  }
}

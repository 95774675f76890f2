import type { Namespace } from '@libvisor/core'
import { netStack } from '../slot.ts'

/** Whether a handle keeps the event loop alive, as one of libuv's does while it is active and referenced. */
export class Liveness {
  readonly #ns: Namespace
  #reference: Disposable | undefined

  constructor(ns: Namespace) {
    this.#ns = ns
  }

  /** @param wanted - whether the loop is to be kept alive from now on */
  set(wanted: boolean): void {
    if (wanted === (this.#reference !== undefined)) return
    if (wanted) {
      this.#reference = this.#ns.find(netStack)?.hold()
    } else {
      this.#reference?.[Symbol.dispose]()
      this.#reference = undefined
    }
  }
}

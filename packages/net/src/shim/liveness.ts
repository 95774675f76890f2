import { keepAlive } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { netStack } from '../slot.ts'

/** Keeps a guest alive until the result is disposed of, or its network stack. */
export function holdAlive(ns: Namespace): Disposable {
  const reference = keepAlive(ns, 'socket')
  const forget = ns.get(netStack).own(reference)
  return {
    [Symbol.dispose]() {
      forget()
      reference[Symbol.dispose]()
    },
  }
}

/**
 * Whether a handle keeps the event loop alive, as one of libuv's does: while it is active or has requests under way,
 * is referenced and not closed. Whoever has one closes it with the network of its namespace.
 */
export class Liveness {
  readonly #ns: Namespace
  #reference: Disposable | undefined
  #referenced = true
  #closed = false
  #active = false
  #requests = 0

  constructor(ns: Namespace) {
    this.#ns = ns
  }

  /** Whether the handle reads, listens or receives. */
  get active(): boolean {
    return this.#active
  }

  set active(active: boolean) {
    this.#active = active
    this.#update()
  }

  /** Whether a write, a shutdown or a connect is not complete. */
  get busy(): boolean {
    return this.#requests > 0
  }

  /** A request begins. */
  begin(): void {
    this.#requests++
    this.#update()
  }

  /** A request is complete. */
  complete(): void {
    this.#requests--
    this.#update()
  }

  ref(): void {
    this.#referenced = true
    this.#update()
  }

  unref(): void {
    this.#referenced = false
    this.#update()
  }

  /** Whether the handle is referenced, as its `hasRef()` says. */
  get referenced(): boolean {
    return this.#referenced && !this.#closed
  }

  close(): void {
    this.#closed = true
    this.#update()
  }

  #update(): void {
    const wanted = this.referenced && (this.#active || this.#requests > 0)
    if (wanted === (this.#reference !== undefined)) return
    if (wanted) {
      if (!this.#ns.ended) this.#reference = keepAlive(this.#ns, 'socket')
    } else {
      this.#reference?.[Symbol.dispose]()
      this.#reference = undefined
    }
  }
}

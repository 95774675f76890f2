import type { MessagePort } from 'node:worker_threads'

/** What a stack and its switch talk over: one end of a message channel, or of a pair in one thread. */
export interface ControlPort<Incoming, Outgoing> {
  on(event: 'message', listener: (message: Incoming) => void): unknown
  on(event: 'close', listener: () => void): unknown
  postMessage(message: Outgoing, transfer?: readonly MessagePort[]): void
  unref(): void
  close(): void
}

/** One end of a pair in one thread: what it says has been heard when the call returns. */
class DirectPort<Incoming, Outgoing> implements ControlPort<Incoming, Outgoing> {
  peer!: DirectPort<Outgoing, Incoming>
  #hear: (message: Incoming) => void = () => {}
  #closed: () => void = () => {}
  #isClosed = false

  on(event: 'close' | 'message', listener: ((message: Incoming) => void) & (() => void)): void {
    if (event === 'message') this.#hear = listener
    else this.#closed = listener
  }

  postMessage(message: Outgoing): void {
    if (!this.#isClosed) this.peer.#hear(message)
  }

  unref(): void {}

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#closed()
    this.peer.close()
  }
}

/**
 * Joins a stack and its switch in one thread.
 *
 * @returns both ends
 */
export function joinDirectly<ToFirst, ToSecond>(): [
  first: ControlPort<ToFirst, ToSecond>,
  second: ControlPort<ToSecond, ToFirst>,
] {
  const [first, second] = [new DirectPort<ToFirst, ToSecond>(), new DirectPort<ToSecond, ToFirst>()]
  first.peer = second
  second.peer = first
  return [first, second]
}

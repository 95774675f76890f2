import type { VisorError } from '@libvisor/core'
import type { ListeningPort } from './guest.ts'

/** The ports of a guest as the host knows them, and who waits for one. */
export class PortBoard {
  readonly guest: string
  readonly #open = new Map<number, ListeningPort>()
  readonly #waiting = new Map<number, PromiseWithResolvers<ListeningPort>>()
  #ended: VisorError | undefined

  constructor(guest: string) {
    this.guest = guest
  }

  /** The ports that are open now, in order. */
  open(): readonly ListeningPort[] {
    return [...this.#open.values()].sort((a, b) => a.port - b.port)
  }

  /** Waits until a port is open. */
  listening(port: number): Promise<ListeningPort> {
    const open = this.#open.get(port)
    if (open !== undefined) return Promise.resolve(open)
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    let waiting = this.#waiting.get(port)
    if (waiting === undefined) {
      waiting = Promise.withResolvers()
      // Whoever waits hears of the guest's end; nobody need wait.
      waiting.promise.catch(() => {})
      this.#waiting.set(port, waiting)
    }
    return waiting.promise
  }

  listen({ address, port, published }: ListeningPort): void {
    const open = { address, port, published }
    this.#open.set(port, open)
    this.#waiting.get(port)?.resolve(open)
    this.#waiting.delete(port)
  }

  close(port: number): void {
    this.#open.delete(port)
  }

  /** The guest is started again: it listens on nothing, and who waits goes on waiting. */
  reset(): void {
    this.#open.clear()
  }

  /** Tells all who wait that the guest has ended. */
  end(error: VisorError): void {
    this.#ended = error
    this.#open.clear()
    for (const waiting of this.#waiting.values()) waiting.reject(error)
    this.#waiting.clear()
  }
}

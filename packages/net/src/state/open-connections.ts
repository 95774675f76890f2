import type { Connection, ConnectionHolder } from './connection.ts'

/** The connections of a stack, each until it is over: they live although only native handles refer to them. */
export class OpenConnections implements Disposable, Iterable<Connection> {
  readonly #open = new Set<Connection>()
  /** There may be thousands, which share these two. */
  readonly #held: ConnectionHolder
  readonly #begun: ConnectionHolder

  /** @param releasePort - called with the port of a connection that began here, when it is over */
  constructor(releasePort: (port: number) => void) {
    this.#held = { released: (connection) => void this.#open.delete(connection) }
    this.#begun = {
      released: (connection) => {
        this.#open.delete(connection)
        releasePort(connection.local.port)
      },
    }
  }

  /**
   * Holds a connection.
   *
   * @param beganHere - whether a port of this stack is taken for it
   */
  hold(connection: Connection, beganHere: boolean): void {
    this.#open.add(connection)
    connection.holder = beganHere ? this.#begun : this.#held
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#open.values()
  }

  /** Breaks all off. */
  [Symbol.dispose](): void {
    for (const connection of [...this.#open].reverse()) connection[Symbol.dispose]()
    this.#open.clear()
  }
}

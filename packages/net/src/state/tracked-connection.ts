import type { Connection } from './connection.ts'

const ignore = (): void => {}

/** Holds a connection of a stack until it is over, so that it lives although only native handles refer to it. */
export class Tracked implements Disposable {
  readonly connection: Connection

  constructor(connection: Connection) {
    this.connection = connection
  }

  [Symbol.dispose](): void {
    const { connection } = this
    connection.reset()
    // It may wait for its other side, and holds nothing of this one any more.
    connection.onReadable = ignore
    connection.onReleased = ignore
  }
}

import type { ConnectResult, StackPort } from '../types.ts'
import { AttachedPort } from './attached-port.ts'
import { reservePorts } from './port-reservations.ts'
import type { PortReservations } from './port-reservations.ts'
import type { SharedBinding, StackAttachment } from './switch-protocol.ts'
import type { ThreadMeans } from './thread-means.ts'

/** The way of a further thread of a guest to the guest's stack, by a message port. */
export class RemoteStackPort extends AttachedPort implements StackPort {
  readonly reservations: PortReservations
  #lastBinding = 0

  /**
   * @param attachment - what the thread that has the stack has given
   * @param means - what trunks are made of
   */
  constructor(attachment: StackAttachment, means: ThreadMeans) {
    super(attachment, means)
    this.reservations = reservePorts(attachment.reservations, attachment.thread)
  }

  bind(binding: SharedBinding): Disposable {
    const id = ++this.#lastBinding
    this.say({ type: 'bind', id, binding })
    return { [Symbol.dispose]: () => this.say({ type: 'unbind', id }) }
  }

  connectPath(path: string, done: (result: ConnectResult) => void): void {
    const [source, destination] = [
      { address: '', port: 0 },
      { address: path, port: 0 },
    ]
    this.open({ source, destination }, done, (id) => ({ type: 'connect-path', id, path }))
  }

  /** Whomever the guest talks to, its first thread is in between. */
  protected override peerOf(): string {
    return ''
  }
}

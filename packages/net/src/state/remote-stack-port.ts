import type { MessageChannel } from 'node:worker_threads'
import type { ConnectResult, StackPort } from '../types.ts'
import { reservePorts } from './port-reservations.ts'
import type { PortReservations } from './port-reservations.ts'
import { RemoteSwitchPort } from './remote-switch-port.ts'
import type { SharedBinding, StackAttachment } from './switch-protocol.ts'

/** The way of a further thread of a guest to the guest's stack, by a message port. */
export class RemoteStackPort extends RemoteSwitchPort implements StackPort {
  readonly reservations: PortReservations
  #lastBinding = 0

  /**
   * @param attachment - what the thread that has the stack has given
   * @param Channel - the constructor of message channels
   * @param newKey - makes what nobody can guess, other than the last time
   */
  constructor(attachment: StackAttachment, Channel: typeof MessageChannel, newKey: () => string) {
    super(attachment, Channel, newKey)
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
    this.open({ source, destination }, done, (id, channel) => ({ type: 'connect-path', id, path, channel }))
  }
}

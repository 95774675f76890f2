import type { MessagePort } from 'node:worker_threads'
import type { Endpoint } from './address.ts'
import { Connection, WINDOW_BYTES } from './connection.ts'

/** Pieces from this size on move to the other thread instead of being copied. @units bytes */
const TRANSFER_BYTES = 16 * 1024

/** What goes through the channel of a connection: bytes, how many were read, or the end of either kind. */
type Frame = Uint8Array | number | 'end' | 'reset'

/**
 * Makes one end of a connection whose other end is at the other side of a message channel, in another thread or not.
 *
 * The port does not keep the event loop alive, and its closing, as at the end of a thread, is a reset.
 *
 * @param port - this side of the channel; it belongs to the connection from now on
 * @param local - the address of this end
 * @param remote - the address of the other end
 */
export function connectionOverPort(port: MessagePort, local: Endpoint, remote: Endpoint): Connection {
  let unacknowledged = 0
  const post = (frame: Frame, transfer: ArrayBuffer[] = []): void => port.postMessage(frame, transfer)
  const connection = new Connection(local, remote, {
    arrivesInTurn: true,
    send(bytes) {
      const whole = bytes.byteLength === bytes.buffer.byteLength
      if (!whole) post(bytes.slice())
      else if (bytes.byteLength < TRANSFER_BYTES) post(bytes)
      else post(bytes, [bytes.buffer as ArrayBuffer])
    },
    end: () => post('end'),
    reset: () => post('reset'),
    credit(sizeBytes) {
      // One message for many reads: the writer has room for this much more than it knows.
      unacknowledged += sizeBytes
      if (unacknowledged < WINDOW_BYTES / 4) return
      post(unacknowledged)
      unacknowledged = 0
    },
    release: () => port.close(),
  })
  port.on('message', (frame: Frame) => {
    if (typeof frame === 'number') connection.receiveCredit(frame)
    else if (frame === 'end') connection.receiveEnd()
    else if (frame === 'reset') connection.receiveReset()
    else connection.receive(frame)
  })
  port.on('close', () => connection.receiveReset())
  port.unref()
  return connection
}

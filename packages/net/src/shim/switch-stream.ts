import type { Duplex } from 'node:stream'
import type { ByteReader, ByteStream } from '../state/byte-stream.ts'
import { relay } from '../state/relay.ts'
import { StreamPort } from '../state/stream-port.ts'
import { StreamWire } from '../state/stream-wire.ts'
import type { FromSwitch, SwitchAttachment, ToStack, ToSwitch } from '../state/switch-protocol.ts'
import type { SwitchPort } from '../types.ts'
import { threadMeans } from './thread-means.native.ts'

/** What a guest's process needs to reach the switch of another one. */
export interface StreamAttachment extends Pick<SwitchAttachment, 'address' | 'network'> {
  /** The guest's end of the stream. */
  readonly stream: Duplex
}

/**
 * Serves a stack of another process by a stream, such as a unix socket: what it connects to, what arrives at its ports, names. Who it is and
 * which name it has is what `port` says, whatever comes over the stream.
 *
 * @param port - where the stack is attached, as of `Switch.attachLocal`; it is disposed of when the stream ends
 * @param stream - this process's end; it does not keep the event loop alive
 * @returns ends the stream
 * @example
 * ```ts
 * import { createNetStack, createSwitch, openSwitchStream, serveSwitchStream } from '@libvisor/net'
 * import assert from 'node:assert/strict'
 * import { duplexPair } from 'node:stream'
 *
 * using network = createSwitch()
 * // In place of a unix socket between two processes:
 * const [stream, far] = duplexPair()
 * const port = network.attachLocal('api')
 * using served = serveSwitchStream(port, stream)
 *
 * // In the guest's process, which was told the address and the network:
 * const { address, network: block } = port
 * using api = createNetStack({ hostname: 'api', switchPort: openSwitchStream({ address, network: block, stream: far }) })
 * assert.deepEqual(await new Promise((resolve) => api.lookup('api', resolve)), ['10.88.0.2'])
 * ```
 */
export function serveSwitchStream(port: SwitchPort, stream: Duplex): Disposable {
  return relay(port, new StreamWire<ToSwitch, FromSwitch>(new NodeStream(stream), 0, threadMeans()))
}

/**
 * Opens a stack's way to the switch of another process.
 *
 * @param attachment - what that process has told, and this one's end of the stream
 * @returns the port, for `createNetStack`; when the stream ends, the stack has nobody but itself
 * @example
 * ```ts
 * import { createNetStack, createSwitch, openSwitchStream, serveSwitchStream } from '@libvisor/net'
 * import assert from 'node:assert/strict'
 * import { duplexPair } from 'node:stream'
 *
 * const [stream, far] = duplexPair()
 * const attachment = { address: '10.88.0.2', network: '10.88.0.0/16', stream }
 * using stack = createNetStack({ hostname: 'api', switchPort: openSwitchStream(attachment) })
 * assert.deepEqual(stack.addresses, ['10.88.0.2'])
 * ```
 */
export function openSwitchStream({ address, network, stream }: StreamAttachment): SwitchPort {
  const means = threadMeans()
  const wire = new StreamWire<FromSwitch, ToStack>(new NodeStream(stream), 1, means)
  return new StreamPort({ address, network }, wire, means)
}

/** A stream of Node's. */
export class NodeStream implements ByteStream {
  readonly #stream: Duplex & { unref?: () => void }

  constructor(stream: Duplex) {
    this.#stream = stream
  }

  get waitingBytes(): number {
    return this.#stream.writableLength
  }

  read({ take, ended }: ByteReader): void {
    let isOver = false
    const end = (): void => {
      if (!isOver) ended()
      isOver = true
    }
    this.#stream.on('data', take)
    this.#stream.on('end', end)
    this.#stream.on('close', end)
    // The end of the other process: `close` says so, too.
    this.#stream.on('error', () => {})
  }

  write(pieces: readonly Uint8Array[]): void {
    if (!this.#stream.writable) return
    this.#stream.cork()
    for (const piece of pieces) this.#stream.write(piece)
    this.#stream.uncork()
  }

  unref(): void {
    this.#stream.unref?.()
  }

  end(): void {
    // Whatever the other side still says, and whether it ever ends.
    this.#stream.end(() => this.#stream.destroy())
  }
}

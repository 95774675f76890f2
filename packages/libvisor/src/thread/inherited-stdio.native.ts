import type { Socket } from 'node:net'
import type { Readable, Writable } from 'node:stream'
import type { WriteStream } from 'node:tty'
import { host, original } from '@libvisor/abi'
import type { Channel, Stdio } from '@libvisor/core'
import { createHostChannel } from '@libvisor/process'

/** What Node keeps in a stream of `process`. */
interface StreamInternals {
  _handle: { reading: boolean; readStop(): void } | null
  _readableState: { reading: boolean }
  _destroy(error: Error | null, done: (error: Error | null) => void): void
  _refreshSize(): void
}

/** A stream that takes nothing from stdin unless the guest wants it, and lets the guest end when it has paused. */
function readWhenAsked<Stream extends Socket>(stream: Stream): Stream {
  const internals = stream as unknown as StreamInternals
  const stop = (): void => {
    if (internals._handle === null) return
    internals._handle.reading = false
    internals._readableState.reading = false
    internals._handle.readStop()
  }
  stop()
  return stream.on('pause', stop)
}

/** A terminal that the guest can end, but not close, and that follows the size of its window. */
function terminal(stream: WriteStream): WriteStream {
  const internals = stream as unknown as StreamInternals
  internals._destroy = (error, done) => done(error)
  host.process.on('SIGWINCH', () => internals._refreshSize())
  return stream
}

/**
 * Makes a stream of the kinds that cannot be made of calls that wait: a terminal has a size, colours and a raw mode, and a pipe
 * may have nothing to give for as long as the guest lives.
 */
function openStream(fd: 0 | 1 | 2, kind: Channel['kind']): Readable | Writable | undefined {
  if (kind === 'tty') {
    const { ReadStream, WriteStream } = original('tty')
    const stream = fd === 0 ? readWhenAsked(new ReadStream(fd)) : terminal(new WriteStream(fd))
    return Object.assign(stream, { fd, _type: 'tty', _isStdio: true })
  }
  if (kind !== 'pipe' || fd !== 0) return undefined
  const stream = new (original('net').Socket)({ fd, readable: true, writable: false })
  return Object.assign(readWhenAsked(stream), { fd, _type: 'pipe', _isStdio: true })
}

/** Takes what is written, and does nothing with it. */
const discard = (_chunk: unknown, _encoding: unknown, done: () => void): void => done()

class Inherited implements Channel {
  // The streams that Node has in a thread for these descriptors lead to the thread that started it.
  readonly hostFd = undefined
  readonly readSync: Channel['readSync']
  readonly #fd: 0 | 1 | 2
  readonly #channel: Channel
  #stream: Readable | Writable | undefined
  #isClosed = false

  constructor(fd: 0 | 1 | 2) {
    this.#fd = fd
    this.#channel = createHostChannel(fd)
    this.readSync = this.#channel.readSync
  }

  get kind(): Channel['kind'] {
    return this.#channel.kind
  }

  writeSync(bytes: Uint8Array): number {
    return this.#isClosed ? bytes.length : this.#channel.writeSync(bytes)
  }

  openStream(): Readable | Writable | undefined {
    return (this.#stream = openStream(this.#fd, this.kind))
  }

  /** Code of a guest that has ended itself may go on for a while: what it catches, it says to nobody. */
  close(): void {
    this.#isClosed = true
    if (this.#stream !== undefined) Object.assign(this.#stream, { _write: discard, _writev: undefined })
  }
}

/**
 * Descriptors 0, 1 and 2 of a guest in a thread that has those of its host.
 *
 * @returns the channels; when they are disposed of, the descriptors stay open, and nothing more is written
 */
export function createInheritedStdio(): Stdio & Disposable {
  const channels = [new Inherited(0), new Inherited(1), new Inherited(2)] as const
  return Object.assign([...channels] as const, {
    [Symbol.dispose]() {
      for (const channel of channels) channel.close()
    },
  })
}

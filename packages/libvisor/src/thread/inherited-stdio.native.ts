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

function inherit(fd: 0 | 1 | 2): Channel {
  const channel = createHostChannel(fd)
  return {
    get kind() {
      return channel.kind
    },
    // The streams that Node has in a thread for these descriptors lead to the thread that started it.
    hostFd: undefined,
    readSync: channel.readSync,
    writeSync: channel.writeSync,
    openStream: () => openStream(fd, channel.kind),
  }
}

/**
 * Descriptors 0, 1 and 2 of a guest in a thread that has those of its host.
 *
 * @returns the channels
 */
export function createInheritedStdio(): Stdio {
  return [inherit(0), inherit(1), inherit(2)]
}

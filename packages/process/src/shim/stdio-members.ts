import type { Readable, Writable } from 'node:stream'
import { deliver, ownerHere, slots } from '@libvisor/core'
import type { Channel } from '@libvisor/core'
import type { MemberContext, Members } from './members.ts'

const names = ['stdin', 'stdout', 'stderr'] as const

/** How much is read from a channel at a time. @units bytes */
const CHUNK_BYTES = 65_536

/** What all streams over descriptors 0–2 have. */
function asStdio<Stream extends Readable | Writable>(stream: Stream, fd: number, channel: Channel): Stream {
  const type = { tty: 'tty', file: 'fs', pipe: 'pipe', null: undefined }[channel.kind]
  const extra = stream as unknown as Record<string, unknown>
  extra['fd'] = fd
  extra['_isStdio'] = true
  if (type !== undefined) extra['_type'] = type
  if (channel.kind === 'tty') extra['isTTY'] = true
  return stream
}

/**
 * `process.stdin`, `stdout` and `stderr`, where the guest's channels are not the host's descriptors of the same
 * numbers. Made when they are first asked for.
 *
 * @param context - the namespace and what it is made of
 * @returns members of `process`
 */
export function stdioMembers(context: MemberContext): Members {
  const { ns, module } = context
  const stdio = ns.find(slots.stdio)
  const members: Members = {}
  if (stdio === undefined) return members

  const writable = (channel: Channel, fd: number): Writable => {
    const { Writable } = module('stream')
    const stream = new Writable({
      decodeStrings: true,
      write(chunk: Uint8Array, _encoding, done) {
        try {
          channel.writeSync(chunk)
        } catch (error) {
          return done(error as Error)
        }
        done()
      },
      // The guest cannot close its stdout: what comes after end() is lost, and the descriptor stays.
      destroy(error, done) {
        done(error)
      },
    })
    const out = stream as Writable & { destroySoon?: unknown }
    out.destroySoon = out.destroy.bind(out)
    return asStdio(out, fd, channel)
  }

  const readable = (channel: Channel): Readable => {
    const { Readable } = module('stream')
    const stream: Readable = new Readable({
      highWaterMark: CHUNK_BYTES,
      read() {
        deliver(ownerHere(ns), 'io', () => {
          try {
            const bytes = channel.readSync(CHUNK_BYTES)
            stream.push(bytes.length === 0 ? null : bytes)
          } catch (error) {
            stream.destroy(error as Error)
          }
        })
      },
    })
    return asStdio(stream, 0, channel)
  }

  for (const [fd, name] of names.entries()) {
    const channel = stdio[fd as 0 | 1 | 2]
    if (channel.hostFd === fd) continue
    let stream: Readable | Writable | undefined
    members[name] = {
      get: () => (stream ??= channel.openStream?.() ?? (fd === 0 ? readable(channel) : writable(channel, fd))),
      enumerable: true,
      configurable: true,
    }
  }
  return members
}

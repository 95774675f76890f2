import { once } from 'node:events'
import type { EventEmitter } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { currentNamespace, slots } from '@libvisor/core'
import type { Channel, ChannelKind, Namespace } from '@libvisor/core'
import { createProcessInterceptor } from '@libvisor/process'
import { createGuest } from './fixtures/own-realm.mjs'

interface Recorded {
  readonly channel: Channel
  readonly written: string[]
}

/** A channel that is no descriptor of the host's. */
function channel(kind: ChannelKind, input: string[] = [], hostFd?: number): Recorded {
  const written: string[] = []
  const encoder = new TextEncoder()
  return {
    written,
    channel: {
      kind,
      hostFd,
      readSync: () => encoder.encode(input.shift() ?? ''),
      writeSync(bytes) {
        if (bytes[0] === 0) throw Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })
        written.push(new TextDecoder().decode(bytes))
        return bytes.length
      },
    },
  }
}

function guest(stdin: Recorded, stdout: Recorded, stderr: Recorded): { ns: Namespace; process: NodeJS.Process } {
  const ns = createGuest()
  ns.provide(slots.stdio, [stdin.channel, stdout.channel, stderr.channel])
  return { ns, process: createProcessInterceptor().bind(ns).modules['process']!() as NodeJS.Process }
}

describe('the stdio of a guest over channels', () => {
  it('writes what is written, in order, and says when', async () => {
    const [stdout, stderr] = [channel('pipe'), channel('pipe')]
    const { process } = guest(channel('null'), stdout, stderr)
    process.stdout.write('one ')
    process.stderr.write('error')
    await new Promise<void>((resolve) => process.stdout.write(Buffer.from('two'), () => resolve()))
    expect([stdout.written.join(''), stderr.written.join('')]).toEqual(['one two', 'error'])
  })

  it('reads to the end, in the namespace of the guest', async () => {
    const { ns, process } = guest(channel('pipe', ['one ', 'two']), channel('pipe'), channel('pipe'))
    const seen: unknown[] = []
    const stdin = process.stdin as Readable
    stdin.setEncoding('utf8').on('data', (text) => seen.push(text, currentNamespace() === ns))
    await once(stdin, 'end')
    expect(seen).toEqual(['one ', true, 'two', true])
  })

  it('tells what it is connected to', () => {
    const { process } = guest(channel('tty'), channel('file'), channel('tty'))
    expect([process.stdin.fd, process.stdout.fd, process.stderr.fd]).toEqual([0, 1, 2])
    expect([process.stdin.isTTY, process.stdout.isTTY, process.stderr.isTTY]).toEqual([true, undefined, true])
    expect(process.stdout).toBe(process.stdout)
  })

  it('passes a failure on as an error of the stream', async () => {
    const { process } = guest(channel('null'), channel('pipe'), channel('pipe'))
    const stdout = process.stdout as Writable & EventEmitter
    const failed = once(stdout, 'error')
    stdout.write(Buffer.from([0]))
    expect((await failed)[0]).toMatchObject({ code: 'EPIPE' })
  })

  it("is the host's own stream where the channel is the host's descriptor of that number", () => {
    const { process: subject } = guest(channel('null'), channel('pipe', [], 1), channel('pipe', [], 1))
    expect(subject.stdout).toBe(process.stdout)
    expect(subject.stderr).not.toBe(process.stderr)
  })
})

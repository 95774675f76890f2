import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { GuestStreams } from '../../src/host/guest-streams.native.ts'
import { createPortStdio } from '../../src/thread/port-stdio.ts'
import type { PortStdio } from '../../src/thread/port-stdio.ts'

const bytes = (string: string): Uint8Array => new TextEncoder().encode(string)

/** The streams of a handle, and the channels of the guest, both in this thread. */
function connected(stdin = false): { streams: GuestStreams; stdio: PortStdio } {
  const streams = new GuestStreams({ stdin })
  return { streams, stdio: createPortStdio(streams.connect()) }
}

describe('what a guest writes', () => {
  it('comes out of the two streams of its handle, in order', async () => {
    const { streams, stdio } = connected()
    stdio[1].writeSync(bytes('a'))
    stdio[2].writeSync(bytes('error'))
    stdio[1].writeSync(bytes('b'))
    stdio[Symbol.dispose]()
    streams.end('')
    expect(await Promise.all([text(streams.stdout), text(streams.stderr)])).toEqual(['ab', 'error'])
  })

  it('is not changed by what the guest does to its array afterwards', async () => {
    const { streams, stdio } = connected()
    const array = bytes('before')
    stdio[1].writeSync(array)
    array.set(bytes('after!'))
    streams.end('')
    expect(await text(streams.stdout)).toBe('before')
    stdio[Symbol.dispose]()
  })

  it('is not lost when the guest ends at once, though its stream waits for a reader', async () => {
    const { streams, stdio } = connected()
    const stream = stdio[1].openStream?.() as NodeJS.WriteStream
    const lines = Array.from({ length: 40 }, (_, index) => `${index}:${'x'.repeat(8000)}\n`)
    expect(lines.map((line) => stream.write(line))).toContain(false)
    stdio[Symbol.dispose]()
    streams.end('last\n')
    expect(await text(streams.stdout)).toBe(lines.join(''))
    expect(await text(streams.stderr)).toBe('last\n')
  })

  it('makes its stream wait until somebody reads', async () => {
    const { streams, stdio } = connected()
    const stream = stdio[1].openStream?.() as NodeJS.WriteStream
    const chunk = 'x'.repeat(100_000)
    while (stream.write(chunk));
    let drained = false
    stream.on('drain', () => (drained = true))
    await turn()
    await turn()
    expect(drained).toBe(false)
    streams.stdout.resume()
    await once(stream, 'drain')
    stdio[Symbol.dispose]()
    streams.end('')
  })

  it('goes on in the same streams when it is started again', async () => {
    const { streams, stdio } = connected()
    stdio[1].writeSync(bytes('first '))
    streams.disconnect()
    const again = createPortStdio(streams.connect())
    again[1].writeSync(bytes('second'))
    again[Symbol.dispose]()
    streams.end('')
    expect(await text(streams.stdout)).toBe('first second')
    stdio[Symbol.dispose]()
  })
})

describe('what a guest reads', () => {
  it('is nothing where the handle has no stdin', async () => {
    const { streams, stdio } = connected()
    expect(streams.stdin).toBe(undefined)
    expect(stdio[0].kind).toBe('null')
    expect(stdio[0].readSync(10)).toHaveLength(0)
    expect(await text(stdio[0].openStream?.() as NodeJS.ReadStream)).toBe('')
    stdio[Symbol.dispose]()
    streams.end('')
  })

  it('comes through a stream, to its end', async () => {
    const { streams, stdio } = connected(true)
    streams.stdin?.write('some ')
    const read = text(stdio[0].openStream?.() as NodeJS.ReadStream)
    await turn()
    streams.stdin?.end('more')
    expect(await read).toBe('some more')
    expect(stdio[0].kind).toBe('pipe')
    stdio[Symbol.dispose]()
    streams.end('')
  })

  it('is taken by calls that wait, as much as they ask for', () => {
    const { streams, stdio } = connected(true)
    streams.stdin?.end('abc')
    expect(String(Buffer.from(stdio[0].readSync(2)))).toBe('ab')
    expect(String(Buffer.from(stdio[0].readSync(2)))).toBe('c')
    stdio[Symbol.dispose]()
    streams.end('')
  })

  it('wakes a call in another thread that waits for it', async () => {
    const streams = new GuestStreams({ stdin: true })
    const port = streams.connect()
    const source = `
      const { workerData } = require('node:worker_threads')
      const { createPortStdio } = require(workerData.module)
      const stdio = createPortStdio(workerData.port)
      stdio[1].writeSync(Buffer.from('ready'))
      stdio[1].writeSync(stdio[0].readSync(100))
      stdio[Symbol.dispose]()`
    const module = new URL('../../src/thread/port-stdio.ts', import.meta.url).pathname
    const worker = new Worker(source, { eval: true, workerData: { port, module }, transferList: [port] })
    // What the worker has sent may arrive after its end.
    const exited = once(worker, 'exit')
    const [ready] = (await once(streams.stdout, 'data')) as [Buffer]
    expect(String(ready)).toBe('ready')
    streams.stdin?.write('input')
    const [echoed] = (await once(streams.stdout, 'data')) as [Buffer]
    expect(String(echoed)).toBe('input')
    await exited
    streams.end('')
  })

  it('is waited for by the writer, as long as the guest takes nothing', async () => {
    const { streams, stdio } = connected(true)
    const written: boolean[] = []
    streams.stdin?.write('x'.repeat(100_000), () => written.push(true))
    await turn()
    expect(written).toEqual([])
    const stream = stdio[0].openStream?.() as NodeJS.ReadStream
    stream.resume()
    await expect.poll(() => written).toEqual([true])
    stdio[Symbol.dispose]()
    streams.end('')
  })
})

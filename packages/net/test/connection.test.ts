import { describe, expect, it } from 'vitest'
import { READ_BYTES } from '../src/state/byte-queue.ts'
import { joinInMemory, WINDOW_BYTES } from '../src/state/connection.ts'
import type { Connection, ReadResult } from '../src/state/connection.ts'
import { threadMeans } from '../src/shim/thread-means.native.ts'
import type { ThreadMeans } from '../src/state/thread-means.ts'
import { createStreamTrunks } from './harness/streams.ts'
import { createTrunkPair } from './harness/trunks.ts'

type Ends = readonly [client: Connection, server: Connection]

const CLIENT = { address: '10.88.0.2', port: 40000 }
const SERVER = { address: '10.88.0.3', port: 3000 }

/** The ways in which two ends are joined: the same rules hold for each. */
const joins: Record<string, () => Ends | Promise<Ends>> = {
  'in memory': () => joinInMemory(CLIENT, SERVER),
  'over a trunk': () => joinByTrunk(threadMeans()),
  'over a trunk between threads that are kept alive': () => joinByTrunk({ ...threadMeans(), isKeptAlive: () => true }),
  'over a trunk, one frame in a turn': () => joinByTrunk({ ...threadMeans(), drain: undefined }),
  'over a unix socket': () => joinByStream(threadMeans()),
  'over a unix socket, one frame in a turn': () => joinByStream({ ...threadMeans(), drain: undefined }),
}

async function joinByTrunk(means: ThreadMeans): Promise<Ends> {
  return createTrunkPair(means).join(CLIENT, SERVER)
}

async function joinByStream(means: ThreadMeans): Promise<Ends> {
  return (await createStreamTrunks(means)).join(CLIENT, SERVER)
}

/** The next thing that there is to read. */
async function next(connection: Connection): Promise<ReadResult> {
  if (!connection.readable) {
    await new Promise<void>((resolve) => {
      connection.onReadable = resolve
    })
  }
  return connection.read()
}

async function nextText(connection: Connection): Promise<string> {
  const result = await next(connection)
  return result instanceof Uint8Array ? new TextDecoder().decode(result) : String(result)
}

function write(connection: Connection, text: string): Promise<string | undefined> {
  return new Promise((resolve) => connection.write([new TextEncoder().encode(text)], resolve))
}

describe.each(Object.entries(joins))('a connection %s', (_name, join) => {
  it('shows each end the address of the other', async () => {
    const [client, server] = await join()
    expect([client.local, client.remote]).toEqual([CLIENT, SERVER])
    expect([server.local, server.remote]).toEqual([SERVER, CLIENT])
    client.reset()
    server.reset()
  })

  it('carries bytes in order and both ways', async () => {
    const [client, server] = await join()
    await write(client, 'one ')
    await write(client, 'two')
    let received = ''
    while (received.length < 7) received += await nextText(server)
    expect(received).toBe('one two')
    await write(server, 'three')
    expect(await nextText(client)).toBe('three')
    client.reset()
    server.reset()
  })

  it('gives pieces of at most 64 KB', async () => {
    const [client, server] = await join()
    client.write([new Uint8Array(READ_BYTES + 1)], () => {})
    expect(((await next(server)) as Uint8Array).length).toBe(READ_BYTES)
    expect(((await next(server)) as Uint8Array).length).toBe(1)
    client.reset()
    server.reset()
  })

  it('keeps a view of a larger buffer a view', async () => {
    const [client, server] = await join()
    const large = new Uint8Array(100_000).fill(7)
    client.write([large.subarray(10, 13)], () => {})
    expect([...((await next(server)) as Uint8Array)]).toEqual([7, 7, 7])
    client.reset()
    server.reset()
  })

  it('still reads after shutdown()', async () => {
    const [client, server] = await join()
    client.shutdown(() => {})
    expect(await next(server)).toBe('end')
    await write(server, 'late')
    expect(await nextText(client)).toBe('late')
    server.close()
    expect(await next(client)).toBe('end')
    client.close()
  })

  it('writes after shutdown() fail with EPIPE', async () => {
    const [client, server] = await join()
    client.shutdown(() => {})
    expect(await write(client, 'x')).toBe('EPIPE')
    server.reset()
  })

  it('holds a write back while the reader does not read', async () => {
    const [client, server] = await join()
    let accepted = 0
    const piece = WINDOW_BYTES / 2
    for (let index = 0; index < 3; index++) client.write([new Uint8Array(piece)], () => accepted++)
    expect(accepted).toBe(2)
    expect(client.inFlightBytes).toBe(3 * piece)
    for (let read = 0; read < piece;) read += ((await next(server)) as Uint8Array).length
    await expect.poll(() => accepted).toBe(3)
    client.reset()
    server.reset()
  })

  it('reads what came before a reset, then the reset', async () => {
    const [client, server] = await join()
    await write(client, 'last words')
    client.reset()
    expect(await nextText(server)).toBe('last words')
    expect(await next(server)).toBe('reset')
    expect(await write(server, 'x')).toBe('EPIPE')
    server.close()
  })

  it('fails waiting writes with ECONNRESET when it is reset', async () => {
    const [client, server] = await join()
    client.write([new Uint8Array(WINDOW_BYTES)], () => {})
    const waiting = write(client, 'waits')
    server.reset()
    expect(await waiting).toBe('ECONNRESET')
    client.close()
  })

  it('cancels waiting writes when it is closed', async () => {
    const [client, server] = await join()
    client.write([new Uint8Array(WINDOW_BYTES)], () => {})
    const waiting = write(client, 'waits')
    client.close()
    expect(await waiting).toBe('ECANCELED')
    server.close()
  })

  it('is reset by close() with bytes unread', async () => {
    const [client, server] = await join()
    await write(client, 'nobody reads this')
    await expect.poll(() => server.readable).toBe(true)
    server.close()
    expect(await next(client)).toBe('reset')
    client.close()
  })

  it('is reset by bytes that arrive after close()', async () => {
    const [client, server] = await join()
    server.close()
    expect(await next(client)).toBe('end')
    expect(await write(client, 'too late')).toBe(undefined)
    await expect.poll(() => write(client, 'broken')).toBe('EPIPE')
    client.close()
  })

  it('reads the end when a reset follows it', async () => {
    const [client, server] = await join()
    server.close()
    expect(await write(client, 'too late')).toBe(undefined)
    await expect.poll(() => write(client, 'broken')).toBe('EPIPE')
    expect(await next(client)).toBe('end')
    client.close()
  })

  it('is released once both ends are closed', async () => {
    const [client, server] = await join()
    const released: string[] = []
    client.holder = { released: () => released.push('client') }
    server.holder = { released: () => released.push('server') }
    client.close()
    expect(await next(server)).toBe('end')
    server.close()
    await expect.poll(() => released.toSorted()).toEqual(['client', 'server'])
  })
})

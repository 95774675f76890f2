import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { keepAlive } from '@libvisor/core'
import { runScript } from '@libvisor/testkit'
import { describe, expect, it } from 'vitest'
import { createNetStack, createSwitch } from '../src/index.ts'
import type { Connection, ConnectResult } from '../src/index.ts'
import { threadMeans } from '../src/shim/thread-means.native.ts'
import { WINDOW_BYTES } from '../src/state/connection.ts'
import { createStreamTrunks } from './harness/streams.ts'
import { attachApart, createTrunkPair } from './harness/trunks.ts'
import type { TrunkPair } from './harness/trunks.ts'

const CLIENT = { address: '10.88.0.2', port: 40000 }
const SERVER = { address: '10.88.0.3', port: 3000 }
const ignore = (): void => {}

/** Reads until the end or a reset, whenever there is something. */
function readAll(connection: Connection, limit?: number): Promise<{ bytes: Buffer; last: 'end' | 'reset' }> {
  const pieces: Uint8Array[] = []
  return new Promise((resolve) => {
    const pump = (): void => {
      for (let read = connection.read(limit); read !== undefined; read = connection.read(limit)) {
        if (typeof read === 'string') return resolve({ bytes: Buffer.concat(pieces), last: read })
        pieces.push(read)
      }
    }
    connection.onReadable = pump
    pump()
  })
}

/** Numbers that are the same each time. */
function* numbers(): Generator<number, never> {
  for (let state = 1; ;) yield (state = (Math.imul(state, 1664525) + 1013904223) >>> 0)
}

/** Bytes that tell where they stand, in pieces from none to more than the ring has room for. */
function* pieces(count: number): Generator<Uint8Array> {
  const random = numbers()
  const sizes = [0, 1, 7, 8, 200, 5000, 16_383, 16_384, 70_000, 300_000]
  let at = 0
  for (let index = 0; index < count; index++) {
    const size = sizes[random.next().value % sizes.length]!
    const whole = new Uint8Array(size + 4).map(() => at++ % 251)
    // Some are views of something larger.
    at -= 4
    const kind = random.next().value % 3
    yield kind === 0 ? whole.subarray(0, size) : kind === 1 ? whole.slice(0, size) : Buffer.from(whole.buffer, 0, size)
  }
}

/** What lies between, and how the two sides behave. */
const kinds: Record<string, () => Promise<TrunkPair> | TrunkPair> = {
  'between threads that may end': () => createTrunkPair(),
  'between threads that are kept alive': () => createTrunkPair({ ...threadMeans(), isKeptAlive: () => true }),
  'between threads whose Node’s queues cannot be emptied': () =>
    createTrunkPair({ ...threadMeans(), drain: undefined }),
  'over a unix socket': () => createStreamTrunks(threadMeans()),
  'over a unix socket, where Node’s queues cannot be emptied': () =>
    createStreamTrunks({ ...threadMeans(), drain: undefined }),
}

describe.each(Object.entries(kinds))('a trunk %s', (_name, create) => {
  it('keeps the order of what goes in the ring and what goes in messages, both ways', async () => {
    const trunks = await create()
    const [client, server] = await trunks.join(CLIENT, SERVER)
    const sent = Buffer.concat([...pieces(200)])
    for (const piece of pieces(200)) {
      server.write([new Uint8Array(piece)], ignore)
      client.write([piece], ignore)
    }
    client.shutdown(ignore)
    server.shutdown(ignore)
    for (const { bytes, last } of await Promise.all([readAll(server), readAll(client, 1000)])) {
      expect(last).toBe('end')
      expect(Buffer.compare(bytes, sent)).toBe(0)
    }
    trunks.client.close()
  })

  it('carries others while one of its connections is not read', async () => {
    const trunks = await create()
    const [stuck] = await trunks.join(CLIENT, SERVER)
    let accepted = 0
    for (let written = 0; written <= WINDOW_BYTES; written += 10_000) {
      stuck.write([new Uint8Array(10_000)], () => accepted++)
    }
    const [client, server] = await trunks.join(CLIENT, SERVER)
    const all = readAll(server)
    for (const piece of pieces(200)) client.write([piece], ignore)
    client.shutdown(ignore)
    expect((await all).bytes).toHaveLength(Buffer.concat([...pieces(200)]).length)
    expect(accepted).toBe(Math.floor(WINDOW_BYTES / 10_000))
    trunks.client.close()
  })

  it('ends for both sides when one closes it, and what was sent before arrives', async () => {
    const trunks = await create()
    const [client, server] = await trunks.join(CLIENT, SERVER)
    server.write([new TextEncoder().encode('last ')], ignore)
    server.write([new Uint8Array(20_000)], ignore)
    server.write([new TextEncoder().encode('words')], ignore)
    trunks.server.close()
    const { bytes, last } = await readAll(client)
    expect(bytes.subarray(0, 5).toString() + bytes.subarray(20_005).toString()).toBe('last words')
    expect(last).toBe('end')
    expect((await readAll(server)).last).toBe('end')
    // Whatever is sent to one that is gone is answered with a reset.
    client.write([new TextEncoder().encode('x')], ignore)
    expect(await new Promise((resolve) => client.write([new TextEncoder().encode('y')], resolve))).toBe('EPIPE')
    await expect.poll(() => trunks.closed.toSorted()).toEqual(['client', 'server'])
  })

  it('forgets connections that are over, and resets those that nobody has asked for', async () => {
    const trunks = await create()
    const released: number[] = []
    for (let index = 0; index < 100; index++) {
      const [client, server] = await trunks.join(CLIENT, SERVER)
      client.holder = server.holder = { released: () => void released.push(index) }
      client.close()
      expect((await readAll(server)).last).toBe('end')
      server.close()
    }
    await expect.poll(() => released.length).toBe(200)
    expect([trunks.client.connections, trunks.server.connections]).toEqual([0, 0])

    const unasked = trunks.server.accept(1000, SERVER, CLIENT)
    expect((await readAll(unasked)).last).toBe('reset')
    trunks.client.close()
  })
})

it('an error of one receiver keeps nothing from the others', async () => {
  const thrown: unknown[] = []
  const means = threadMeans()
  const trunks = createTrunkPair({
    ...means,
    lookInTurn: (look) =>
      means.lookInTurn(() => {
        try {
          look()
        } catch (error) {
          thrown.push(error)
        }
      }),
  })
  const first = await trunks.join(CLIENT, SERVER)
  const second = await trunks.join(CLIENT, SERVER)
  first[1].onReadable = () => {
    throw new Error('of the first')
  }
  first[0].write([new Uint8Array(1)], ignore)
  second[0].write([new Uint8Array(1)], ignore)
  second[0].shutdown(ignore)
  expect((await readAll(second[1])).bytes).toHaveLength(1)
  expect(thrown).toEqual([new Error('of the first')])
  trunks.client.close()
})

it('what two threads send each other arrives, whichever of them slept', async () => {
  using network = createSwitch()
  using web = createNetStack({ hostname: 'web', switchPort: network.attachLocal('web') })
  const attachment = network.attach('echo')
  const worker = new Worker(new URL('./fixtures/echo-thread.ts', import.meta.url), {
    workerData: attachment,
    transferList: [attachment.port],
  })
  await once(worker, 'message')
  using _alive = keepAlive()
  const destination = { address: attachment.address, port: 7 }
  const clients = await Promise.all(
    Array.from({ length: 4 }, () => new Promise<ConnectResult>((resolve) => web.connect({ destination }, resolve))),
  )
  const exchange = async (client: Connection): Promise<number> => {
    const random = numbers()
    let missing = 0
    for (let round = 0; round < 1000; round++) {
      const size = random.next().value % 5 === 0 ? 20_000 : 1 + (random.next().value % 300)
      client.write([new Uint8Array(size)], ignore)
      missing += size
      const kind = random.next().value % 8
      // A turn that ends while the other side goes to sleep is what matters here.
      if (kind === 0) await new Promise(setImmediate)
      if (kind > 4) continue
      while (missing > 0) {
        const read = client.read()
        if (read instanceof Uint8Array) missing -= read.length
        else await new Promise<void>((resolve) => (client.onReadable = resolve))
      }
    }
    return missing
  }
  for (const missing of await Promise.all(clients.map((client) => exchange(client as Connection)))) {
    expect(missing).toBeLessThan(WINDOW_BYTES)
  }
  await worker.terminate()
})

it('errors of a guest, wherever it throws them, are uncaught exceptions and nothing worse', async () => {
  const program = fileURLToPath(new URL('./programs/uncaught.ts', import.meta.url))
  const { code, stdout } = await runScript(['--no-warnings', program])
  const ways = ['handler', 'tick', 'microtask', 'promise']
  const round = [...ways.map((way) => `thrown in a ${way}`), ...ways.map((way) => `arrived ${way}`)]
  expect(stdout.trim().split('\n').toSorted()).toEqual([...round, ...round].toSorted())
  expect(code).toBe(0)
})

it('a connection that is accepted by a stack that then leaves is reset', async () => {
  using network = createSwitch()
  using web = createNetStack({ hostname: 'web', switchPort: attachApart(network, 'web') })
  const api = createNetStack({ hostname: 'api', switchPort: attachApart(network, 'api') })
  const leave = (): void => queueMicrotask(() => api[Symbol.dispose]())
  api.listen({ address: '0.0.0.0', port: 3000, privileged: false, accept: leave })
  const destination = { address: '10.88.0.3', port: 3000 }
  const result = await new Promise<ConnectResult>((resolve) => web.connect({ destination }, resolve))
  expect(typeof result === 'string' ? result : (await readAll(result)).last).toBe('reset')
})

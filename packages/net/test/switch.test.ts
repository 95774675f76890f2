import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createNetStack, createSwitch, openSwitchPort, serveSwitchStream } from '../src/index.ts'
import { attachByStream, unixSocketPair } from './harness/streams.ts'
import { attachApart } from './harness/trunks.ts'
import type { Connection, ConnectResult, Endpoint, NetStack, Switch, SwitchPort } from '../src/index.ts'

/** How two stacks are attached: the same rules hold for each. */
const attachments: Record<string, (network: Switch, name: string, index: number) => Promise<SwitchPort> | SwitchPort> =
  {
    'both in the thread of the switch': (network, name) => network.attachLocal(name, { aliases: [`${name}-alias`] }),
    'both by message ports': (network, name) => openSwitchPort(network.attach(name, { aliases: [`${name}-alias`] })),
    'each in a thread of its own': (network, name) => attachApart(network, name, { aliases: [`${name}-alias`] }),
    'one in the thread of the switch, one elsewhere': (network, name, index) =>
      index === 0
        ? network.attachLocal(name, { aliases: [`${name}-alias`] })
        : attachApart(network, name, { aliases: [`${name}-alias`] }),
    'one in the thread of the switch, one by a message port': (network, name, index) =>
      index === 0
        ? network.attachLocal(name, { aliases: [`${name}-alias`] })
        : openSwitchPort(network.attach(name, { aliases: [`${name}-alias`] })),
    'both by unix sockets': (network, name) => attachByStream(network, name, { aliases: [`${name}-alias`] }),
    'one in the thread of the switch, one by a unix socket': (network, name, index) =>
      index === 0
        ? network.attachLocal(name, { aliases: [`${name}-alias`] })
        : attachByStream(network, name, { aliases: [`${name}-alias`] }),
    'one by a unix socket, one in a thread': (network, name, index) =>
      index === 0
        ? attachByStream(network, name, { aliases: [`${name}-alias`] })
        : attachApart(network, name, { aliases: [`${name}-alias`] }),
  }

function connect(stack: NetStack, address: string, port: number): Promise<ConnectResult> {
  return new Promise((resolve) => stack.connect({ destination: { address, port } }, resolve))
}

function lookup(stack: NetStack, name: string): Promise<readonly string[]> {
  return new Promise((resolve) => stack.lookup(name, resolve))
}

async function readText(connection: Connection): Promise<string> {
  await expect.poll(() => connection.readable).toBe(true)
  const result = connection.read()
  return result instanceof Uint8Array ? new TextDecoder().decode(result) : String(result)
}

describe.each(Object.entries(attachments))('two stacks of a switch, %s', (_name, attach) => {
  let network: Switch
  let api: NetStack
  let web: NetStack

  beforeEach(async () => {
    network = createSwitch()
    api = createNetStack({ hostname: 'api', switchPort: await attach(network, 'api', 0) })
    web = createNetStack({ hostname: 'web', switchPort: await attach(network, 'web', 1) })
  })
  afterEach(() => {
    api[Symbol.dispose]()
    web[Symbol.dispose]()
    network[Symbol.dispose]()
  })

  it('have addresses in the order in which they were attached', () => {
    expect(api.addresses).toEqual(['10.88.0.2'])
    expect(web.addresses).toEqual(['10.88.0.3'])
    expect(network.members().map(({ name }) => name)).toEqual(['api', 'web'])
  })

  it('find each other by name and alias, without regard to case', async () => {
    expect(await lookup(web, 'api')).toEqual(['10.88.0.2'])
    expect(await lookup(web, 'API')).toEqual(['10.88.0.2'])
    expect(await lookup(web, 'api-alias')).toEqual(['10.88.0.2'])
    expect(await lookup(web, 'web')).toEqual(['10.88.0.3'])
    expect(await lookup(web, 'nobody')).toEqual([])
    expect(await new Promise((resolve) => web.reverse('10.88.0.2', resolve))).toBe('api')
  })

  it('talk to each other, both ways, and each sees the address of the other', async () => {
    let server: Connection | undefined
    api.listen({ address: '0.0.0.0', port: 3000, privileged: false, accept: (given) => (server = given) })
    const client = await connect(web, '10.88.0.2', 3000)
    if (typeof client === 'string') throw new Error(client)
    await expect.poll(() => server).toBeDefined()
    expect(server!.remote.address).toBe('10.88.0.3')
    expect(server!.local).toEqual({ address: '10.88.0.2', port: 3000 })
    expect(client.remote).toEqual({ address: '10.88.0.2', port: 3000 })
    client.write([new TextEncoder().encode('question')], () => {})
    expect(await readText(server!)).toBe('question')
    server!.write([new TextEncoder().encode('answer')], () => {})
    expect(await readText(client)).toBe('answer')
    server!.shutdown(() => {})
    expect(await readText(client)).toBe('end')
  })

  it('a port without listener is ECONNREFUSED, a dead address EHOSTUNREACH', async () => {
    expect(await connect(web, '10.88.0.2', 3000)).toBe('ECONNREFUSED')
    expect(await connect(web, '10.88.9.9', 3000)).toBe('EHOSTUNREACH')
  })

  it('what listens on loopback only is not heard on the switch', async () => {
    api.listen({ address: '127.0.0.1', port: 3000, privileged: false, accept() {} })
    expect(await connect(web, '10.88.0.2', 3000)).toBe('ECONNREFUSED')
  })

  it('send each other datagrams, and those that are for all arrive, too', async () => {
    const heard: string[] = []
    const receive = ({ source, bytes }: { source: Endpoint; bytes: Uint8Array }): void =>
      void heard.push(`${new TextDecoder().decode(bytes)} from ${source.address}:${source.port}`)
    api.bindDatagrams({ address: '0.0.0.0', port: 53, privileged: true, receive })
    const bound = { address: '0.0.0.0', port: 4000 }
    for (const [address, text] of Object.entries({ '10.88.0.2': 'one', '255.255.255.255': 'all' })) {
      web.sendDatagram(bound, { address, port: 53 }, new TextEncoder().encode(text))
    }
    await expect.poll(() => heard).toEqual(['one from 10.88.0.3:4000', 'all from 10.88.0.3:4000'])
  })

  it('a stack that leaves is gone, and its connections are reset', async () => {
    api.listen({ address: '0.0.0.0', port: 3000, privileged: false, accept() {} })
    const client = await connect(web, '10.88.0.2', 3000)
    if (typeof client === 'string') throw new Error(client)
    api[Symbol.dispose]()
    expect(await readText(client)).toBe('reset')
    await expect.poll(() => connect(web, '10.88.0.2', 3000)).toBe('EHOSTUNREACH')
    expect(await lookup(web, 'api')).toEqual([])
  })
})

it('a name is attached once', () => {
  using network = createSwitch()
  network.attachLocal('api')
  expect(() => network.attach('API')).toThrow(expect.objectContaining({ code: 'VISOR_GUEST_NAME_TAKEN' }))
})

/** A stack that refuses all connections, and tells from which address the last one came. */
function attachRefusing(network: ReturnType<typeof createSwitch>) {
  let seen: string | undefined
  const api = network.attachLocal('api')
  api.answer(
    (source) => {
      seen = source.address
      return 'ECONNREFUSED'
    },
    () => {},
  )
  return { api, seen: () => seen }
}

it('a source address cannot be made up', async () => {
  using network = createSwitch()
  const { api, seen } = attachRefusing(network)
  const { port } = network.attach('liar')
  const destination = { address: api.address, port: 1 }
  port.postMessage({ type: 'connect', id: 1, source: { address: '10.88.0.99', port: 1 }, destination })
  await expect.poll(seen).toBe('10.88.0.3')
  port.close()
})

it('a stack of another process whose words make no sense is detached', async () => {
  using network = createSwitch()
  const [own, far] = await unixSocketPair()
  serveSwitchStream(network.attachLocal('liar'), own)
  expect(network.members()).toHaveLength(1)
  far.write(new Uint8Array(100).fill(0xff))
  await once(far, 'close')
  expect(network.members()).toEqual([])
})

it('a source address cannot be made up over a stream either', async () => {
  using network = createSwitch()
  const { api, seen } = attachRefusing(network)
  using liar = await attachByStream(network, 'liar')
  const result = new Promise((resolve) =>
    liar.connect({ address: '10.88.0.99', port: 1 }, { address: api.address, port: 1 }, resolve),
  )
  expect([await result, seen()]).toEqual(['ECONNREFUSED', '10.88.0.3'])
})

it('a guest in another thread is found, served and, when it is terminated, gone', async () => {
  using network = createSwitch()
  using web = createNetStack({ hostname: 'web', switchPort: network.attachLocal('web') })
  const attachment = network.attach('echo')
  const worker = new Worker(new URL('./fixtures/echo-thread.ts', import.meta.url), {
    workerData: attachment,
    transferList: [attachment.port],
  })
  await new Promise((resolve) => worker.once('message', resolve))
  const [address] = await lookup(web, 'echo')
  const client = await connect(web, address!, 7)
  if (typeof client === 'string') throw new Error(client)
  const sent = new Uint8Array(3_000_000).map((_, index) => index % 251)
  client.write([sent.slice()], () => {})
  const received: Uint8Array[] = []
  while (received.reduce((sum, { length }) => sum + length, 0) < sent.length) {
    await expect.poll(() => client.readable, { interval: 1 }).toBe(true)
    received.push(client.read() as Uint8Array)
  }
  expect(Buffer.compare(Buffer.concat(received), sent)).toBe(0)
  await worker.terminate()
  expect(await readText(client)).toBe('end')
  await expect.poll(() => connect(web, address!, 7)).toBe('EHOSTUNREACH')
})

it('stacks of one thread are joined in memory, wherever the switch is', async () => {
  using network = createSwitch()
  using api = createNetStack({ hostname: 'api', switchPort: openSwitchPort(network.attach('api')) })
  using web = createNetStack({ hostname: 'web', switchPort: openSwitchPort(network.attach('web')) })
  let server: Connection | undefined
  api.listen({ address: '0.0.0.0', port: 3000, privileged: false, accept: (given) => (server = given) })
  const client = await connect(web, '10.88.0.2', 3000)
  if (typeof client === 'string') throw new Error(client)
  server!.write([new TextEncoder().encode('at once')], () => {})
  expect(new TextDecoder().decode(client.read() as Uint8Array)).toBe('at once')
})

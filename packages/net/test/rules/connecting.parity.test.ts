/** Rules 39–41, 44 and 45: connections come about. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import nativeNet from 'node:net'
import type net from 'node:net'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { parity } from '@libvisor/testkit/parity'
import { expect, it } from 'vitest'
import { createSwitch } from '../../src/index.ts'
import { createGuest } from '../harness/guest.ts'
import { failureOf, listen, rule } from './rule.ts'

/** Where everything is dropped that is sent to an address. */
interface Dropping extends Disposable {
  readonly net: typeof net
  readonly address: string
  readonly port: number
}

const dropping = {
  async native(): Promise<Dropping> {
    const program = fileURLToPath(new URL('../fixtures/full-backlog.mjs', import.meta.url))
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [told] = (await once(child.stdout, 'data')) as [Buffer]
    const [address, port] = ['127.0.0.1', Number(told)]
    const waiting = Array.from({ length: 3 }, () => nativeNet.connect(port, address).on('error', () => {}))
    await once(waiting[0]!, 'connect')
    return {
      net: nativeNet,
      address,
      port,
      [Symbol.dispose]() {
        for (const socket of waiting) socket.destroy()
        child.kill('SIGKILL')
      },
    }
  },
  guest(): Dropping {
    const network = createSwitch()
    // Nobody looks what arrives there.
    const { address } = network.attach('silent')
    const guest = createGuest('web', { switchPort: network.attachLocal('web') })
    return {
      net: guest.net,
      address,
      port: 80,
      [Symbol.dispose]() {
        guest[Symbol.dispose]()
        network[Symbol.dispose]()
      },
    }
  },
}

rule(39, 'a live address without a listener is ECONNREFUSED', async ({ net }) => {
  for (const host of ['127.0.0.1', '::1', 'localhost']) {
    const error = await failureOf(net.connect({ port: 1, host, autoSelectFamily: false }))
    assert.equal(error.code, 'ECONNREFUSED')
  }
})

it('rule 39: a dead address is EHOSTUNREACH, no route ENETUNREACH, an unknown name ENOTFOUND', async () => {
  using network = createSwitch()
  using web = createGuest('web', { switchPort: network.attachLocal('web'), egress: () => false })
  using gone = createGuest('gone', { switchPort: network.attachLocal('gone') })
  const [address] = gone.stack.addresses
  const connect = (host: string): Promise<NodeJS.ErrnoException> => failureOf(web.net.connect(80, host))
  expect((await connect('gone')).message).toBe(`connect ECONNREFUSED ${address}:80`)
  expect((await connect('10.88.200.1')).message).toMatch(/^connect EHOSTUNREACH 10\.88\.200\.1:80/)
  gone[Symbol.dispose]()
  expect((await connect(address!)).code).toBe('EHOSTUNREACH')
  network[Symbol.dispose]()
  expect((await connect('10.88.0.1')).code).toMatch(/^E(HOST|NET)UNREACH$/)
  // What the network does not know is the host's to say, where egress is allowed.
  expect((await connect('nowhere.invalid')).code).toBe('VISOR_DENIED')
})

rule(39, 'a name that nobody has is ENOTFOUND', async ({ net }) => {
  // What no name can be, no server of names is asked for.
  const hostname = `${'x'.repeat(64)}.invalid`
  const error = await failureOf(net.connect(80, hostname))
  const message = `getaddrinfo ENOTFOUND ${hostname}`
  assert.deepEqual(
    { ...error, message: error.message },
    { errno: -3008, code: 'ENOTFOUND', syscall: 'getaddrinfo', hostname, message },
  )
})

parity('rule 39: where what is sent is dropped, it is ETIMEDOUT', dropping, async ({ net, address, port }) => {
  const lookup = ((_name: string, _options: object, done: (error: null, all: object[]) => void) =>
    void setImmediate(done, null, [
      { address, family: 4 },
      // There nobody listens.
      { address: '127.0.0.2', family: 4 },
    ])) as unknown as net.LookupFunction
  // A kernel gives up after two minutes, a socket that has another address to try much sooner.
  const options = { autoSelectFamily: true, autoSelectFamilyAttemptTimeout: 20 }
  const all = (await failureOf(net.connect({ port, host: 'dropped', lookup, ...options }))) as AggregateError
  assert.deepEqual(
    [all.constructor.name, (all as NodeJS.ErrnoException).code, ...all.errors.map(({ message }) => message)],
    ['AggregateError', 'ETIMEDOUT', `connect ETIMEDOUT ${address}:${port}`, `connect ECONNREFUSED 127.0.0.2:${port}`],
  )
  const silent = net.connect({ port, host: address, timeout: 20 })
  await once(silent, 'timeout')
  assert.ok(silent.connecting)
  silent.destroy()
  await once(silent, 'close')
})

rule(40, '0.0.0.0 and all of 127/8 lead to loopback', async ({ net }) => {
  await using wildcard = await listen(
    net.createServer((socket) => socket.end(String(socket.localAddress))),
    0,
    '0.0.0.0',
  )
  const answers = ['0.0.0.0', '127.0.0.1', '127.9.9.9'].map((host) => text(net.connect(wildcard.port, host)))
  assert.deepEqual(await Promise.all(answers), ['127.0.0.1', '127.0.0.1', '127.9.9.9'])
})

rule(41, 'a refusal says where, with address and port, and of several addresses each', async ({ net }) => {
  const error = await failureOf(net.connect(1, '127.0.0.1'))
  assert.deepEqual(
    { ...error, message: error.message },
    {
      message: 'connect ECONNREFUSED 127.0.0.1:1',
      errno: -111,
      code: 'ECONNREFUSED',
      syscall: 'connect',
      address: '127.0.0.1',
      port: 1,
    },
  )
  const lookup = ((_name: string, _options: object, done: (error: null, all: object[]) => void) =>
    void setImmediate(done, null, [
      { address: '127.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ])) as unknown as net.LookupFunction
  const all = (await failureOf(
    net.connect({ port: 1, host: 'both', lookup, autoSelectFamily: true }),
  )) as AggregateError
  assert.equal(all.constructor.name, 'AggregateError')
  assert.deepEqual(
    all.errors.map(({ message }) => message),
    ['connect ECONNREFUSED 127.0.0.1:1', 'connect ECONNREFUSED ::1:1'],
  )
})

rule(44, 'connect, accept and close come later, in Node’s order', async ({ net }) => {
  const order: string[] = []
  const note =
    (what: string): (() => void) =>
    () =>
      void order.push(what)
  const server = net.createServer((socket) => {
    note('accepted')()
    socket.on('end', note('server end')).on('close', note('server close')).resume()
  })
  server.on('listening', note('listening')).on('close', note('closed'))
  server.listen(0, '127.0.0.1')
  note('listen returned')()
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  const client = net.connect(port, '127.0.0.1')
  for (const event of ['lookup', 'connectionAttempt', 'connect', 'ready', 'end', 'finish', 'close']) {
    client.on(event, note(event))
  }
  note(`connect returned, connecting ${client.connecting}`)()
  await Promise.all([once(client, 'connect'), once(server, 'connection')])
  client.resume().end(note('end done'))
  note('end returned')()
  server.close()
  note('close returned')()
  await Promise.all([once(client, 'close'), once(server, 'close')])
  // Which process hears of what the other does is not in a kernel's hand: each side's order counts.
  const of = (side: RegExp): string[] => order.filter((what) => side.test(what))
  assert.deepEqual(of(/returned|listening|closed/), [
    'listen returned',
    'listening',
    'connect returned, connecting true',
    'end returned',
    'close returned',
    'closed',
  ])
  assert.deepEqual(of(/^(connect|ready|end|finish|close|lookup|connectionAttempt|end done)$/), [
    'connectionAttempt',
    'connect',
    'ready',
    'end done',
    'finish',
    'end',
    'close',
  ])
  assert.deepEqual(of(/accepted|server/), ['accepted', 'server end', 'server close'])
})

rule(45, 'every overload of listen() and connect() is understood', async ({ net }) => {
  const create = (): net.Server => net.createServer((socket) => socket.end('hello'))
  const called = (start: (done: () => void) => unknown): Promise<void> => new Promise((resolve) => void start(resolve))
  const overloads: ((server: net.Server, done: () => void) => unknown)[] = [
    (server, done) => server.listen(done),
    (server, done) => server.listen(0, done),
    (server, done) => server.listen('0', done),
    (server, done) => server.listen(0, 'localhost', done),
    (server, done) => server.listen(0, '127.0.0.1', 5, done),
    (server, done) => server.listen(0, 5, done),
    (server, done) => server.listen({ port: 0, host: '127.0.0.1', backlog: 5, exclusive: true }, done),
    (server, done) => server.listen({ port: 0, reusePort: true }, done),
    (server, done) => server.listen({ port: 0, ipv6Only: true, host: '::1' }, done),
  ]
  for (const overload of overloads) {
    const server = create()
    await called((done) => overload(server, done))
    const { port, address } = server.address() as net.AddressInfo
    const host = address.includes(':') ? '::1' : '127.0.0.1'
    const answers = await Promise.all([
      text(net.connect(port, host)),
      text(net.connect({ port, host, family: host === '::1' ? 6 : 4, noDelay: true, keepAlive: true })),
      text(net.createConnection(String(port) as never, host)),
      new Promise<string>((resolve) => {
        const socket = new net.Socket()
        socket.connect(port, host, () => resolve(text(socket)))
      }),
    ])
    assert.deepEqual(new Set(answers), new Set(['hello']))
    server.close()
    await once(server, 'close')
  }

  const controller = new AbortController()
  const aborted = create()
  await called((done) => aborted.listen({ port: 0, signal: controller.signal }, done))
  controller.abort()
  await once(aborted, 'close')

  const shared = create()
  await using listening = await listen(create(), 0, '127.0.0.1')
  await called((done) => shared.listen({ port: 0, host: '127.0.0.1' }, done))
  const other = create()
  await called((done) => other.listen((shared as unknown as { _handle: object })._handle, done))
  assert.deepEqual(other.address(), shared.address())
  shared.close()

  const blockList = new net.BlockList()
  blockList.addAddress('127.0.0.1')
  const blocked = await failureOf(net.connect({ port: listening.port, host: '127.0.0.1', blockList } as never))
  assert.equal(blocked.code, 'ERR_IP_BLOCKED')

  for (const wrong of [[{ port: 65536 }], [{ port: -1 }], [{}], [{ host: 'localhost' }]]) {
    assert.throws(() => create().listen(...(wrong as [object])), { name: /Error/ })
    assert.throws(() => net.connect(...(wrong as [net.NetConnectOpts])), { name: /Error/ })
  }
})

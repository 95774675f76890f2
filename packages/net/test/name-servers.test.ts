import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { once } from 'node:events'
import type net from 'node:net'
import type { AddressInfo } from 'node:net'
import { parity } from '@libvisor/testkit/parity'
import { expect, it } from 'vitest'
import { createSwitch, openSwitchPort } from '../src/index.ts'
import { createGuest } from './harness/guest.ts'
import { scenes } from './harness/scene.ts'

interface Answer {
  /** @defaultValue none */
  readonly records?: readonly { readonly type: number; readonly data: readonly number[] }[]
  /** @defaultValue 0 */
  readonly failure?: number
  readonly isTruncated?: boolean
}

const A = 1
const PTR = 12
const TXT = 16

/** The answer to a question. @source RFC 1035, section 4 */
function encode(query: Buffer, { records = [], failure = 0, isTruncated = false }: Answer): Buffer {
  const questionEnd = query.indexOf(0, 12) + 5
  const flags = [0x81 | (isTruncated ? 2 : 0), 0x80 | failure]
  const header = Buffer.from([query[0]!, query[1]!, ...flags, 0, 1, 0, records.length, 0, 0, 0, 0])
  const encoded = records.map(({ type, data }) =>
    Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, data.length >> 8, data.length & 255, ...data]),
  )
  return Buffer.concat([header, query.subarray(12, questionEnd), ...encoded])
}

/** The name that is asked for. */
function nameOf(query: Buffer): string {
  const labels: string[] = []
  for (let at = 12; query[at] !== 0; at += query[at]! + 1)
    labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!))
  return labels.join('.')
}

async function serve(socket: dgram.Socket, answer: (query: Buffer, from: dgram.RemoteInfo) => Answer | undefined) {
  socket.on('message', (query, from) => {
    const given = answer(query, from)
    if (given !== undefined) socket.send(encode(query, given), from.port, from.address)
  })
  socket.bind(0, '0.0.0.0')
  await once(socket, 'listening')
  return (socket.address() as AddressInfo).port
}

const failureOf = (asked: Promise<unknown>): Promise<NodeJS.ErrnoException & { hostname: string }> =>
  asked.then(
    () => assert.fail('answered'),
    (error: NodeJS.ErrnoException & { hostname: string }) => error,
  )

parity('a resolver asks the server that it was given, by callback and by promise', scenes, async ({ dgram, dns }) => {
  const socket = dgram.createSocket('udp4')
  const asked: string[] = []
  const port = await serve(socket, (query) => {
    asked.push(nameOf(query))
    return { records: [{ type: A, data: [192, 0, 2, 1] }] }
  })
  const resolver = new dns.promises.Resolver({ timeout: 2000, tries: 1 })
  resolver.setServers([`127.0.0.1:${port}`])
  assert.deepEqual(resolver.getServers(), [`127.0.0.1:${port}`])
  assert.deepEqual(await resolver.resolve4('one.test'), ['192.0.2.1'])
  assert.deepEqual(await resolver.resolve4('one.test', { ttl: true }), [{ address: '192.0.2.1', ttl: 60 }])
  const callback = new dns.Resolver({ timeout: 2000, tries: 1 })
  callback.setServers([`127.0.0.1:${port}`])
  const answer = await new Promise((resolve) => callback.resolve('two.test', (...results) => resolve(results)))
  assert.deepEqual(answer, [null, ['192.0.2.1']])
  assert.deepEqual(asked, ['one.test', 'one.test', 'two.test'])
  socket.close()
})

parity('what a server refuses has the code of c-ares, and says what was asked', scenes, async ({ dgram, dns }) => {
  const socket = dgram.createSocket('udp4')
  const failures: Record<string, number> = { eformerr: 1, eservfail: 2, enotfound: 3, enotimp: 4, erefused: 5 }
  const port = await serve(socket, (query) => ({ failure: failures[nameOf(query).split('.')[0]!] ?? 0 }))
  const resolver = new dns.promises.Resolver({ timeout: 2000, tries: 1 })
  resolver.setServers([`127.0.0.1:${port}`])
  for (const name of [...Object.keys(failures), 'enodata']) {
    const error = await failureOf(resolver.resolveMx(`${name}.test`))
    const code = name.toUpperCase()
    assert.deepEqual(
      { ...error, message: error.message },
      {
        errno: undefined,
        code,
        syscall: 'queryMx',
        hostname: `${name}.test`,
        message: `queryMx ${code} ${name}.test`,
      },
    )
  }
  socket.close()
})

parity('a port at which nobody listens is ECONNREFUSED', scenes, async ({ dgram, dns }) => {
  const socket = dgram.createSocket('udp4')
  const port = await serve(socket, () => undefined)
  socket.close()
  await once(socket, 'close')
  const resolver = new dns.promises.Resolver({ timeout: 2000, tries: 2 })
  resolver.setServers([`127.0.0.1:${port}`])
  const { message, code, errno } = await failureOf(resolver.resolveTxt('closed.test'))
  assert.deepEqual([message, code, errno], ['queryTxt ECONNREFUSED closed.test', 'ECONNREFUSED', undefined])
})

parity('a server that says nothing is asked again until the tries are over', scenes, async ({ dgram, dns }) => {
  const socket = dgram.createSocket('udp4')
  let count = 0
  const port = await serve(socket, () => void count++)
  const resolver = new dns.promises.Resolver({ timeout: 300, tries: 2 })
  resolver.setServers([`127.0.0.1:${port}`])
  const { message } = await failureOf(resolver.resolve4('silent.test'))
  assert.equal(message, 'queryA ETIMEOUT silent.test')
  assert.equal(count, 2)
  socket.close()
})

parity('cancel() gives up all questions', scenes, async ({ dgram, dns }) => {
  const socket = dgram.createSocket('udp4')
  const resolver = new dns.promises.Resolver()
  const port = await serve(socket, () => void resolver.cancel())
  resolver.setServers([`127.0.0.1:${port}`])
  const [first, second] = await Promise.all([
    failureOf(resolver.resolve4('waits.test')),
    failureOf(resolver.reverse('192.0.2.1')),
  ])
  assert.equal(first.message, 'queryA ECANCELLED waits.test')
  assert.equal(second.message, 'getHostByAddr ECANCELLED 192.0.2.1')
  socket.close()
})

parity('an answer that is too long for a datagram comes over TCP', scenes, async ({ dgram, dns, net }) => {
  const socket = dgram.createSocket('udp4')
  const text = 'x'.repeat(250)
  const port = await serve(socket, () => ({ isTruncated: true }))
  const server = net.createServer((connection) => {
    connection.once('data', (bytes) => {
      const record = { type: TXT, data: [text.length, ...Buffer.from(text)] }
      const answer = encode(bytes.subarray(2), { records: Array.from({ length: 40 }, () => record) })
      connection.write(Buffer.concat([Buffer.from([answer.length >> 8, answer.length & 255]), answer]))
    })
    connection.on('error', () => {})
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const resolver = new dns.promises.Resolver({ timeout: 2000, tries: 1 })
  resolver.setServers([`127.0.0.1:${port}`])
  assert.deepEqual(
    await resolver.resolveTxt('long.test'),
    Array.from({ length: 40 }, () => [text]),
  )
  resolver.cancel()
  socket.close()
  server.close()
})

parity('reverse() asks the server for the names of an address', scenes, async ({ dgram, dns }) => {
  const socket = dgram.createSocket('udp4')
  const asked: string[] = []
  const port = await serve(socket, (query) => {
    asked.push(nameOf(query))
    if (!nameOf(query).startsWith('7.')) return { failure: 2 }
    return { records: [{ type: PTR, data: [4, ...Buffer.from('host'), 4, ...Buffer.from('test'), 0] }] }
  })
  const resolver = new dns.promises.Resolver({ timeout: 2000, tries: 1 })
  resolver.setServers([`127.0.0.1:${port}`])
  assert.deepEqual(await resolver.reverse('192.0.2.7'), ['host.test'])
  const error = await failureOf(resolver.reverse('2001:db8::8'))
  assert.equal(error.message, 'getHostByAddr ENOTFOUND 2001:db8::8')
  assert.equal(asked[0], '7.2.0.192.in-addr.arpa')
  assert.equal(asked.at(-1), '8.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa')
  assert.throws(() => new dns.Resolver().reverse('no address', () => {}), { code: 'EINVAL' })
  socket.close()
})

parity('setLocalAddress() says from where a server is asked', scenes, async ({ dgram, dns }) => {
  const socket = dgram.createSocket('udp4')
  const from: string[] = []
  const port = await serve(socket, (_query, { address }) => {
    from.push(address)
    return { records: [{ type: A, data: [192, 0, 2, 1] }] }
  })
  const resolver = new dns.promises.Resolver({ timeout: 2000, tries: 1 })
  resolver.setServers([`127.0.0.1:${port}`])
  resolver.setLocalAddress('127.0.0.2')
  await resolver.resolve4('name.test')
  assert.deepEqual(from, ['127.0.0.2'])
  assert.throws(() => resolver.setLocalAddress('nowhere'), { code: 'ERR_INVALID_ARG_VALUE' })
  socket.close()
})

parity('bad servers and bad types of records are refused', scenes, ({ dns }) => {
  const resolver = new dns.Resolver()
  assert.throws(() => resolver.setServers(['no address']), { code: 'ERR_INVALID_IP_ADDRESS' })
  assert.throws(() => dns.resolve('name.test', 'B', () => {}), { code: 'ERR_INVALID_ARG_VALUE' })
})

const one: Answer = { records: [{ type: A, data: [192, 0, 2, 1] }] }

it('resolvers ask a name server of the guest’s own, and not what has its port on the host', async () => {
  using guest = createGuest()
  const port = await serve(guest.dgram.createSocket('udp4'), () => one)
  const outside = dgram.createSocket('udp4')
  let isAsked = false
  outside.on('message', () => (isAsked = true)).bind(port, '127.0.0.1')
  await once(outside, 'listening')
  guest.dns.setServers([`127.0.0.1:${port}`])
  expect(await guest.dns.promises.resolve4('name.test')).toEqual(['192.0.2.1'])
  expect(isAsked).toBe(false)
  outside.close()
})

it('resolvers ask a name server of another guest, whatever may leave the network', async () => {
  using network = createSwitch()
  using names = createGuest('names', { switchPort: network.attachLocal('names') })
  using web = createGuest('web', { switchPort: network.attachLocal('web'), egress: () => false })
  const port = await serve(names.dgram.createSocket('udp4'), () => one)
  const resolver = new web.dns.promises.Resolver({ timeout: 2000, tries: 1 })
  resolver.setServers([`${names.stack.addresses[0]}:${port}`])
  expect(await resolver.resolve4('name.test')).toEqual(['192.0.2.1'])
})

it('a server outside of the network is asked only where the policy allows it', async () => {
  const asked: string[] = []
  using guest = createGuest('guest', {
    egress(host, port) {
      asked.push(`${host}:${port}`)
      return host === 'allowed.test'
    },
  })
  const resolver = new guest.dns.promises.Resolver({ timeout: 100, tries: 1 })
  resolver.setServers(['192.0.2.53:5353'])
  await expect(resolver.resolve4('allowed.test')).rejects.toThrow('Asking the name server 192.0.2.53:5353')
  expect(asked).toEqual(['192.0.2.53:5353'])
})

it('an answer of a server that the guest chose lets no address pass for a name', async () => {
  using guest = createGuest('guest', { egress: (host) => host === 'allowed.test' })
  const port = await serve(guest.dgram.createSocket('udp4'), () => one)
  guest.dns.setServers([`127.0.0.1:${port}`])
  expect(await guest.dns.promises.resolve4('allowed.test')).toEqual(['192.0.2.1'])
  const lookup: net.LookupFunction = (_host, _options, done) => done(null, [{ address: '192.0.2.1', family: 4 }])
  const [error] = await once(guest.net.connect({ host: 'allowed.test', port: 80, lookup }), 'error')
  expect(error).toMatchObject({ code: 'VISOR_DENIED', message: expect.stringContaining('192.0.2.1:80') })
})

it.each(['local', 'remote'])('names of a switch are resolved, attached as %s', async (kind) => {
  using network = createSwitch()
  const attach = (name: string) => (kind === 'local' ? network.attachLocal(name) : openSwitchPort(network.attach(name)))
  using api = createGuest('api', { switchPort: attach('api') })
  using web = createGuest('web', {
    switchPort: attach('web'),
    hosts: { db: ['203.0.113.5', '2001:db8::5'] },
    egress: () => false,
  })
  const [address] = api.stack.addresses
  const { promises } = web.dns
  expect(await promises.resolve4('api')).toEqual([address])
  expect(await promises.resolve('api')).toEqual([address])
  expect(await promises.resolve4('api', { ttl: true })).toEqual([{ address, ttl: 0 }])
  expect(await promises.resolve6('db')).toEqual(['2001:db8::5'])
  expect(await promises.resolveAny('api')).toEqual([{ address, ttl: 0, type: 'A' }])
  expect(await promises.reverse(address!)).toEqual(['api'])
  expect(await promises.reverse('203.0.113.5')).toEqual(['db'])
  expect(await promises.resolvePtr('2.0.88.10.in-addr.arpa')).toEqual(['api'])
  expect(await promises.reverse('127.0.0.1')).toEqual(['localhost'])
  await expect(promises.resolve6('api')).rejects.toMatchObject({ message: 'queryAaaa ENODATA api', errno: undefined })
  await expect(promises.reverse('10.88.9.9')).rejects.toMatchObject({
    message: 'getHostByAddr ENOTFOUND 10.88.9.9',
    code: 'ENOTFOUND',
  })
  await expect(promises.resolve4('elsewhere.test')).rejects.toMatchObject({ code: 'VISOR_DENIED' })
})

it('what the network answers is owed until it is given, and can be given up', async () => {
  using guest = createGuest()
  const resolver = new guest.dns.promises.Resolver()
  const found = resolver.resolve4('localhost')
  expect(() => resolver.setServers(['192.0.2.53'])).toThrow(
    expect.objectContaining({
      code: 'ERR_DNS_SET_SERVERS_FAILED',
      message: `c-ares failed to set servers: "There are pending queries." [[ '192.0.2.53' ]]`,
    }),
  )
  expect(await found).toEqual(['127.0.0.1'])
  resolver.setServers(['192.0.2.53'])
  const other = new guest.dns.promises.Resolver()
  const given = failureOf(other.resolve4('localhost'))
  other.cancel()
  expect((await given).message).toBe('queryA ECANCELLED localhost')
})

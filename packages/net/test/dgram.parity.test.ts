import assert from 'node:assert/strict'
import type dgram from 'node:dgram'
import { once } from 'node:events'
import { parity } from '@libvisor/testkit/parity'
import { expect, it } from 'vitest'
import { createSwitch, openSwitchPort } from '../src/index.ts'
import { createGuest } from './harness/guest.ts'
import { scenes } from './harness/scene.ts'

async function bound(socket: dgram.Socket, ...args: unknown[]): Promise<number> {
  socket.bind(...(args as [number]))
  await once(socket, 'listening')
  return socket.address().port
}

parity('a datagram arrives whole, with who sent it', scenes, async ({ dgram }) => {
  const receiver = dgram.createSocket('udp4')
  const sender = dgram.createSocket('udp4')
  const port = await bound(receiver, 0, '127.0.0.1')
  const sent = new Promise((resolve) =>
    sender.send([Buffer.from('two '), 'pieces'], port, '127.0.0.1', (...results) => resolve(results)),
  )
  const [message, from] = (await once(receiver, 'message')) as [Buffer, dgram.RemoteInfo]
  assert.equal(message.toString(), 'two pieces')
  assert.deepEqual({ ...from, port: 0 }, { address: '127.0.0.1', family: 'IPv4', port: 0, size: 10 })
  assert.equal(from.port, sender.address().port)
  assert.deepEqual(await sent, [null, 10])
  assert.deepEqual([message.byteOffset, message.buffer.byteLength], [0, 10])
  receiver.close()
  sender.close()
})

parity('bind() to a port that is bound fails with EADDRINUSE', scenes, async ({ dgram }) => {
  const first = dgram.createSocket('udp4')
  const port = await bound(first, 0, '127.0.0.1')
  const second = dgram.createSocket('udp4')
  second.bind(port, '127.0.0.1')
  const [error] = (await once(second, 'error')) as [Error]
  assert.equal(error.message, `bind EADDRINUSE 127.0.0.1:${port}`)
  first.close()
  second.close()
})

parity('TCP and UDP have ports of their own, and reuseAddr shares one', scenes, async ({ dgram }) => {
  const first = dgram.createSocket({ type: 'udp4', reuseAddr: true })
  const port = await bound(first, 0, '127.0.0.1')
  const second = dgram.createSocket({ type: 'udp4', reuseAddr: true })
  assert.equal(await bound(second, port, '127.0.0.1'), port)
  first.close()
  second.close()
})

parity('send() to a closed port succeeds unconnected', scenes, async ({ dgram }) => {
  const socket = dgram.createSocket('udp4')
  const error = await new Promise((resolve) => socket.send('x', 9, '127.0.0.1', resolve))
  assert.equal(error, null)
  socket.close()
})

parity('send() to a closed port is ECONNREFUSED connected', scenes, async ({ dgram }) => {
  const socket = dgram.createSocket('udp4')
  socket.connect(9, '127.0.0.1')
  await once(socket, 'connect')
  assert.deepEqual(socket.remoteAddress(), { address: '127.0.0.1', family: 'IPv4', port: 9 })
  socket.send('x')
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.message, 'recvmsg ECONNREFUSED')
  socket.close()
})

parity('a name is looked up, and udp6 has addresses of its own', scenes, async ({ dgram }) => {
  const receiver = dgram.createSocket('udp6')
  const port = await bound(receiver, 0, '::1')
  const sender = dgram.createSocket('udp6')
  sender.send('six', port, '::1')
  const [, from] = (await once(receiver, 'message')) as [Buffer, dgram.RemoteInfo]
  assert.equal(from.address, '::1')
  assert.equal(from.family, 'IPv6')
  const four = dgram.createSocket('udp4')
  const fourPort = await bound(four, 0, 'localhost')
  sender.close()
  const other = dgram.createSocket('udp4')
  other.send('four', fourPort, 'localhost')
  assert.equal(String((await once(four, 'message'))[0]), 'four')
  for (const socket of [receiver, four, other]) socket.close()
})

parity('a closed socket says so', scenes, async ({ dgram }) => {
  const socket = dgram.createSocket('udp4')
  await bound(socket, 0)
  assert.equal(socket.address().address, '0.0.0.0')
  socket.close()
  await once(socket, 'close')
  assert.throws(() => socket.address(), { code: 'ERR_SOCKET_DGRAM_NOT_RUNNING' })
})

it.each(['local', 'remote'])('datagrams reach another stack of a switch, attached as %s', async (kind) => {
  using network = createSwitch()
  const attach = (name: string) => (kind === 'local' ? network.attachLocal(name) : openSwitchPort(network.attach(name)))
  using api = createGuest('api', { switchPort: attach('api') })
  using web = createGuest('web', { switchPort: attach('web') })
  const receiver = api.dgram.createSocket('udp4')
  const port = await bound(receiver, 0)
  const sender = web.dgram.createSocket('udp4')
  sender.send('over the switch', port, '10.88.0.2')
  const [message, from] = (await once(receiver, 'message')) as [Buffer, dgram.RemoteInfo]
  expect(String(message)).toBe('over the switch')
  expect(from.address).toBe('10.88.0.3')
  receiver.close()
  sender.close()
})

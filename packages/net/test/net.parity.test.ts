import assert from 'node:assert/strict'
import { once } from 'node:events'
import type net from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { setImmediate as turn } from 'node:timers/promises'
import { parity } from '@libvisor/testkit/parity'
import { scenes } from './harness/scene.ts'

async function listening(server: net.Server, ...args: unknown[]): Promise<net.AddressInfo> {
  server.listen(...(args as [number]))
  await once(server, 'listening')
  return server.address() as net.AddressInfo
}

/** A connected pair. */
async function pair(subject: typeof net, options: net.ServerOpts = {}): Promise<Pair> {
  const server = subject.createServer(options)
  const { port } = await listening(server, 0, '127.0.0.1')
  const client = subject.connect(port, '127.0.0.1')
  const [[accepted]] = await Promise.all([once(server, 'connection'), once(client, 'connect')])
  server.close()
  // Which end hears of a reset at the end of a test depends on who was faster.
  for (const socket of [client, accepted as net.Socket]) socket.on('error', () => {})
  return { server, client, accepted: accepted as net.Socket }
}

/** A name with two addresses. */
const lookupBoth = ((_name: string, _options: object, done: (error: null, all: object[]) => void) => {
  setImmediate(done, null, [
    { address: '127.0.0.1', family: 4 },
    { address: '127.0.0.2', family: 4 },
  ])
}) as unknown as net.LookupFunction

interface Pair {
  readonly server: net.Server
  readonly client: net.Socket
  readonly accepted: net.Socket
}

parity('a server that listens has an address, and none after close()', scenes, async ({ net }) => {
  const server = net.createServer()
  assert.equal(server.address(), null)
  const { port, ...rest } = await listening(server, 0)
  assert.deepEqual(rest, { address: '::', family: 'IPv6' })
  assert.ok(port > 1023)
  assert.equal(server.listening, true)
  server.close()
  await once(server, 'close')
  assert.equal(server.listening, false)
  assert.equal(server.address(), null)
})

parity('what is read lies alone in its memory', scenes, async ({ net }) => {
  const { client, accepted } = await pair(net)
  for (const size of [1, 10, 3000, 20_000]) {
    client.write(Buffer.alloc(size, 'x'))
    for (let length = 0; length < size;) {
      const [chunk] = (await once(accepted, 'data')) as [Buffer]
      assert.deepEqual([chunk.byteOffset, chunk.buffer.byteLength], [0, chunk.length])
      length += chunk.length
    }
  }
  client.destroy()
  accepted.destroy()
})

parity('listen() on 127.0.0.1 has the address 127.0.0.1', scenes, async ({ net }) => {
  const server = net.createServer()
  const { port, ...rest } = await listening(server, { port: 0, host: '127.0.0.1' })
  assert.deepEqual(rest, { address: '127.0.0.1', family: 'IPv4' })
  assert.ok(port > 0)
  server.close()
})

parity('listen() is never synchronous', scenes, async ({ net }) => {
  const server = net.createServer()
  let heard = false
  server.listen(0, () => (heard = true))
  assert.equal(heard, false)
  await once(server, 'listening')
  server.close()
})

parity('listen() on a port that is taken fails with EADDRINUSE', scenes, async ({ net }) => {
  const first = net.createServer()
  const { port } = await listening(first, 0, '127.0.0.1')
  const second = net.createServer().listen(port, '127.0.0.1')
  const [error] = (await once(second, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.message, `listen EADDRINUSE: address already in use 127.0.0.1:${port}`)
  assert.deepEqual(Object.entries(error), [
    ['code', 'EADDRINUSE'],
    ['errno', -98],
    ['syscall', 'listen'],
    ['address', '127.0.0.1'],
    ['port', port],
  ])
  assert.equal(second.listening, false)
  first.close()
})

parity('listen() on a foreign address fails with EADDRNOTAVAIL', scenes, async ({ net }) => {
  const server = net.createServer().listen(45678, '203.0.113.9')
  const [error] = (await once(server, 'error')) as [Error]
  assert.equal(error.message, 'listen EADDRNOTAVAIL: address not available 203.0.113.9:45678')
})

parity('listening again right after close() works', scenes, async ({ net }) => {
  const server = net.createServer()
  const { port } = await listening(server, 0, '127.0.0.1')
  server.close()
  await listening(net.createServer().unref(), port, '127.0.0.1')
  const again = net.createServer()
  again.on('error', () => {})
  again.listen(port, '127.0.0.1')
  const [error] = (await once(again, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.code, 'EADDRINUSE')
})

parity('listen() twice throws ERR_SERVER_ALREADY_LISTEN', scenes, async ({ net }) => {
  const server = net.createServer()
  await listening(server, 0)
  assert.throws(() => server.listen(0), { code: 'ERR_SERVER_ALREADY_LISTEN' })
  server.close()
})

parity('close() of a server that does not listen reports ERR_SERVER_NOT_RUNNING', scenes, async ({ net }) => {
  const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => net.createServer().close(resolve))
  assert.equal(error?.code, 'ERR_SERVER_NOT_RUNNING')
})

parity('connect() without a listener fails with ECONNREFUSED', scenes, async ({ net }) => {
  const [error] = (await once(net.connect(1, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.message, 'connect ECONNREFUSED 127.0.0.1:1')
  assert.deepEqual(Object.entries(error), [
    ['errno', -111],
    ['code', 'ECONNREFUSED'],
    ['syscall', 'connect'],
    ['address', '127.0.0.1'],
    ['port', 1],
  ])
})

parity('connect() with autoSelectFamily tries all addresses and gives an AggregateError', scenes, async ({ net }) => {
  const socket = net.connect({ host: 'both.test', port: 1, lookup: lookupBoth, autoSelectFamily: true })
  const attempts: unknown[] = []
  socket.on('connectionAttempt', (...args) => attempts.push(args))
  const [error] = (await once(socket, 'error')) as [AggregateError & NodeJS.ErrnoException]
  assert.ok(error instanceof AggregateError)
  assert.equal(error.code, 'ECONNREFUSED')
  assert.deepEqual(
    error.errors.map(({ message }: Error) => message),
    ['connect ECONNREFUSED 127.0.0.1:1', 'connect ECONNREFUSED 127.0.0.2:1'],
  )
  assert.deepEqual(attempts, [
    ['127.0.0.1', 1, 4],
    ['127.0.0.2', 1, 4],
  ])
})

parity('connect() with autoSelectFamily goes on to the address that answers', scenes, async ({ net }) => {
  const server = net.createServer((socket) => socket.on('error', () => {}).end())
  const { port } = await listening(server, 0, '127.0.0.2')
  const socket = net.connect({ host: 'both.test', port, lookup: lookupBoth, autoSelectFamily: true })
  await once(socket, 'connect')
  assert.equal(socket.remoteAddress, '127.0.0.2')
  assert.deepEqual(socket.autoSelectFamilyAttemptedAddresses, [`127.0.0.1:${port}`, `127.0.0.2:${port}`])
  socket.destroy()
  server.close()
})

parity('connect() refuses bad arguments as Node does', scenes, ({ net }) => {
  assert.throws(() => net.connect({} as net.NetConnectOpts), { code: 'ERR_MISSING_ARGS' })
  assert.throws(() => net.connect(70_000), { code: 'ERR_SOCKET_BAD_PORT' })
  assert.throws(() => net.connect({ port: 1, host: 5 } as never), { code: 'ERR_INVALID_ARG_TYPE' })
})

parity('both ends know their addresses', scenes, async ({ net }) => {
  const { client, accepted } = await pair(net)
  assert.equal(client.remoteAddress, '127.0.0.1')
  assert.equal(client.remoteFamily, 'IPv4')
  assert.equal(client.remotePort, accepted.localPort)
  assert.equal(client.localPort, accepted.remotePort)
  assert.deepEqual(Object.keys(client.address()), ['address', 'family', 'port'])
  assert.equal(client.pending, false)
  assert.equal(client.readyState, 'open')
  client.destroy()
  accepted.destroy()
})

parity('a dual-stack server shows IPv4 peers as mapped addresses', scenes, async ({ net }) => {
  const server = net.createServer()
  const { port } = await listening(server, 0, '::')
  const client = net.connect(port, '127.0.0.1')
  const [accepted] = (await once(server, 'connection')) as [net.Socket]
  assert.equal(accepted.remoteAddress, '::ffff:127.0.0.1')
  assert.equal(accepted.localAddress, '::ffff:127.0.0.1')
  assert.equal(accepted.remoteFamily, 'IPv6')
  client.destroy()
  accepted.destroy()
  server.close()
})

parity('connect() and accept are never synchronous, and connecting says so', scenes, async ({ net }) => {
  const server = net.createServer((socket) => socket.on('error', () => {}).destroy())
  const { port } = await listening(server, 0, '127.0.0.1')
  const client = net.connect(port, '127.0.0.1')
  assert.equal(client.connecting, true)
  let connected = false
  client.on('connect', () => (connected = true))
  await null
  assert.equal(connected, false)
  await once(client, 'connect')
  assert.equal(client.connecting, false)
  client.destroy()
  server.close()
})

parity('a round trip carries strings, buffers and large pieces', scenes, async ({ net }) => {
  const { client, accepted } = await pair(net)
  accepted.pipe(accepted)
  const large = Buffer.alloc(1_000_000, 'abcdefg')
  client.write('ünïcode ')
  client.write('latin é', 'latin1')
  client.write(Buffer.from([0, 1, 2]))
  client.end(large)
  const received = await buffer(client)
  const expected = Buffer.concat([
    Buffer.from('ünïcode '),
    Buffer.from('latin é', 'latin1'),
    Buffer.from([0, 1, 2]),
    large,
  ])
  assert.equal(received.compare(expected), 0)
  assert.equal(client.bytesWritten, expected.length)
  assert.equal(client.bytesRead, expected.length)
})

parity('corked writes arrive in order', scenes, async ({ net }) => {
  const { client, accepted } = await pair(net)
  client.cork()
  for (let index = 0; index < 10; index++) client.write(`${index},`)
  client.uncork()
  client.end()
  assert.equal(await text(accepted), '0,1,2,3,4,5,6,7,8,9,')
})

parity('the writer’s memory is its own again after write()', scenes, async ({ net }) => {
  const { client, accepted } = await pair(net)
  const bytes = Buffer.from('before')
  await new Promise<void>((resolve) => client.write(bytes, () => resolve()))
  bytes.fill('x')
  client.end()
  assert.equal(await text(accepted), 'before')
})

parity('write() returns false above the high-water mark, and drain follows', scenes, async ({ net }) => {
  const { client, accepted } = await pair(net)
  let returned = true
  let written = 0
  const piece = Buffer.alloc(1 << 20)
  while (returned) {
    returned = client.write(piece)
    written += piece.length
  }
  assert.ok(client.writableNeedDrain)
  const drained = once(client, 'drain')
  let received = 0
  accepted.on('data', ({ length }: Buffer) => (received += length))
  await drained
  client.end()
  await once(accepted, 'end')
  assert.equal(received, written)
})

parity('a paused reader gets no data until it resumes', scenes, async ({ net }) => {
  const { client, accepted } = await pair(net)
  const seen: string[] = []
  accepted.setEncoding('utf8').on('data', (data: string) => seen.push(data))
  accepted.pause()
  client.write('one')
  for (let turns = 0; turns < 20; turns++) await turn()
  assert.deepEqual(seen, [])
  accepted.resume()
  await once(accepted, 'data')
  assert.deepEqual(seen, ['one'])
  client.destroy()
  accepted.destroy()
})

parity('end() still permits reading', scenes, async ({ net }) => {
  const { client, accepted } = await pair(net, { allowHalfOpen: true })
  client.end('question')
  const [question] = (await once(accepted, 'data')) as [Buffer]
  assert.equal(question.toString(), 'question')
  await once(accepted, 'end')
  accepted.end('answer')
  assert.equal(await text(client), 'answer')
})

parity('without allowHalfOpen the other side ends too', scenes, async ({ net }) => {
  const { client, accepted } = await pair(net)
  client.resume()
  accepted.resume()
  client.end()
  await Promise.all([once(client, 'close'), once(accepted, 'close')])
  assert.equal(accepted.writableFinished, true)
})

parity('destroy() ends the other side, close comes last', scenes, async ({ net }) => {
  const { client, accepted } = await pair(net)
  const events: string[] = []
  for (const event of ['end', 'finish', 'error', 'close']) accepted.on(event, () => events.push(event))
  accepted.resume()
  client.destroy()
  await once(accepted, 'close')
  assert.deepEqual(events, ['end', 'finish', 'close'])
})

parity('resetAndDestroy() gives the other side ECONNRESET', scenes, async ({ net }) => {
  const { client, accepted } = await pair(net)
  accepted.resume()
  client.resetAndDestroy()
  const [error] = (await once(accepted, 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.message, 'read ECONNRESET')
  assert.deepEqual(Object.entries(error), [
    ['errno', -104],
    ['code', 'ECONNRESET'],
    ['syscall', 'read'],
  ])
})

parity('a write to a destroyed socket fails with ERR_STREAM_DESTROYED', scenes, async ({ net }) => {
  const { client, accepted } = await pair(net)
  client.destroy()
  const error = await new Promise<NodeJS.ErrnoException>((resolve) => client.write('x', (given) => resolve(given!)))
  assert.equal(error.code, 'ERR_STREAM_DESTROYED')
  accepted.destroy()
})

parity('writes to a peer that is gone fail with EPIPE or ECONNRESET', scenes, async ({ net }) => {
  const { client, accepted } = await pair(net)
  client.allowHalfOpen = true
  client.resume()
  accepted.destroy()
  await once(client, 'end')
  const failed = once(client, 'error')
  const timer = setInterval(() => client.write('x'), 1)
  const [error] = (await failed) as [NodeJS.ErrnoException]
  clearInterval(timer)
  assert.match(error.code!, /^(?:EPIPE|ECONNRESET)$/)
})

parity('a destroyed socket can connect again', scenes, async ({ net }) => {
  const server = net.createServer((socket) => socket.on('error', () => {}).end('again'))
  const { port } = await listening(server, 0, '127.0.0.1')
  const socket = net.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.destroy()
  await once(socket, 'close')
  socket.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  assert.equal(socket.remotePort, port)
  socket.destroy()
  server.close()
})

parity('setTimeout() fires on an idle connection', scenes, async ({ net }) => {
  const { client, accepted } = await pair(net)
  client.setTimeout(20)
  await once(client, 'timeout')
  client.destroy()
  accepted.destroy()
})

parity('setNoDelay(), setKeepAlive(), ref() and unref() return the socket', scenes, async ({ net }) => {
  const { client, accepted } = await pair(net)
  for (const made of [client.setNoDelay(), client.setKeepAlive(true, 1000), client.unref(), client.ref()]) {
    assert.equal(made, client)
  }
  client.destroy()
  accepted.destroy()
})

parity('maxConnections drops what is too many', scenes, async ({ net }) => {
  const server = net.createServer()
  server.maxConnections = 1
  const { port } = await listening(server, 0, '127.0.0.1')
  const first = net.connect(port, '127.0.0.1')
  const [accepted] = (await once(server, 'connection')) as [net.Socket]
  const dropped = once(server, 'drop')
  const second = net.connect(port, '127.0.0.1').on('error', () => {})
  const [data] = (await dropped) as [net.DropArgument]
  assert.equal(data.localPort, port)
  assert.equal(data.remoteAddress, '127.0.0.1')
  for (const socket of [first, second, accepted]) socket.destroy()
  server.close()
})

parity('pauseOnConnect keeps what comes first', scenes, async ({ net }) => {
  const { client, accepted } = await pair(net, { pauseOnConnect: true })
  client.end('first words')
  assert.equal(accepted.isPaused(), true)
  await turn()
  assert.equal(await text(accepted), 'first words')
})

parity('getConnections() counts what is open', scenes, async ({ net }) => {
  const { server, client, accepted } = await pair(net)
  assert.equal(await new Promise((resolve) => server.getConnections((_error, count) => resolve(count))), 1)
  client.destroy()
  accepted.destroy()
})

parity('an abort signal closes a server', scenes, async ({ net }) => {
  const controller = new AbortController()
  const server = net.createServer()
  await listening(server, { port: 0, signal: controller.signal })
  controller.abort()
  await once(server, 'close')
})

parity('localAddress and localPort are bound', scenes, async ({ net }) => {
  const server = net.createServer()
  const { port } = await listening(server, 0, '127.0.0.1')
  const client = net.connect({ port, host: '127.0.0.1', localAddress: '127.0.0.9' })
  const [accepted] = (await once(server, 'connection')) as [net.Socket]
  assert.equal(accepted.remoteAddress, '127.0.0.9')
  client.destroy()
  accepted.destroy()
  server.close()
})

parity('a foreign localAddress fails with EADDRNOTAVAIL', scenes, async ({ net }) => {
  const socket = net.connect({ port: 9, host: '127.0.0.1', localAddress: '203.0.113.9' })
  const [error] = (await once(socket, 'error')) as [Error]
  assert.match(error.message, /^bind EADDRNOTAVAIL 203\.0\.113\.9/)
})

parity('a unix socket carries bytes, and has its path for an address', scenes, async ({ net }) => {
  const path = `/tmp/libvisor-${process.pid}-${Math.random()}.sock`
  const server = net.createServer((socket) => socket.end('from the path'))
  server.listen(path)
  await once(server, 'listening')
  assert.equal(server.address(), path)
  const client = net.connect(path)
  assert.equal(await text(client), 'from the path')
  assert.equal(client.remoteAddress, undefined)
  server.close()
})

parity('a missing unix socket is ENOENT', scenes, async ({ net }) => {
  const [error] = (await once(net.connect('/tmp/no-such-socket'), 'error')) as [NodeJS.ErrnoException]
  assert.equal(error.message, 'connect ENOENT /tmp/no-such-socket')
  assert.deepEqual(Object.entries(error), [
    ['errno', -2],
    ['code', 'ENOENT'],
    ['syscall', 'connect'],
    ['address', '/tmp/no-such-socket'],
  ])
})

parity('onread fills one buffer over and over', scenes, async ({ net }) => {
  const server = net.createServer((socket) => socket.end('hello world'))
  const { port } = await listening(server, 0, '127.0.0.1')
  const given = Buffer.alloc(4)
  const seen: string[] = []
  const client = net.connect({
    port,
    host: '127.0.0.1',
    onread: {
      buffer: given,
      callback(count, bytes) {
        assert.equal(bytes, given)
        seen.push(bytes.toString('utf8', 0, count))
        return true
      },
    },
  })
  await once(client, 'end')
  assert.deepEqual(seen, ['hell', 'o wo', 'rld'])
  server.close()
})

import dgram from 'node:dgram'
import { once } from 'node:events'
import net from 'node:net'
import os from 'node:os'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { createGuest } from './harness/guest.ts'

/** An address of this machine that is not loopback: for a guest it is outside. */
const outside = Object.values(os.networkInterfaces())
  .flat()
  .find((entry) => entry?.family === 'IPv4' && !entry.internal)?.address

async function listenOutside(handler: (socket: net.Socket) => void): Promise<{ server: net.Server; port: number }> {
  const server = net.createServer(handler).listen(0, outside)
  await once(server, 'listening')
  return { server, port: (server.address() as net.AddressInfo).port }
}

/** A look-up that says what it is told to. */
const saying = (address: string): net.LookupFunction =>
  ((_name, options, done) =>
    setImmediate(() =>
      options.all ? done(null, [{ address, family: 4 }]) : done(null, address, 4),
    )) as net.LookupFunction

describe.skipIf(outside === undefined)('egress', () => {
  it('goes out by a handle of Node’s own where the policy allows it', async () => {
    const { server, port } = await listenOutside((socket) => socket.end('from outside'))
    const asked: unknown[] = []
    using guest = createGuest('guest', {
      egress: (host, port) => {
        asked.push([host, port])
        return true
      },
    })
    const socket = guest.net.connect(port, outside!)
    expect(await text(socket)).toBe('from outside')
    expect(asked).toEqual([[outside, port]])
    server.close()
  })

  it('shows both addresses as the host does', async () => {
    const { server, port } = await listenOutside((socket) => socket.resume())
    using guest = createGuest()
    const socket = guest.net.connect(port, outside!)
    await once(socket, 'connect')
    expect(socket.remoteAddress).toBe(outside)
    expect(socket.remotePort).toBe(port)
    expect(socket.localAddress).toBe(outside)
    socket.destroy()
    server.close()
  })

  it('is denied with an error that names the host and the port', async () => {
    using guest = createGuest('guest', { egress: () => false })
    const socket = guest.net.connect(9, '203.0.113.9')
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('VISOR_DENIED')
    expect(error.message).toBe('A connection to 203.0.113.9:9 is denied by the policy of this guest')
  })

  it('of a name is denied before the host’s resolver is asked', async () => {
    using guest = createGuest('guest', { egress: () => false })
    const socket = guest.net.connect(443, 'name.test')
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
    expect(error.message).toBe('A connection to name.test:443 is denied by the policy of this guest')
  })

  it('tells the policy the port that a name is looked up for', async () => {
    const asked: unknown[] = []
    using guest = createGuest('guest', {
      egress: (host, port) => {
        asked.push([host, port])
        return false
      },
    })
    await once(guest.net.connect(443, 'name.test'), 'error')
    await new Promise((resolve) => guest.dns.lookup('name.test', resolve))
    expect(asked).toEqual([
      ['name.test', 443],
      ['name.test', 0],
    ])
  })

  it('by a name that a guest’s own look-up made up is asked by address', async () => {
    const { server, port } = await listenOutside((socket) => socket.end())
    using guest = createGuest('guest', { egress: (host) => host === 'allowed.test' })
    const socket = guest.net.connect({ host: 'allowed.test', port, lookup: saying(outside!) })
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
    expect(error.message).toContain(`${outside}:${port} is denied`)
    server.close()
  })

  it('tries the next address when one is refused', async () => {
    const { server, port } = await listenOutside((socket) => socket.end('second'))
    using guest = createGuest()
    const lookup = ((_name, _options, done) =>
      setImmediate(() =>
        (done as (error: null, all: object[]) => void)(null, [
          { address: '127.0.0.1', family: 4 },
          { address: outside, family: 4 },
        ]),
      )) as net.LookupFunction
    const socket = guest.net.connect({ host: 'both.test', port, lookup, autoSelectFamily: true })
    expect(await text(socket)).toBe('second')
    expect(socket.autoSelectFamilyAttemptedAddresses).toEqual([`127.0.0.1:${port}`, `${outside}:${port}`])
    server.close()
  })

  it('ends with the guest', async () => {
    const { server, port } = await listenOutside((socket) => socket.on('error', () => {}).resume())
    const guest = createGuest()
    const accepted = once(server, 'connection') as Promise<[net.Socket]>
    guest.net.connect(port, outside!)
    const [socket] = await accepted
    guest[Symbol.dispose]()
    await once(socket, 'close')
    server.close()
  })

  it('does not lead to the loopback of the host', async () => {
    const server = net.createServer((socket) => socket.end('the host')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    using guest = createGuest()
    const [error] = (await once(guest.net.connect(port, '127.0.0.1'), 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNREFUSED')
    server.close()
  })
})

describe.skipIf(outside === undefined)('egress of datagrams', () => {
  it('goes out where the policy allows it, and who answers is heard', async () => {
    const server = dgram.createSocket('udp4')
    server.on('message', (message, { port, address }) => server.send(`${message} heard`, port, address))
    await once(server.bind(0, outside), 'listening')
    const { port } = server.address()
    const asked: unknown[] = []
    using guest = createGuest('guest', {
      egress: (host, port) => {
        asked.push([host, port])
        return true
      },
    })
    const socket = guest.dgram.createSocket('udp4')
    const sent = await new Promise((resolve) =>
      socket.send('loose', port, outside, (...results: unknown[]) => resolve(results)),
    )
    expect(sent).toEqual([null, 5])
    const [message, from] = (await once(socket, 'message')) as [Buffer, dgram.RemoteInfo]
    expect([String(message), from.address, from.port]).toEqual(['loose heard', outside, port])
    expect(asked).toEqual([[outside, port]])
    const connected = guest.dgram.createSocket('udp4')
    connected.connect(port, outside)
    await once(connected, 'connect')
    connected.send('connected')
    expect(String((await once(connected, 'message'))[0])).toBe('connected heard')
    socket.close()
    connected.close()
    server.close()
  })

  it('is denied with an error that names the address and the port, for the callback or for who listens', async () => {
    using guest = createGuest('guest', { egress: () => false })
    const socket = guest.dgram.createSocket('udp4')
    const denial = {
      code: 'VISOR_DENIED',
      message: 'Sending UDP to 203.0.113.9:53 is denied by the policy of this guest',
    }
    const error = await new Promise((resolve) => socket.send('x', 53, '203.0.113.9', resolve))
    expect(error).toMatchObject(denial)
    socket.send('x', 53, '203.0.113.9')
    expect((await once(socket, 'error'))[0]).toMatchObject(denial)
    socket.connect(53, '203.0.113.9')
    expect((await once(socket, 'error'))[0]).toMatchObject(denial)
    socket.close()
  })

  it('ends with the socket and with the guest', async () => {
    const server = dgram.createSocket('udp4')
    await once(server.bind(0, outside), 'listening')
    const ports = async (socket: dgram.Socket): Promise<number> => {
      socket.send('x', server.address().port, outside)
      return ((await once(server, 'message'))[1] as dgram.RemoteInfo).port
    }
    const guest = createGuest()
    const closed = guest.dgram.createSocket('udp4')
    const left = guest.dgram.createSocket('udp4')
    const taken = [await ports(closed), await ports(left)]
    closed.close()
    guest[Symbol.dispose]()
    for (const port of taken) {
      const again = dgram.createSocket('udp4')
      await once(again.bind(port), 'listening')
      again.close()
    }
    server.close()
  })
})

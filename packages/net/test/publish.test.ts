import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { text } from 'node:stream/consumers'
import { currentNamespace } from '@libvisor/core'
import { expect, it } from 'vitest'
import { publishPorts } from '../src/index.ts'
import { createGuest } from './harness/guest.ts'
import type { Guest } from './harness/guest.ts'

const hostAddress = '127.0.0.1'

async function serve(guest: Guest, port: number, handler: (socket: net.Socket) => void): Promise<net.Server> {
  const server = guest.ns.run(() => guest.net.createServer(handler).listen(port))
  await once(server, 'listening')
  return server
}

it('a published port reaches the guest’s server, whose handlers run in the guest', async () => {
  using guest = createGuest('api')
  using published = publishPorts(guest.ns, { publish: [{ hostPort: 0, guestPort: 3000, hostAddress }] })
  const [{ hostPort } = { hostPort: 0 }] = published.ports()
  let local: object | undefined
  await serve(guest, 3000, (socket) => {
    local = socket.address()
    socket.once('data', () => socket.end(currentNamespace()!.name))
  })
  const client = net.connect(hostPort, hostAddress)
  client.write('who are you?')
  expect(await text(client)).toBe('api')
  expect(local).toEqual({ address: '127.0.0.1', family: 'IPv4', port: 3000 })
})

it('http over a published port works as ever', async () => {
  using guest = createGuest('api')
  using published = publishPorts(guest.ns, { publish: [{ hostPort: 0, guestPort: 80, hostAddress }] })
  const handler = http.createServer((request, response) => response.end(`you asked for ${request.url}`))
  await serve(guest, 80, (socket) => handler.emit('connection', socket))
  const request = http.get({ host: hostAddress, port: published.ports()[0]!.hostPort, path: '/x', agent: false })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  expect(await text(response)).toBe('you asked for /x')
})

it('a connection while nobody listens is reset', async () => {
  using guest = createGuest()
  using published = publishPorts(guest.ns, { publish: [{ hostPort: 0, guestPort: 3000, hostAddress }] })
  const client = net.connect(published.ports()[0]!.hostPort, hostAddress)
  const [error] = (await once(client.resume(), 'error')) as [NodeJS.ErrnoException]
  expect(error.code).toBe('ECONNRESET')
})

it('a port of the host that is taken is named, and nothing is left open', async () => {
  const taken = net.createServer().listen(0, hostAddress)
  await once(taken, 'listening')
  const { port } = taken.address() as net.AddressInfo
  using guest = createGuest()
  const free = net.createServer().listen(0, hostAddress)
  await once(free, 'listening')
  const { port: freed } = free.address() as net.AddressInfo
  free.close()
  await once(free, 'close')
  const publish = [
    { hostPort: freed, guestPort: 1, hostAddress },
    { hostPort: port, guestPort: 2, hostAddress },
  ]
  expect(() => publishPorts(guest.ns, { publish })).toThrow(
    expect.objectContaining({
      code: 'VISOR_ADDRESS_IN_USE',
      message: `Port ${port} of 127.0.0.1 is in use on this machine`,
    }),
  )
  await once(net.createServer().listen(freed, hostAddress).unref(), 'listening')
  taken.close()
})

it('publishAll publishes each port that is listened on, once', async () => {
  using guest = createGuest()
  using published = publishPorts(guest.ns, { publishAll: true })
  expect(published.ports()).toEqual([])
  const server = await serve(guest, 3000, (socket) => socket.end('first'))
  const [port] = published.ports()
  expect(port).toMatchObject({ guestPort: 3000 })
  expect(await text(net.connect(port!.hostPort, hostAddress))).toBe('first')
  server.close()
  await serve(guest, 3000, (socket) => socket.end('second'))
  expect(published.ports()).toEqual([port])
  expect(await text(net.connect(port!.hostPort, hostAddress))).toBe('second')
})

it('the end of a guest closes its published ports', async () => {
  const guest = createGuest()
  const published = publishPorts(guest.ns, { publish: [{ hostPort: 0, guestPort: 3000, hostAddress }] })
  const [{ hostPort } = { hostPort: 0 }] = published.ports()
  guest[Symbol.dispose]()
  const [error] = (await once(net.connect(hostPort, hostAddress), 'error')) as [NodeJS.ErrnoException]
  expect(error.code).toBe('ECONNREFUSED')
  expect(published.ports()).toEqual([])
})

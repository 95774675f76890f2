/** Two guests in one thread: each line says in whose context something ran, or what a guest found. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { currentNamespace } from '@libvisor/core'
import { netUsage } from '../../src/index.ts'
import { createGuest, whose } from './guests.ts'

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8')
const credentials = { key: read('./key.pem'), cert: read('./cert.pem') }
const where = (): string => `${currentNamespace()?.name}/${whose.getStore()}`
const say = (what: string, ...rest: unknown[]): void => console.log(`${what}:`, ...rest)

const api = createGuest('api')
const web = createGuest('web')
const portOf = async (server: { address(): unknown } & NodeJS.EventEmitter): Promise<number> => {
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

// Handlers run in the namespace of whoever made the object, whoever caused the event.
{
  const server = api.run(() =>
    api.http
      .createServer((request, response) => {
        say(`http ${request.url}`, where())
        response.end()
      })
      .on('upgrade', (_request, socket) => {
        say('upgrade', where())
        socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n')
      })
      .listen(0),
  )
  const port = await portOf(server)
  const get = async (path: string): Promise<void> => {
    const request = web.http.get({ host: 'api', port, path })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.on('end', () => say(`response ${path}`, where()))
    await once(response.resume(), 'close')
  }
  await web.run(async () => {
    await get('/first')
    await get('/kept')
    const request = web.http.get({ host: 'api', port, headers: { connection: 'upgrade', upgrade: 'x' } })
    await once(
      request.on('upgrade', () => say('upgraded', where())),
      'upgrade',
    )
  })
  // Outside of every async context, what a guest's functions make is the guest's.
  const request = web.http.get({ host: 'api', port, path: '/outside', agent: false })
  await once(request, 'response')
  const socket = new web.net.Socket()
  web.run(() => socket.connect(port, 'api'))
  await once(socket, 'connect')
  socket.destroy()
}
{
  const server = api.run(() =>
    api.http2
      .createServer((_request, response) => {
        say('http2', where())
        response.end()
      })
      .listen(0),
  )
  const port = await portOf(server)
  await web.run(async () => {
    const session = web.http2.connect(`http://api:${port}`)
    await once(
      session
        .request({ ':path': '/' })
        .resume()
        .on('end', () => say('http2 end', where())),
      'close',
    )
    session.close()
  })
}
{
  const server = api.run(() =>
    api.tls
      .createServer(credentials, (socket) => {
        say('tls', where())
        socket.end('secure')
      })
      .listen(0),
  )
  const port = await portOf(server)
  const answer = await web.run(() => text(web.tls.connect({ host: 'api', port, rejectUnauthorized: false })))
  say('tls answer', answer)
}
{
  const socket = api.run(() =>
    api.dgram
      .createSocket('udp4')
      .on('message', () => say('udp', where()))
      .bind(0),
  )
  const port = await portOf(socket)
  const received = once(socket, 'message')
  web.run(() => web.dgram.createSocket('udp4').send('x', port, 'api'))
  await received
}

// What Node keeps once per thread, each guest has of its own.
say('agents differ', api.http.globalAgent !== web.http.globalAgent, api.https.globalAgent !== web.https.globalAgent)
const agent = new api.http.Agent()
api.http.globalAgent = agent
say('set agent', api.http.globalAgent === agent, web.http.globalAgent === agent)
api.net.setDefaultAutoSelectFamily(false)
say('autoSelectFamily', api.net.getDefaultAutoSelectFamily(), web.net.getDefaultAutoSelectFamily())
api.dns.setDefaultResultOrder('ipv6first')
say('result order', api.dns.getDefaultResultOrder(), web.dns.getDefaultResultOrder())
api.dns.setServers(['192.0.2.7'])
say('name servers', api.dns.getServers(), web.dns.getServers().includes('192.0.2.7'))
api.tls.DEFAULT_MAX_VERSION = 'TLSv1.2'
say('TLS', api.tls.DEFAULT_MAX_VERSION, web.tls.DEFAULT_MAX_VERSION)
{
  const server = web.run(() => web.tls.createServer(credentials, (socket) => socket.end()).listen(0))
  const port = await portOf(server)
  for (const guest of [api, web]) {
    const socket = guest.run(() => guest.tls.connect({ host: 'web', port, rejectUnauthorized: false }))
    await once(socket, 'secureConnect')
    say(`${guest.ns.name} speaks`, socket.getProtocol())
    socket.destroy()
  }
}
{
  const { connect } = web.net
  web.net.connect = ((...args: Parameters<typeof connect>) => {
    say('connect of web’s own', where())
    return connect(...args)
  }) as typeof connect
  const server = api.run(() => api.http2.createServer((_request, response) => void response.end()).listen(0))
  const port = await portOf(server)
  await web.run(async () => {
    const session = web.http2.connect(`http://api:${port}`)
    await once(session.request({ ':path': '/' }).resume(), 'close')
    session.close()
  })
  web.net.connect = connect
}
Object.assign(api.http, { request: () => 'replaced' })
say('replaced', typeof api.http.request, web.http.request.name)

// The end of a guest is seen by others as the end of a process is, and it leaves nothing open.
{
  const server = api.run(() => api.http.createServer((_request, response) => response.write('begun')).listen(3000))
  await once(server, 'listening')
  const request = web.run(() => web.http.get({ host: 'api', port: 3000 }))
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  await once(response, 'data')
  api.run(() => {
    server.on('close', () => say('heard after the end'))
    process.nextTick(() => say('usage of web', netUsage(web.ns).sockets > 0))
  })
  const { servers, bytesRead } = netUsage(api.ns)
  say('usage of api', servers > 0, bytesRead > 0)
  api.end()
  const [error] = (await once(response, 'error')) as [NodeJS.ErrnoException]
  say('aborted', error.code)
  say('nothing open', netUsage(api.ns).sockets, netUsage(api.ns).servers)
  const refused = web.run(() => web.net.connect(3000, 'api'))
  const [failure] = (await once(refused, 'error')) as [NodeJS.ErrnoException]
  say('gone', failure.code)
  const next = createGuest('api')
  const again = next.run(() => next.net.createServer((socket) => socket.end(next.ns.name)).listen(3000))
  await once(again, 'listening')
  say('next', await web.run(() => text(web.net.connect(3000, 'api'))))
  next.end()
}
web.end()

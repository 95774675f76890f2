/** Every way out, when egress is denied: each leads to the virtual peer, and none to the host. */
import dgram from 'node:dgram'
import { once } from 'node:events'
import net from 'node:net'
import { networkInterfaces } from 'node:os'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createHost } from 'libvisor'
import { temporaryDirectory } from '@libvisor/testkit'

const program = (name: string): string => fileURLToPath(new URL(`./programs/${name}`, import.meta.url))

/** Servers of the host that must hear nothing: of TCP on two ports, of UDP, of a unix socket. */
async function listenOnHost(unixSocket: string) {
  const heard: string[] = []
  const open = async (...args: unknown[]): Promise<net.Server> => {
    const server = net.createServer((socket) => {
      heard.push(`TCP ${String(args[0])}`)
      socket.on('error', () => {}).end('HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nreal')
    })
    server.listen(...(args as [number]))
    await once(server, 'listening')
    return server
  }
  const first = await open(0, '0.0.0.0')
  const { port } = first.address() as net.AddressInfo
  const servers = [first, await open(port + 1, '0.0.0.0'), await open(unixSocket)]
  const socket = dgram.createSocket('udp4')
  socket.on('message', (message) => heard.push(`UDP ${message}`))
  await once(socket.bind(port, '0.0.0.0'), 'listening')
  return {
    port,
    heard,
    [Symbol.dispose]() {
      for (const server of servers) server.close()
      socket.close()
    },
  }
}

const outside = Object.values(networkInterfaces())
  .flat()
  .find((address) => address?.family === 'IPv4' && !address.internal)?.address

/** What a way leads to: the peer by its name, the guest's own loopback, and the address of the host. */
const led = (peer: string, loopback: string, outside: string) => ({ peer, loopback, outside })
const reaches = led('virtual', 'ECONNREFUSED', 'VISOR_DENIED')
/** The peer is reached, and does not speak TLS. */
const secure = led('EPROTO', 'ECONNREFUSED', 'VISOR_DENIED')
/** There are no processes in a guest yet. */
const nowhere = led('VISOR_DENIED', 'VISOR_DENIED', 'VISOR_DENIED')

const expected = {
  'http.get': reaches,
  'get of http': reaches,
  'request of http, kept': reaches,
  'require of http': reaches,
  getBuiltinModule: reaches,
  // What it makes up is an address outside.
  'with a look-up of its own': led('VISOR_DENIED', 'ECONNREFUSED', 'VISOR_DENIED'),
  https: secure,
  fetch: reaches,
  'undici.request': reaches,
  'undici.fetch': reaches,
  'undici.Client': reaches,
  connect: reaches,
  'net.createConnection': reaches,
  'Socket.connect': reaches,
  tls: secure,
  http2: reaches,
  WebSocket: led('virtual', 'refused', 'refused'),
  // A datagram that nobody hears is lost.
  UDP: led('virtual', 'silent', 'VISOR_DENIED'),
  'dns.Resolver': reaches,
  Worker: reaches,
  child: nowhere,
  curl: nowhere,
  fork: nowhere,
  'unix socket': 'ECONNREFUSED',
  'http over a unix socket': 'ECONNREFUSED',
  'dns.lookup': 'VISOR_DENIED',
  'dns.resolve4': 'VISOR_DENIED',
  'net.Socket({ fd })': 'VISOR_UNSUPPORTED',
  'process.binding': 'VISOR_UNSUPPORTED',
}

describe.each(['thread', 'context'] as const)('with isolation %s and without egress', (isolation) => {
  it('every way leads to the virtual peer, and none to the host', async () => {
    using directory = temporaryDirectory()
    const unixSocket = `${directory.path}/host.sock`
    using onHost = await listenOnHost(unixSocket)
    const { port } = onHost
    await using host = await createHost()
    const common = { isolation, net: { egress: false } } as const
    const peer = await host.spawn({ ...common, name: 'peer', entry: program('escape-peer.mjs'), args: [`${port}`] })
    await peer.listening(port)
    const hosts = { peer: 'peer', loopback: '127.0.0.1', outside: outside ?? '198.51.100.1' }
    const client = await host.spawn({
      ...common,
      name: 'client',
      entry: program('escape-routes.mjs'),
      args: [JSON.stringify({ port, hosts, unixSocket })],
    })
    const [stdout, stderr] = await Promise.all([text(client.stdout), text(client.stderr)])
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toEqual(expected)
    expect(onHost.heard).toEqual([])
  })
})

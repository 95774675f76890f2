/** `host.visor.internal`: the host's own services, where a guest may reach them. */
import dgram from 'node:dgram'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { createHost, memory } from 'libvisor'
import { describe, expect, it } from 'vitest'

const program = `
  const dgram = require('node:dgram')
  const dns = require('node:dns')
  const http = require('node:http')
  const [, , port, closed] = process.argv
  const host = 'host.visor.internal'
  const failed = ({ code, cause }) => cause?.code ?? code
  const say = (what, found) => console.log(what + ': ' + found)
  const get = (port) =>
    new Promise((resolve, reject) =>
      http.get({ host, port, path: '/get' }, (response) => {
        const { remoteAddress } = response.socket
        response.on('data', (data) => resolve(data + ' from ' + remoteAddress))
      }).on('error', reject))
  const send = () => new Promise((resolve, reject) => {
    const socket = dgram.createSocket('udp4')
    socket.on('error', reject).on('message', (message, { address }) => (resolve(message + ' from ' + address), socket.close()))
    socket.send('datagram', port, host, (error) => { if (error) { reject(error); socket.close() } })
  })
  const main = async () => {
    say('fetch', await fetch('http://' + host + ':' + port + '/fetch').then((answer) => answer.text()).catch(failed))
    say('http', await get(port).catch(failed))
    say('UDP', await send().catch(failed))
    say('a closed port', await get(closed).catch(({ code, address }) => code + ' ' + address))
    say('resolve', await dns.promises.resolve4(host))
    say('reverse', await dns.promises.reverse('192.0.0.8'))
    say('loopback', await fetch('http://127.0.0.1:' + port).catch(failed))
  }
  main()`

async function listenOnHost() {
  const server = http.createServer((request, response) => response.end(`host ${request.url}`))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const socket = dgram.createSocket('udp4')
  socket.on('message', (message, { port: from, address }) => socket.send(`host ${message}`, from, address))
  await once(socket.bind(port, '127.0.0.1'), 'listening')
  return {
    port,
    [Symbol.dispose]() {
      server.close()
      server.closeAllConnections()
      socket.close()
    },
  }
}

describe.each(['thread', 'context'] as const)('host.visor.internal, isolation %s', (isolation) => {
  const closed = 9
  const run = async (egress: (port: number) => boolean | readonly string[]): Promise<string[]> => {
    using services = await listenOnHost()
    const { port } = services
    await using host = await createHost({ pool: { threads: 1 } })
    const guest = await host.spawn({
      name: 'guest',
      isolation,
      entry: '/app/main.js',
      args: [String(port), String(closed)],
      fs: { '/app': memory({ 'main.js': program }) },
      net: { egress: egress(port) },
    })
    const [output, errors] = await Promise.all([text(guest.stdout), text(guest.stderr), guest.exited])
    expect(errors).toBe('')
    return output.trim().split('\n')
  }
  const known = ['resolve: 192.0.0.8', 'reverse: host.visor.internal', 'loopback: ECONNREFUSED']

  it('leads to the services of the host where egress allows that name', async () => {
    expect(await run((port) => [`host.visor.internal:${port}`, `host.visor.internal:${closed}`])).toEqual([
      'fetch: host /fetch',
      'http: host /get from 192.0.0.8',
      'UDP: host datagram from 192.0.0.8',
      'a closed port: ECONNREFUSED 192.0.0.8',
      ...known,
    ])
  })

  it('leads nowhere where egress denies it, whatever addresses it allows', async () => {
    expect(await run(() => ['127.0.0.1', '192.0.0.0/8'])).toEqual([
      'fetch: VISOR_DENIED',
      'http: VISOR_DENIED',
      'UDP: VISOR_DENIED',
      'a closed port: VISOR_DENIED undefined',
      ...known,
    ])
  })
})

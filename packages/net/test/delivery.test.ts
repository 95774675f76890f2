import { AsyncLocalStorage } from 'node:async_hooks'
import { once } from 'node:events'
import http from 'node:http'
import type net from 'node:net'
import { text } from 'node:stream/consumers'
import { currentNamespace } from '@libvisor/core'
import { describe, expect, it } from 'vitest'
import { createSwitch, openConnection, openSwitchPort } from '../src/index.ts'
import type { Switch, SwitchPort } from '../src/index.ts'
import { createGuest } from './harness/guest.ts'
import { attachApart } from './harness/trunks.ts'

const whose = new AsyncLocalStorage<string>()
const where = (): string => `${currentNamespace()?.name} ${whose.getStore()}`

const attachments: { where: string; attach: (network: Switch, name: string) => SwitchPort }[] = [
  { where: 'with the switch in it', attach: (network, name) => network.attachLocal(name) },
  { where: 'with the switch elsewhere', attach: (network, name) => openSwitchPort(network.attach(name)) },
  { where: 'as if each were in one of its own', attach: attachApart },
]

describe.each(attachments)('two guests of one thread, $where', ({ attach }) => {
  it('handlers of the server run in the server’s namespace and context, those of the client in the client’s', async () => {
    using network = createSwitch()
    using api = createGuest('api', { switchPort: attach(network, 'api') })
    using web = createGuest('web', { switchPort: attach(network, 'web') })
    const seen: Record<string, string> = {}

    const server: net.Server = api.ns.run(() =>
      whose.run('of the server', () =>
        api.net
          .createServer((socket) => {
            seen['connection'] = where()
            socket.on('data', () => {
              seen['server data'] = where()
              socket.end('answer', () => (seen['server end callback'] = where()))
            })
            socket.on('close', () => {
              seen['server close'] = where()
              server.close()
            })
          })
          .listen(3000),
      ),
    )
    await once(server, 'listening')
    await web.ns.run(() =>
      whose.run('of the client', async () => {
        const client = web.net.connect(3000, 'api', () => (seen['connect'] = where()))
        client.on('lookup', () => (seen['lookup'] = where()))
        client.on('data', () => (seen['client data'] = where()))
        client.on('end', () => (seen['client end'] = where()))
        client.write('question', () => (seen['client write callback'] = where()))
        await once(client, 'close')
      }),
    )
    await once(server, 'close')
    expect(seen).toEqual({
      connection: 'api of the server',
      'server data': 'api of the server',
      'server end callback': 'api of the server',
      'server close': 'api of the server',
      connect: 'web of the client',
      lookup: 'web of the client',
      'client data': 'web of the client',
      'client end': 'web of the client',
      'client write callback': 'web of the client',
    })
  })

  it('listen on the same port, and neither is reached on the other’s loopback', async () => {
    using network = createSwitch()
    const names = ['one', 'two']
    const guests = names.map((name) => createGuest(name, { switchPort: attach(network, name) }))
    const servers = guests.map(({ ns, net }) =>
      ns.run(() => net.createServer((socket) => socket.end(currentNamespace()!.name)).listen(80)),
    )
    await Promise.all(servers.map((server) => once(server, 'listening')))
    const [one] = guests
    expect(await text(one!.net.connect(80, 'localhost'))).toBe('one')
    expect(await text(one!.net.connect(80, 'two'))).toBe('two')
    for (const guest of guests) guest[Symbol.dispose]()
  })

  it('the end of a guest resets its connections, and nothing is delivered to it any more', async () => {
    using network = createSwitch()
    const api = createGuest('api', { switchPort: attach(network, 'api') })
    using web = createGuest('web', { switchPort: attach(network, 'web') })
    const accepted: net.Socket[] = []
    const server = api.ns.run(() => api.net.createServer((socket) => void accepted.push(socket)).listen(80))
    await once(server, 'listening')
    const client = web.ns.run(() => web.net.connect(80, 'api'))
    await once(client, 'connect')
    await expect.poll(() => accepted.length).toBe(1)
    let delivered = 0
    accepted[0]!.on('data', () => delivered++)
    accepted[0]!.on('close', () => delivered++)
    client.write('unheard')
    api[Symbol.dispose]()
    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNRESET')
    expect(delivered).toBe(0)
  })
})

it('the host reaches a guest’s server by its name, and the handlers run in the guest', async () => {
  using network = createSwitch()
  using host = createGuest('host', { switchPort: network.attachLocal('host') })
  using api = createGuest('api', { switchPort: network.attachLocal('api') })
  const handler = http.createServer((_request, response) => response.end(currentNamespace()?.name))
  const server = api.ns.run(() => api.net.createServer((socket) => handler.emit('connection', socket)).listen(3000))
  await once(server, 'listening')
  const createConnection = (): net.Socket => openConnection(host.ns, { host: 'api', port: 3000 })
  const request = http.get({ createConnection, host: 'api', port: 3000, headers: { connection: 'close' } })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  expect(await text(response)).toBe('api')
})

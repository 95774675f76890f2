/**
 * Makes and ends guests that serve and call each other, and prints what of them is still in memory:
 * `node --expose-gc collected.ts <how many> <what they use>…`.
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { AddressInfo } from 'node:net'
import { createGuest } from './guests.ts'
import type { ThreadGuest } from './guests.ts'

const [count = '200', ...wanted] = process.argv.slice(2)
const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8')
const credentials = { key: read('./key.pem'), cert: read('./cert.pem') }
process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
// A pipe asks for them, and they would keep the async context of the guest that has the first one.
void [process.stdout, process.stderr]
process.removeAllListeners('warning')

/** What a guest does on the network of another one; connections stay open. */
const uses: Record<string, (server: ThreadGuest, client: ThreadGuest) => Promise<void>> = {
  async net(server, client) {
    const listening = server.run(() => server.net.createServer((socket) => socket.pipe(socket)).listen(0))
    await once(listening, 'listening')
    const { port } = listening.address() as AddressInfo
    const socket = client.run(() => client.net.connect(port, server.ns.name).setTimeout(100_000))
    socket.write('x')
    await once(socket, 'data')
    socket.on('error', () => {})
  },
  async http(server, client) {
    const listening = server.run(() => server.http.createServer((_, response) => response.end('x')).listen(0))
    await once(listening, 'listening')
    const { port } = listening.address() as AddressInfo
    const request = client.run(() => client.http.get({ host: server.ns.name, port }))
    const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage]
    await once(response.resume(), 'end')
  },
  async https(server, client) {
    const listening = server.run(() =>
      server.https.createServer(credentials, (_, response) => response.end('x')).listen(0),
    )
    await once(listening, 'listening')
    const { port } = listening.address() as AddressInfo
    const request = client.run(() => client.https.get({ host: server.ns.name, port }))
    const [response] = (await once(request, 'response')) as [import('node:http').IncomingMessage]
    await once(response.resume(), 'end')
  },
  async http2(server, client) {
    const listening = server.run(() => server.http2.createServer((_, response) => void response.end('x')).listen(0))
    await once(listening, 'listening')
    const { port } = listening.address() as AddressInfo
    const session = client.run(() => client.http2.connect(`http://${server.ns.name}:${port}`))
    session.on('error', () => {})
    const stream = client.run(() => session.request({ ':path': '/' }).resume())
    await once(stream, 'end')
  },
  async fetch(server, client) {
    const listening = server.run(() => server.http.createServer((_, response) => response.end('x')).listen(0))
    await once(listening, 'listening')
    const { port } = listening.address() as AddressInfo
    await client.run(async () => (await client.globals.fetch(`http://${server.ns.name}:${port}`)).text())
  },
  async dgram(server, client) {
    const socket = server.run(() => server.dgram.createSocket('udp4').bind(0))
    await once(socket, 'listening')
    const received = once(socket, 'message')
    client.run(() => client.dgram.createSocket('udp4').send('x', socket.address().port, server.ns.name))
    await received
  },
  async dns(server, client) {
    client.run(() => {
      client.dns.setServers(['192.0.2.1'])
      client.dns.resolve4('name.test', () => {})
    })
    await server.run(() => server.dns.promises.lookup('localhost'))
  },
}

let collected = 0
let made = 0
const kept = new Map<string, number>()
const registry = new FinalizationRegistry<string>((what) => {
  collected++
  kept.set(what, (kept.get(what) ?? 0) - 1)
})
const watch = (object: object, what: string): void => {
  made++
  kept.set(what, (kept.get(what) ?? 0) + 1)
  registry.register(object, what)
}

async function round(index: number): Promise<void> {
  const server = createGuest(`server-${index}`)
  const client = createGuest(`client-${index}`)
  for (const { ns, stack } of [server, client]) {
    watch(ns, 'namespace')
    watch(stack, 'stack')
  }
  for (const use of wanted.length > 0 ? wanted : Object.keys(uses)) await uses[use]!(server, client)
  server.end()
  await delay(1)
  client.end()
}

for (let index = 0; index < Number(count) / 2; index++) await round(index)
for (let tries = 0; tries < 30 && collected < made; tries++) {
  await delay(100)
  ;(globalThis as unknown as { gc(): void }).gc()
}
console.log(JSON.stringify({ made, ...Object.fromEntries(kept) }))
process.exit()

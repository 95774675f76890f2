/** Two guests of one thread ask servers of the same address and port: which connection carries the answer? */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type http from 'node:http'
import { text } from 'node:stream/consumers'
import { createGuest } from './guests.ts'
import type { ThreadGuest } from './guests.ts'

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8')
const cert = read('./cert.pem')
const credentials = { key: read('./key.pem'), cert }
const guests = [createGuest('a'), createGuest('b')]

/** Has each guest ask twice, in turns. */
async function compare(what: string, ask: (guest: ThreadGuest) => Promise<string>): Promise<void> {
  const answers: string[] = []
  for (const guest of [...guests, ...guests]) answers.push(await guest.run(() => ask(guest)))
  console.log(`${what}:`, answers.join(' '))
}

/** Numbers the connections of a server. */
function numbering(server: NodeJS.EventEmitter, event: string): (socket: object) => number {
  const numbers = new WeakMap<object, number>()
  let count = 0
  server.on(event, (socket: object) => numbers.set(socket, ++count))
  return (socket) => numbers.get(socket) ?? 0
}

for (const guest of guests) {
  await guest.run(async () => {
    const { name } = guest.ns
    const plain = guest.http.createServer()
    const numberOf = numbering(plain, 'connection')
    plain.on('request', ({ socket }, response) => response.end(`${name}:${numberOf(socket)}`))
    const secure = guest.https.createServer(credentials)
    const secureNumberOf = numbering(secure, 'secureConnection')
    secure.on('request', ({ socket }, response) => response.end(`${name}:${secureNumberOf(socket)}`))
    const sessions = guest.http2.createServer()
    let streams = 0
    sessions.on('stream', (stream) => {
      stream.respond()
      stream.end(`${name}:${++streams}`)
    })
    const tickets = guest.tls.createServer(credentials, (socket) => socket.end(`${name}:`))
    await Promise.all([
      once(plain.listen(3000), 'listening'),
      once(secure.listen(3001), 'listening'),
      once(sessions.listen(3002), 'listening'),
      once(tickets.listen(3003), 'listening'),
    ])
  })
}

const bodyOf = async (request: http.ClientRequest): Promise<string> => {
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  return text(response)
}
await compare('agent', ({ http: { get } }) => bodyOf(get('http://localhost:3000/')))
await compare('https agent', ({ https: { get } }) => bodyOf(get('https://localhost:3001/', { ca: cert })))
await compare('fetch', async ({ globals }) => (await globals.fetch('http://localhost:3000/')).text())

const kept = new Map<ThreadGuest, ReturnType<ThreadGuest['http2']['connect']>>()
await compare('http2', async (guest) => {
  const session = kept.get(guest) ?? guest.http2.connect('http://localhost:3002')
  kept.set(guest, session)
  return text(session.request())
})
for (const session of kept.values()) session.close()

const tlsSessions = new Map<ThreadGuest, Buffer>()
await compare('TLS sessions', async (guest) => {
  const session = tlsSessions.get(guest)
  const socket = guest.tls.connect({ port: 3003, ca: cert, host: 'localhost', ...(session && { session }) })
  socket.on('session', (ticket) => tlsSessions.set(guest, ticket))
  await once(socket, 'secureConnect')
  const kind = socket.isSessionReused() ? 'reused' : 'new'
  return `${await text(socket)}${kind}`
})
for (const guest of guests) guest.end()

/** Two guests as if in two threads, of which one throws wherever it can: each line says what was thrown, or what arrived nevertheless. */
import { once } from 'node:events'
import { createSwitch } from '../../src/index.ts'
import { createGuest } from '../harness/guest.ts'
import { attachApart } from '../harness/trunks.ts'

process.on('uncaughtException', (error) => console.log('thrown', error.message))

const network = createSwitch()
const api = createGuest('api', { switchPort: attachApart(network, 'api') })
const web = createGuest('web', { switchPort: attachApart(network, 'web') })
const throwing = (where: string) => (): never => {
  throw new Error(where)
}
const ways: Record<string, () => void> = {
  handler: throwing('in a handler'),
  tick: () => process.nextTick(throwing('in a tick')),
  microtask: () => queueMicrotask(throwing('in a microtask')),
  promise: () => void Promise.reject(new Error('in a promise')),
}

const server = api.ns.run(() =>
  api.net
    .createServer((socket) => {
      socket.on('data', (data) => {
        socket.write(data)
        ways[String(data)]!()
      })
    })
    .listen(80),
)
await once(server, 'listening')
for (let round = 0; round < 2; round++) {
  const sockets = Object.keys(ways).map((way) => {
    const socket = web.ns.run(() => web.net.connect(80, 'api'))
    socket.write(way)
    return socket
  })
  for (const socket of sockets) {
    const [data] = (await once(socket, 'data')) as [Buffer]
    console.log('arrived', String(data))
  }
  for (const socket of sockets) socket.destroy()
}
process.exit()

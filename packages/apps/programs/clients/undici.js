import { once } from 'node:events'
import {
  Agent,
  Client,
  EventSource,
  FormData,
  Pool,
  WebSocket,
  fetch,
  interceptors,
  request,
  setGlobalDispatcher,
} from 'undici'
import { closedPort, distinct, host, port, say, times } from './say.js'

const origin = `http://${host}:${port}`
const body = Buffer.alloc(2_000_000, 'upload ')
setGlobalDispatcher(new Agent({ keepAliveTimeout: 1000 }))

await say('request', async () => (await request(`${origin}/text`)).body.text())
await say('fetch', async () => (await fetch(`${origin}/json`)).json())
await say('upload', async () => {
  const answer = await request(`${origin}/echo`, { method: 'PUT', body })
  return Buffer.from(await answer.body.arrayBuffer()).equals(body)
})
await say('streamed upload', async () => {
  const source = (async function* () {
    for (let index = 0; index < 50; index++) yield Buffer.alloc(20_000, index)
  })()
  const answer = await fetch(`${origin}/echo`, { method: 'POST', body: source, duplex: 'half' })
  return (await answer.arrayBuffer()).byteLength
})
await say('gzip', async () => (await fetch(`${origin}/gzip`)).text())
await say('form', async () => {
  const form = new FormData()
  form.set('name', 'value')
  return (await (await fetch(`${origin}/echo`, { method: 'POST', body: form })).text()).includes('name="name"')
})
await say('redirect', async () => {
  const dispatcher = new Agent().compose(interceptors.redirect({ maxRedirections: 1 }))
  const answer = await (await request(`${origin}/redirect`, { dispatcher })).body.text()
  await dispatcher.close()
  return answer
})

const pool = new Pool(origin, { connections: 3 })
const ask = async (dispatcher, path) => (await dispatcher.request({ path, method: 'GET' })).body.text()
await say('at once over three', async () => distinct(await times(30, () => ask(pool, '/connection'))))
await pool.close()

const client = new Client(origin, { pipelining: 5 })
await say('pipelined', async () => distinct(await times(20, () => ask(client, '/connection'))))
await say('reset', () => ask(client, '/reset'))
await say('after it', () => ask(client, '/text'))
await say('half of it', () => ask(client, '/half'))
await say('time-out', async () => {
  await client.request({ path: '/slow', method: 'GET', headersTimeout: 20 })
})
await say('aborted', () => client.request({ path: '/slow', method: 'GET', signal: AbortSignal.timeout(20) }))
await client.destroy()
await say('refused', () => request(`http://${host}:${closedPort}`))
await say('refused fetch', () => fetch(`http://${host}:${closedPort}`))

await say('events', async () => {
  // What reconnects keeps no program alive.
  const alive = setInterval(() => {}, 1000)
  const source = new EventSource(`${origin}/events`)
  const seen = []
  await new Promise((resolve) => {
    source.addEventListener('tick', ({ data, lastEventId }) => {
      seen.push(`${lastEventId} ${data}`)
      if (seen.length === 4) resolve()
    })
  })
  source.close()
  clearInterval(alive)
  return seen
})

await say('socket', async () => {
  const socket = new WebSocket(`ws://${host}:${port}/socket`)
  socket.binaryType = 'arraybuffer'
  await once(socket, 'open')
  const seen = []
  for (const message of ['text', new Uint8Array(500_000)]) {
    socket.send(message)
    const [{ data }] = await once(socket, 'message')
    seen.push(typeof data === 'string' ? data : data.byteLength)
  }
  socket.send('close')
  const [{ code, reason }] = await once(socket, 'close')
  return [...seen, code, reason]
})

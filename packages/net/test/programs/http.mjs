// http by agent, by fetch, by a raw socket, kept alive, pipelined, upgraded, streamed and aborted.
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { text } from 'node:stream/consumers'

const server = http.createServer(async (request, response) => {
  if (request.url === '/echo') return request.pipe(response)
  if (request.url === '/hang') return
  if (request.url === '/large') return response.end(Buffer.alloc(3_000_000, 'x'))
  response.setHeader('x-method', request.method)
  response.end(`hello ${request.url}`)
})
server.on('upgrade', (request, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n')
  socket.pipe(socket)
})
server.listen(0)
await once(server, 'listening')
const { port } = server.address()
const base = `http://localhost:${port}`

const agent = new http.Agent({ keepAlive: true })
const get = async (path, options = {}) => {
  const request = http.request(base + path, { agent, ...options })
  request.end(options.body)
  const [response] = await once(request, 'response')
  return [response.statusCode, (await text(response)).length, request.reusedSocket]
}
console.log('agent', await get('/a'), await get('/b'), await get('/large'))
console.log('echo', await get('/echo', { method: 'POST', body: 'x'.repeat(500_000) }))
agent.destroy()

const response = await fetch(`${base}/fetched`, { method: 'PUT' })
console.log('fetch', response.status, response.headers.get('x-method'), await response.text())
console.log(
  'fetch echo',
  (await (await fetch(`${base}/echo`, { method: 'POST', body: 'y'.repeat(200_000) })).text()).length,
)

const raw = net.connect(port, '127.0.0.1')
raw.end('GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
console.log('pipelined', (await text(raw)).match(/hello \/\d/g))

const upgrade = http.get(base, { headers: { connection: 'Upgrade', upgrade: 'echo' } })
const [, upgraded] = await once(upgrade, 'upgrade')
upgraded.end('ping')
console.log('upgraded', await text(upgraded))

const aborted = await fetch(`${base}/hang`, { signal: AbortSignal.timeout(50) }).catch(({ name }) => name)
console.log('aborted', aborted)
const refused = await fetch('http://127.0.0.1:1/').catch(({ cause }) => cause)
console.log('refused', refused.code, refused.message)
http.get('http://127.0.0.1:1/').on('error', ({ message }) => console.log('refused', message))

server.close(() => console.log('closed'))
server.closeAllConnections()

// What clients of HTTP, WebSocket and EventSource are tried with.
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { gzipSync } from 'node:zlib'
import { WebSocketServer } from 'ws'

const connections = new WeakMap()
let accepted = 0

const routes = {
  '/text': (request, response) => response.end('hello'),
  '/json': (request, response) => response.setHeader('content-type', 'application/json').end('{"a":1}'),
  // Which of the connections this is.
  '/connection': (request, response) => response.end(String(connections.get(request.socket))),
  '/echo': (request, response) => request.pipe(response.setHeader('x-method', request.method)),
  '/digest': (request, response) => {
    const hash = createHash('sha1')
    request.on('data', (chunk) => hash.update(chunk)).on('end', () => response.end(hash.digest('hex')))
  },
  '/large': (request, response) => response.end(Buffer.alloc(3_000_000, 'large ')),
  '/gzip': (request, response) => response.setHeader('content-encoding', 'gzip').end(gzipSync('unpacked')),
  '/redirect': (request, response) => response.writeHead(302, { location: '/text' }).end(),
  '/unavailable': (request, response) => response.writeHead(503).end('not now'),
  '/slow': (request) => request.resume(),
  '/reset': (request) => request.socket.resetAndDestroy(),
  '/half': (request, response) => {
    response.writeHead(200, { 'content-length': 1000 })
    response.write('half', () => response.destroy())
  },
  '/events': (request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const last = Number(request.headers['last-event-id'] ?? 0)
    response.write('retry: 10\n\n')
    for (const id of [last + 1, last + 2]) response.write(`id: ${id}\nevent: tick\ndata: event ${id}\n\n`)
    response.end()
  },
}

const server = createServer((request, response) => {
  const route = routes[request.url]
  if (route === undefined) response.writeHead(404).end()
  else route(request, response)
})
server.on('connection', (socket) => connections.set(socket, ++accepted))

new WebSocketServer({ server, path: '/socket' }).on('connection', (socket, request) => {
  socket.on('message', (data, isBinary) => {
    if (String(data) === 'close') socket.close(4001, 'as you say')
    else if (String(data) === 'break') request.socket.resetAndDestroy()
    else socket.send(data, { binary: isBinary })
  })
})

server.listen(process.env.PORT, () => console.log('listening'))

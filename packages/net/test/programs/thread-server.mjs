// Listens on port 3000, as every guest may, and for http2 on port 3001.
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import os from 'node:os'
import { name, report } from './parent.mjs'

const server = http.createServer((request, response) => {
  if (request.url === '/upload') {
    let size = 0
    request.on('data', (data) => (size += data.length)).on('end', () => response.end(`${size}`))
    return
  }
  response.end(`${name} heard ${request.headers.host}${request.url} from ${request.socket.remoteAddress}`)
})
const sessions = http2.createServer((_request, response) => response.end('by http2')).listen(3001)
await once(sessions, 'listening')
server.listen(3000, () => report({ address: server.address(), tmp: os.tmpdir() }))

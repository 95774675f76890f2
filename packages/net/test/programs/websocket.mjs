// The global WebSocket, against a server that speaks just enough of RFC 6455.
import crypto from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'

const server = http.createServer()
server.on('upgrade', (request, socket) => {
  const accept = crypto
    .createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  socket.write(Buffer.concat([Buffer.from([0x81, 5]), Buffer.from('hello')]))
  socket.on('error', () => {})
})
server.listen(0)
await once(server, 'listening')
const socket = new WebSocket(`ws://localhost:${server.address().port}`)
const [{ data }] = await once(socket, 'message')
console.log('message', data)
server.close()
process.exit()

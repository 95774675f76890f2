// A peer that answers by every protocol with where it is: on the port that is given, and http2 on the next.
import { createHash } from 'node:crypto'
import dgram from 'node:dgram'
import http from 'node:http'
import http2 from 'node:http2'

const port = Number(process.argv[2])
const answer = 'virtual'

http
  .createServer((_request, response) => response.end(answer))
  .on('upgrade', ({ headers }, socket) => {
    const accept = createHash('sha1').update(`${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept.digest('base64')}\r\n\r\n`,
    )
    socket.write(Buffer.concat([Buffer.from([0x81, answer.length]), Buffer.from(answer)]))
  })
  .listen(port)
http2
  .createServer()
  .on('stream', (stream) => {
    stream.respond()
    stream.end(answer)
  })
  .listen(port + 1)

// One that is asked for names answers with an address that says where it is.
const socket = dgram.createSocket('udp4')
socket.on('message', (message, from) => {
  if (String(message) === 'who?') return void socket.send(answer, from.port, from.address)
  const questionEnd = message.indexOf(0, 12) + 5
  const header = Buffer.from([message[0], message[1], 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0])
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 88])
  socket.send(Buffer.concat([header, message.subarray(12, questionEnd), record]), from.port, from.address)
})
socket.bind(port)
setInterval(() => {}, 1000)

// https, tls.connect, new TLSSocket().connect, TLS over a socket, http2 with and without TLS.
import { once } from 'node:events'
import fs from 'node:fs'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import { text } from 'node:stream/consumers'
import tls from 'node:tls'

const key = fs.readFileSync(new URL('key.pem', import.meta.url))
const cert = fs.readFileSync(new URL('cert.pem', import.meta.url))
const listen = async (server) => {
  server.listen(0)
  await once(server, 'listening')
  return server.address().port
}

const server = https.createServer({ key, cert }, (request, response) => response.end(`secure ${request.url}`))
const port = await listen(server)

const request = https.get(`https://localhost:${port}/get`, { ca: cert, agent: false })
const [response] = await once(request, 'response')
console.log('https', response.socket.authorized, await text(response))
const untrusted = https.get(`https://localhost:${port}/`, { agent: false })
const [error] = await once(untrusted, 'error')
console.log('untrusted', error.code)

const ask = async (socket) => {
  if (socket.secureConnecting) await once(socket, 'secureConnect')
  socket.write('GET /asked HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  const answer = await text(socket)
  return [socket.getProtocol(), socket.authorized, answer.split('\r\n\r\n')[1].includes('secure /asked')]
}
console.log('tls.connect', await ask(tls.connect({ port, ca: cert, servername: 'localhost' })))
console.log('by address', await ask(tls.connect({ port, host: '127.0.0.1', ca: cert })))
const over = net.connect(port, 'localhost')
console.log('over a socket', await ask(tls.connect({ socket: over, ca: cert, servername: 'localhost' })))
const own = new tls.TLSSocket(undefined, { ca: cert })
own.connect(port, '127.0.0.1')
await once(own, 'connect')
own.on('error', ({ message }) => console.log(message))
own._start()
await once(own, 'secure')
console.log('new TLSSocket', own.getProtocol(), own.remotePort === port)
own.destroy()
server.close()

const sessions = http2.createSecureServer({ key, cert })
sessions.on('stream', (stream, headers) => {
  stream.respond({ ':status': 200 })
  stream.end(`stream ${headers[':path']}`)
})
const client = http2.connect(`https://localhost:${await listen(sessions)}`, { ca: cert })
console.log('http2', await Promise.all(['/1', '/2', '/3'].map((path) => text(client.request({ ':path': path })))))
client.close()
sessions.close()

const plain = http2.createServer((request, response) => request.pipe(response))
const plainClient = http2.connect(`http://localhost:${await listen(plain)}`)
const post = plainClient.request({ ':method': 'POST' })
post.end('z'.repeat(300_000))
console.log('http2 without TLS', (await text(post)).length)
plainClient.close()
plain.close()

const refused = tls.connect(1, '127.0.0.1')
console.log('refused', (await once(refused, 'error'))[0].message)

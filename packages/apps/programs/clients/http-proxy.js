// A proxy of its own in front of the server.
import { once } from 'node:events'
import { createServer } from 'node:http'
import httpProxy from 'http-proxy'
import { WebSocket } from 'ws'
import { closedPort, host, port, say, times } from './say.js'

const proxy = httpProxy.createProxyServer({ target: `http://${host}:${port}`, xfwd: true })
proxy.on('error', ({ code }, request, response) => response.writeHead?.(502).end(code))
proxy.on('proxyRes', (answer) => (answer.headers['x-proxied'] = 'yes'))
const server = createServer((request, response) => {
  if (request.url === '/refused') proxy.web(request, response, { target: `http://${host}:${closedPort}` })
  else proxy.web(request, response)
})
server.on('upgrade', (request, socket, head) => proxy.ws(request, socket, head))
await once(server.listen(0, '127.0.0.1'), 'listening')
const at = `127.0.0.1:${server.address().port}`
const origin = `http://${at}`

await say('text', async () => {
  const answer = await fetch(`${origin}/text`)
  return [await answer.text(), answer.headers.get('x-proxied')]
})
await say('at once', async () => (await times(20, async () => (await fetch(`${origin}/text`)).text())).join(' ').length)
await say('upload', async () => {
  const answer = await fetch(`${origin}/echo`, { method: 'POST', body: new Uint8Array(2_000_000) })
  return (await answer.arrayBuffer()).byteLength
})
for (const path of ['reset', 'refused']) {
  await say(path, async () => {
    const answer = await fetch(`${origin}/${path}`)
    return [answer.status, await answer.text()]
  })
}
await say('socket', async () => {
  const socket = new WebSocket(`ws://${at}/socket`)
  await once(socket, 'open')
  socket.send('through the proxy')
  const [data] = await once(socket, 'message')
  socket.send('close')
  const [code] = await once(socket, 'close')
  return [String(data), code]
})
server.close()
server.closeAllConnections()

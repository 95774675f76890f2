// Asks for what only its own proxy can give, and for what it is to ask for itself. Needs HTTP_PROXY with a port of 127.0.0.1.
const { once } = require('node:events')
const http = require('node:http')
const net = require('node:net')
const { text } = require('node:stream/consumers')

const heard = []
const target = http.createServer((request, response) => response.end(`target of ${request.url}`))
const proxy = http.createServer((request, response) => {
  heard.push(`${request.method} ${request.url}`)
  response.end('proxy')
})
proxy.on('connect', (request, socket) => {
  heard.push(`CONNECT ${request.url}`)
  const way = net.connect(target.address().port, '127.0.0.1')
  socket.write('HTTP/1.1 200 OK\r\n\r\n')
  way.pipe(socket).pipe(way)
  socket.on('error', () => way.destroy())
})

async function get(url) {
  const [response] = await once(http.get(url), 'response')
  return text(response)
}
const failed = ({ code, cause }) => cause?.code ?? code
const show = async (what, asked) => console.log(what, await asked.catch(failed), heard.splice(0))

async function ask(when) {
  await show(`${when}: get`, get('http://named.invalid/one'))
  await show(`${when}: get what is not for the proxy`, get(`http://127.0.0.1:${target.address().port}/two`))
  // Node 22 has no way to give a guest in a context a dispatcher of this kind.
  if (http.setGlobalProxyFromEnv === undefined) return
  await show(
    `${when}: fetch`,
    fetch('http://named.invalid/three').then((response) => response.text()),
  )
  await show(
    `${when}: fetch what is not for the proxy`,
    fetch(`http://127.0.0.1:${target.address().port}/four`).then((response) => response.text()),
  )
}

async function main() {
  await Promise.all(
    [target.listen(0, '127.0.0.1'), proxy.listen(new URL(process.env.HTTP_PROXY).port)].map((server) =>
      once(server, 'listening'),
    ),
  )
  await ask('as started')
  if (http.setGlobalProxyFromEnv !== undefined) {
    const none = http.setGlobalProxyFromEnv({})
    const restore = http.setGlobalProxyFromEnv({ http_proxy: process.env.HTTP_PROXY, no_proxy: '127.0.0.1' })
    await ask('set')
    restore()
    none()
    await ask('restored')
    try {
      http.setGlobalProxyFromEnv({ http_proxy: 'no URL' })
    } catch (error) {
      console.log(error.code, error instanceof Error)
    }
  }
  process.exit()
}

main()

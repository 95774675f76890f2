// A server and a client of it, in one program or in two. The client answers each line of its input with a number: `http` with requests per
// second over connections that are kept, `stream` with bytes per second in one direction, `idle 1000` and `idle-http 1000` with how many connections are
// open that nobody uses, `none` with 0 when all of them have been closed. Arguments: `both`, `threads`, `server`, or `client` and the name of the server's host.
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'

const [role = 'server', host = '127.0.0.1'] = isMainThread ? process.argv.slice(2) : []
const connections = 16
const chunk = Buffer.alloc(64 * 1024, 'x')
const milliseconds = 400
/** Until all that connected or closed has settled. */
const restMs = 1500

async function serve() {
  const web = http.createServer((request, response) => {
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify({ hello: 'world', url: request.url }))
  })
  // Of idle connections none is to be closed.
  web.keepAliveTimeout = 0
  web.listen(8080)
  let received = 0
  const sink = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (data) => {
      // Whoever reads looks at what it gets.
      received += data.length + data[data.length - 1] - 120
    })
    socket.on('end', () => socket.end(String(received)))
    received = 0
  })
  sink.listen(8081, '0.0.0.0', 20_000)
  await Promise.all([once(web, 'listening'), once(sink, 'listening')])
}

const agent = new http.Agent({ keepAlive: true, maxSockets: connections })

function request(through = agent) {
  return new Promise((resolve, reject) => {
    http
      .get({ host, port: 8080, path: '/one', agent: through }, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (data) => (text += data))
        response.on('end', () => (text.includes('/one') ? resolve() : reject(new Error(text))))
      })
      .on('error', reject)
  })
}

async function requestsPerSecond() {
  const start = performance.now()
  let answered = 0
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (performance.now() - start < milliseconds) {
        await request()
        answered++
      }
    }),
  )
  return (answered * 1000) / (performance.now() - start)
}

async function bytesPerSecond() {
  const socket = net.connect(8081, host)
  await once(socket, 'connect')
  const start = performance.now()
  let sent = 0
  while (performance.now() - start < milliseconds) {
    sent += chunk.length
    if (!socket.write(chunk)) await once(socket, 'drain')
  }
  socket.end()
  socket.setEncoding('utf8')
  const [received] = await once(socket, 'data')
  const taken = performance.now() - start
  if (Number(received) !== sent) throw new Error(`sent ${sent} bytes, of which ${received} arrived`)
  return (sent * 1000) / taken
}

let open = []

const questions = {
  http: requestsPerSecond,
  stream: bytesPerSecond,

  async idle(count) {
    while (open.length < Number(count)) {
      const some = Array.from({ length: 100 }, () => net.connect(8081, host))
      await Promise.all(some.map((socket) => once(socket, 'connect')))
      open.push(...some)
    }
    await delay(restMs)
    return open.length
  },

  async 'idle-http'(count) {
    // An agent of its own for each, or some would share a connection.
    while (open.length < Number(count)) {
      const some = Array.from({ length: 100 }, () => new http.Agent({ keepAlive: true }))
      await Promise.all(some.map((each) => request(each)))
      open.push(...some)
    }
    await delay(restMs)
    return open.length
  },

  async none() {
    for (const each of open) each.destroy()
    open = []
    await delay(restMs)
    return 0
  },
}

if (!isMainThread) {
  await serve()
  parentPort.postMessage('listening')
} else if (role === 'server') {
  await serve()
  console.log('listening')
} else {
  if (role === 'both') await serve()
  const worker = role === 'threads' ? new Worker(new URL(import.meta.url)) : undefined
  if (worker !== undefined) await once(worker, 'message')
  for await (const line of createInterface(process.stdin)) {
    const [name, argument] = line.split(' ')
    console.log(await questions[name](argument))
  }
  process.exit()
}

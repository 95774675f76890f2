// A server, and a client that asks it for a given number of requests or connections, of which many are broken off in one of many ways. The
// client answers each line of its input with a line of JSON: `http 1000 7` and `sockets 1000 7` (how many, and the seed) with how they ended, `left`
// with what is still there; the server answers `left`, too. Arguments: `server`, or `client` and the name of the server's host.
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

const [role, host] = process.argv.slice(2)
const parallel = 32
const small = Buffer.alloc(300, 's')
const large = Buffer.alloc(300_000, 'l')

/** Sockets that the garbage collector has not seen dead. */
let live = 0
const registry = new FinalizationRegistry(() => live--)
const seen = new WeakSet()

function watch(socket) {
  if (seen.has(socket)) return socket
  seen.add(socket)
  live++
  registry.register(socket)
  // How it ends is what is tried: as an error for one side, or for both.
  return socket.on('error', () => {})
}

function left() {
  const resources = {}
  // What it is told by comes and goes by itself.
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1
  return { live, resources }
}

const webAnswers = {
  '/small': (request, response) => response.end(small),
  '/large': (request, response) => response.end(large),
  '/pieces': (request, response) => {
    for (let index = 0; index < 5; index++) response.write(small)
    response.end()
  },
  '/echo': (request, response) => void request.pipe(response).on('error', () => {}),
  '/silence': () => {},
  '/reset': (request) => request.socket.resetAndDestroy(),
  '/half': (request, response) => {
    response.setHeader('content-length', 1000)
    response.write(small, () => response.destroy())
  },
  '/unread': (request, response) => response.writeHead(413, { connection: 'close' }).end(),
}

/** What the server does to a connection whose first byte says so. */
const socketAnswers = {
  e: (socket) => void socket.pipe(socket),
  // It says its part, and goes on to hear.
  h: (socket) => void socket.end(small).resume(),
  r: (socket) => void socket.resetAndDestroy(),
  d: (socket) => void socket.destroy(),
  // It says more than the other one hears.
  l: (socket) => void socket.write(large, () => socket.end()),
  // It hears nothing until it is closed.
  n: (socket) => void socket.pause().setTimeout(20, () => socket.destroy()),
  t: (socket) => void socket.resume().setTimeout(10, () => socket.end()),
}

async function serve() {
  const web = http.createServer((request, response) => webAnswers[request.url](request, response))
  web.on('connection', watch).on('clientError', (error, socket) => socket.destroy())
  web.listen(8080)
  const plain = net.createServer({ allowHalfOpen: true }, (socket) => {
    watch(socket)
    socket.once('data', (data) => {
      socket.unshift(data.subarray(1))
      socketAnswers[String.fromCharCode(data[0])](socket)
    })
    socket.on('end', () => socket.end())
  })
  plain.listen(8081)
  await Promise.all([once(web, 'listening'), once(plain, 'listening')])
  for await (const line of createInterface(process.stdin)) if (line === 'left') console.log(JSON.stringify(left()))
}

/** @source Mulberry32, by Tommy Ettinger */
function createRandom(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** One of several, by their weights. */
function choose(random, weights) {
  let at = random() * weights.reduce((sum, [weight]) => sum + weight, 0)
  return weights.find(([weight]) => (at -= weight) < 0)[1]
}

let agent

/** Sends a request, and hears how it ends. */
function request(path, { body, breakOff, ...options } = {}) {
  return new Promise((resolve) => {
    const method = body === undefined ? 'GET' : 'POST'
    const sent = http.request({ host, port: 8080, path, method, agent, ...options })
    sent.on('socket', watch)
    sent.on('error', ({ code, name }) => resolve(code ?? name))
    sent.on('timeout', () => sent.destroy())
    sent.on('response', (response) => {
      if (breakOff === 'response') sent.destroy()
      response.on('error', ({ code }) => resolve(code))
      response.on('close', () => resolve(response.complete ? 'answered' : 'cut off'))
      response.resume()
    })
    if (breakOff === 'at once') sent.destroy()
    if (breakOff === 'socket') sent.on('socket', (socket) => setImmediate(() => socket.destroy()))
    if (breakOff === 'reset') sent.on('finish', () => sent.socket.resetAndDestroy())
    sent.end(body)
  })
}

async function fetched(path, options) {
  try {
    const response = await fetch(`http://${host}:8080${path}`, options)
    await response.arrayBuffer()
    return 'fetched'
  } catch (error) {
    return error.cause?.code ?? error.name
  }
}

const requests = [
  [8000, () => request('/small')],
  [500, () => request('/pieces')],
  [300, () => request('/echo', { body: small })],
  [50, () => request('/echo', { body: large })],
  [50, () => request('/large')],
  [200, () => request('/small', { agent: false })],
  [200, () => request('/small', { headers: { connection: 'close' } })],
  [100, () => request('/small', { breakOff: 'at once' })],
  [100, () => request('/large', { breakOff: 'response' })],
  [50, () => request('/small', { breakOff: 'socket' })],
  [50, () => request('/echo', { body: large, breakOff: 'socket' })],
  [50, () => request('/small', { breakOff: 'reset' })],
  [50, () => request('/reset')],
  [50, () => request('/half')],
  [30, () => request('/unread', { body: large })],
  [20, () => request('/silence', { timeout: 5 })],
  [20, () => request('/silence', { signal: AbortSignal.timeout(3) })],
  [100, () => fetched('/small')],
  [20, () => fetched('/echo', { method: 'POST', body: large })],
  [10, () => fetched('/silence', { signal: AbortSignal.timeout(3) })],
  [10, () => fetched('/reset')],
  [10, () => fetched('/half')],
]

/** Connects, and hears how it ends. */
function connection(first, { use = () => {}, ...options } = {}) {
  return new Promise((resolve) => {
    const socket = watch(net.connect({ port: 8081, host, ...options }))
    let failure
    socket.on('error', ({ code }) => (failure = code))
    socket.on('close', () => resolve(failure ?? 'closed'))
    if (first !== undefined) socket.write(first)
    use(socket)
  })
}

const heard = (use) => (socket) => void socket.once('data', () => use(socket))
const connected = (use) => (socket) => void socket.once('connect', () => use(socket))
const command = (letter, rest) => Buffer.concat([Buffer.from(letter), rest])

const connections = [
  [200, () => connection(command('e', small), { use: (socket) => socket.end().resume() })],
  [100, () => connection(command('e', large), { use: (socket) => socket.end().resume() })],
  [100, () => connection(command('e', small), { use: heard((socket) => socket.destroy()) })],
  [100, () => connection(command('e', small), { use: heard((socket) => socket.resetAndDestroy()) })],
  [50, () => connection(command('e', large), { use: heard((socket) => socket.resetAndDestroy()) })],
  [50, () => connection(command('e', small), { use: heard((socket) => socket.destroySoon()) })],
  [
    50,
    () => connection('h', { allowHalfOpen: true, use: (socket) => socket.resume().on('end', () => socket.end(small)) }),
  ],
  [
    50,
    () =>
      connection('h', {
        allowHalfOpen: true,
        use: (socket) => socket.resume().on('end', () => socket.resetAndDestroy()),
      }),
  ],
  [50, () => connection('r', { use: (socket) => socket.resume() })],
  [50, () => connection(command('r', large), { use: (socket) => socket.resume() })],
  [50, () => connection('d', { use: (socket) => socket.resume() })],
  [50, () => connection(command('d', large), { use: (socket) => socket.resume() })],
  [20, () => connection('l', { use: heard((socket) => socket.destroy()) })],
  [20, () => connection('l', { use: (socket) => socket.resume() })],
  [5, () => connection(command('n', large), { use: (socket) => socket.resume() })],
  [
    5,
    () => connection(command('n', large), { use: connected((socket) => setImmediate(() => socket.resetAndDestroy())) }),
  ],
  [10, () => connection('t', { use: (socket) => socket.resume() })],
  [20, () => connection(undefined, { use: (socket) => socket.destroy() })],
  [20, () => connection(undefined, { use: (socket) => setImmediate(() => socket.destroy()) })],
  [20, () => connection(undefined, { use: (socket) => socket.resetAndDestroy() })],
  [50, () => connection(undefined, { use: connected((socket) => socket.destroy()) })],
  [50, () => connection(undefined, { use: connected((socket) => socket.resetAndDestroy()) })],
  [50, () => connection(undefined, { use: connected((socket) => socket.end().resume()) })],
  [20, () => connection(undefined, { signal: AbortSignal.timeout(1) })],
  [20, () => connection('e', { port: 9 })],
]

/** Does something a number of times, a few at once. @returns how often it came to what */
async function soak(kinds, count, seed) {
  const random = createRandom(seed)
  const outcomes = {}
  let started = 0
  const work = async () => {
    while (started < count) {
      started++
      const outcome = await choose(random, kinds)()
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: parallel }, work))
  return outcomes
}

const questions = {
  async http(count, seed) {
    agent = new http.Agent({ keepAlive: true, maxSockets: parallel })
    const outcomes = await soak(requests, count, seed)
    agent.destroy()
    agent = undefined
    return outcomes
  },
  sockets: (count, seed) => soak(connections, count, seed),
  left,
}

if (role === 'server') await serve()
else {
  for await (const line of createInterface(process.stdin)) {
    const [name, ...numbers] = line.split(' ')
    console.log(JSON.stringify(await questions[name](...numbers.map(Number))))
  }
  await delay(0)
}

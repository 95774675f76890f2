// The threads of a process have one network: what one listens on, the others reach, and nobody else can.
const dgram = require('node:dgram')
const { once } = require('node:events')
const http = require('node:http')
const net = require('node:net')
const { text } = require('node:stream/consumers')
const { parentPort, Worker } = require('node:worker_threads')

const say = (what, ...rest) => console.log(`${what}:`, ...rest)
const listening = async (server, ...args) => {
  server.listen(...args)
  const failed = once(server, 'error').then(([{ message }]) => message)
  return Promise.race([failed, once(server, 'listening').then(() => server.address())])
}

/** What the worker does, each on a message of its name. */
const worker = () => {
  const tasks = {
    fetch: async (url) => (await fetch(url)).text(),
    upload: async (port) => {
      const request = http.request({ port, method: 'POST' })
      request.end(Buffer.alloc(1_000_000, 'x'))
      const [response] = await once(request, 'response')
      return text(response)
    },
    connect: async (where) => text(net.connect(where)),
    refused: async (port) => (await once(net.connect(port, '127.0.0.1'), 'error'))[0].message,
    listen: async (...args) => {
      const server = http.createServer((request, response) => {
        let size = 0
        request.on('data', (data) => (size += data.length))
        request.on('end', () => response.end(`worker ${request.url} ${size}`))
      })
      tasks.close = () => new Promise((resolve) => server.close(() => resolve('closed')))
      const address = await listening(server, ...args)
      return typeof address === 'string' ? address : address.port
    },
    bind: async () => {
      const socket = dgram.createSocket('udp4')
      socket.on('message', (message, { port }) => socket.send(`worker heard ${message}`, port, '127.0.0.1'))
      await once(socket.bind(0, '127.0.0.1'), 'listening')
      tasks.unbind = () => void socket.close()
      return socket.address().port
    },
    send: async (port) => {
      const socket = dgram.createSocket('udp4')
      socket.send('hello', port, '127.0.0.1')
      const [message] = await once(socket, 'message')
      socket.close()
      return String(message)
    },
    reset: async (port) => {
      const socket = net.connect(port, '127.0.0.1')
      await once(socket, 'data')
      socket.resetAndDestroy()
      return 'reset'
    },
  }
  parentPort.on('message', async ([name, ...args]) => parentPort.postMessage(await tasks[name](...args)))
}

async function main() {
  const thread = new Worker(
    `${['dgram', 'events', 'http', 'net', 'stream/consumers', 'worker_threads']
      .map((id) => `Object.assign(globalThis, require('node:${id}'))`)
      .join(';')}
    const dgram = require('node:dgram'), http = require('node:http'), net = require('node:net')
    const listening = ${String(listening)}
    ;(${String(worker)})()`,
    { eval: true },
  )
  const ask = async (...task) => {
    thread.postMessage(task)
    return (await once(thread, 'message'))[0]
  }

  const server = http.createServer((request, response) => {
    let size = 0
    request.on('data', (data) => (size += data.length))
    request.on('end', () => response.end(`main ${request.method} ${size}`))
  })
  const { port } = await listening(server, 0)
  say('the worker fetches', await ask('fetch', `http://localhost:${port}/`))
  say('uploads', await ask('upload', port))
  say('refused', (await ask('refused', 1)).replace(/^\S+ /, ''))
  say('taken', (await ask('listen', port, '127.0.0.1')).replaceAll(port, '<port>'))

  const workers = await ask('listen', 0)
  say('main fetches', await (await fetch(`http://127.0.0.1:${workers}/path`)).text())
  const sent = await fetch(`http://localhost:${workers}/upload`, { method: 'POST', body: Buffer.alloc(1_000_000) })
  say('main uploads', await sent.text())
  say('taken by the worker', (await listening(net.createServer(), workers)).replaceAll(workers, '<port>'))
  say('ports differ', workers !== port)
  say('closed', await ask('close'))
  say('taken again', typeof (await listening(net.createServer().unref(), workers)))

  const bound = await ask('bind')
  const socket = dgram.createSocket('udp4')
  socket.send('hello', bound, '127.0.0.1')
  say('datagrams', String((await once(socket, 'message'))[0]))
  socket.removeAllListeners('message')
  socket.on('message', (message, from) => socket.send(`main heard ${message}`, from.port, from.address))
  say('and back', await ask('send', socket.address().port))
  socket.close()

  const resets = net.createServer((accepted) => {
    accepted.write('x')
    accepted.on('error', ({ code }) => say('heard', code))
    accepted.on('close', () => resets.emit('reset'))
  })
  await listening(resets, 0)
  const heard = once(resets, 'reset')
  await ask('reset', resets.address().port)
  await heard
  resets.close()

  const path = `/tmp/worker-network-${process.pid}.sock`
  const local = net.createServer((accepted) => accepted.end('over a path'))
  await listening(local, path)
  say('unix socket', await ask('connect', path))
  local.close()

  const again = await ask('listen', 0)
  await thread.terminate()
  const refused = net.connect(again, '127.0.0.1')
  // Who hears of its end later resets what has come until then.
  say('after its end', /^ECONN(REFUSED|RESET)$/.test((await once(refused, 'error'))[0].code))
  server.close()
  server.closeAllConnections()
}
main()

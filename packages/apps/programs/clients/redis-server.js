// A few commands of Redis, by RESP 2.
import { createServer } from 'node:net'

const values = new Map()
const subscribers = new Map()
let connections = 0

const ok = '+OK\r\n'
const integer = (value) => `:${value}\r\n`
const bulk = (value) => (value === undefined ? '$-1\r\n' : [`$${value.length}\r\n`, value, '\r\n'])
const array = (items) => [`*${items.length}\r\n`, ...items.flat()]
const text = (value) => bulk(Buffer.from(value))

const commands = {
  ping: () => '+PONG\r\n',
  info: () => text('redis_version:7.0.0\r\nloading:0\r\n'),
  client: (client, [what]) => (String(what).toLowerCase() === 'id' ? integer(client.id) : ok),
  select: () => ok,
  set(client, [key, value]) {
    values.set(String(key), value)
    return ok
  },
  get: (client, [key]) => bulk(values.get(String(key))),
  incr(client, [key]) {
    const next = Number(values.get(String(key)) ?? 0) + 1
    values.set(String(key), Buffer.from(String(next)))
    return integer(next)
  },
  del: (client, keys) => integer(keys.filter((key) => values.delete(String(key))).length),
  multi(client) {
    client.queue = []
    return ok
  },
  exec(client) {
    const queue = client.queue
    client.queue = undefined
    return array(queue.map(([name, args]) => commands[name](client, args)))
  },
  subscribe(client, [channel]) {
    const heard = subscribers.get(String(channel)) ?? new Set()
    subscribers.set(String(channel), heard.add(client))
    client.socket.once('close', () => heard.delete(client))
    return array([text('subscribe'), bulk(channel), integer(1)])
  },
  publish(client, [channel, message]) {
    const heard = subscribers.get(String(channel)) ?? new Set()
    for (const other of heard) send(other.socket, array([text('message'), bulk(channel), bulk(message)]))
    return integer(heard.size)
  },
  quit(client) {
    setImmediate(() => client.socket.end())
    return ok
  },
  // Not one of Redis: the connection breaks.
  shutdown: (client) => void client.socket.resetAndDestroy(),
}

function send(socket, parts) {
  socket.write(Buffer.concat([parts].flat(Infinity).map((part) => Buffer.from(part))))
}

/** Takes whole commands, which are arrays of bulk strings, off the front. */
function* parse(client) {
  for (;;) {
    let at = 0
    const line = () => {
      const end = client.bytes.indexOf('\r\n', at)
      if (end < 0) return undefined
      const number = Number(client.bytes.toString('latin1', at + 1, end))
      at = end + 2
      return number
    }
    const count = line()
    if (count === undefined) return
    const parts = []
    for (let index = 0; index < count; index++) {
      const length = line()
      if (length === undefined || client.bytes.length < at + length + 2) return
      parts.push(client.bytes.subarray(at, at + length))
      at += length + 2
    }
    client.bytes = client.bytes.subarray(at)
    yield parts
  }
}

const server = createServer((socket) => {
  const client = { socket, id: ++connections, bytes: Buffer.alloc(0), queue: undefined }
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    client.bytes = Buffer.concat([client.bytes, chunk])
    for (const [first, ...args] of parse(client)) {
      const name = String(first).toLowerCase()
      const command = commands[name]
      if (command === undefined) send(socket, `-ERR unknown command '${name}'\r\n`)
      else if (client.queue !== undefined && name !== 'exec') {
        client.queue.push([name, args])
        send(socket, '+QUEUED\r\n')
      } else {
        const answer = command(client, args)
        if (answer !== undefined) send(socket, answer)
      }
    }
  })
})
server.listen(process.env.PORT, () => console.log('listening'))

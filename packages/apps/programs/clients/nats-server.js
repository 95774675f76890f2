// Subjects without wildcards, by the protocol of NATS.
import { createServer } from 'node:net'

const clients = new Set()
let connections = 0

const commands = {
  CONNECT() {},
  PING: (client) => client.socket.write('PONG\r\n'),
  PONG() {},
  SUB: (client, [subject, ...rest]) => client.subscriptions.set(rest.at(-1), { subject, queue: rest[1] && rest[0] }),
  UNSUB(client, [id, max]) {
    const subscription = client.subscriptions.get(id)
    if (max === undefined) client.subscriptions.delete(id)
    else if (subscription) subscription.left = Number(max)
  },
}

function publish(subject, reply, payload) {
  const served = new Set()
  let isHeard = false
  for (const client of clients) {
    for (const [id, subscription] of client.subscriptions) {
      const prefix = subscription.subject.endsWith('*') && subscription.subject.slice(0, -1)
      if (subscription.subject !== subject && !(prefix && subject.startsWith(prefix))) continue
      if (subscription.queue && served.has(subscription.queue)) continue
      served.add(subscription.queue)
      isHeard = true
      const head = `MSG ${subject} ${id} ${reply ? `${reply} ` : ''}${payload.length}\r\n`
      client.socket.write(Buffer.concat([Buffer.from(head), payload, Buffer.from('\r\n')]))
      if (subscription.left !== undefined && --subscription.left === 0) client.subscriptions.delete(id)
    }
  }
  if (!isHeard && reply) publishNobody(reply)
}

/** Tells whoever waits for a reply that nobody is there to give one. */
function publishNobody(reply) {
  for (const client of clients) {
    for (const [id, { subject }] of client.subscriptions) {
      const prefix = subject.endsWith('*') && subject.slice(0, -1)
      if (prefix && reply.startsWith(prefix))
        client.socket.write(`HMSG ${reply} ${id} 16 16\r\nNATS/1.0 503\r\n\r\n\r\n`)
    }
  }
}

const server = createServer((socket) => {
  const client = { socket, subscriptions: new Map() }
  clients.add(client)
  const info = { server_id: 'x', version: '2.10.0', max_payload: 8_000_000, proto: 1, headers: true }
  socket.write(`INFO ${JSON.stringify({ ...info, client_id: ++connections })}\r\n`)
  socket.on('error', () => {}).on('close', () => clients.delete(client))
  let bytes = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk])
    for (;;) {
      const end = bytes.indexOf('\r\n')
      if (end < 0) return
      const [name, ...args] = bytes.toString('utf8', 0, end).split(' ')
      if (name !== 'PUB') {
        bytes = bytes.subarray(end + 2)
        commands[name.toUpperCase()]?.(client, args)
        continue
      }
      const length = Number(args.at(-1))
      if (bytes.length < end + 2 + length + 2) return
      const payload = bytes.subarray(end + 2, end + 2 + length)
      bytes = bytes.subarray(end + 2 + length + 2)
      // Not one of NATS: the connection breaks.
      if (args[0] === 'break') return void socket.resetAndDestroy()
      publish(args[0], args.length === 3 ? args[1] : undefined, payload)
    }
  })
})
server.listen(process.env.PORT, () => console.log('listening'))

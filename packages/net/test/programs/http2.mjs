// What destroyed streams and closed sessions have written, and in which order what arrives together is heard.
import { once } from 'node:events'
import http2 from 'node:http2'

/** A server and a client, until the body is done. */
async function between(onStream, body) {
  const server = http2.createServer().on('stream', onStream)
  server.listen(0)
  await once(server, 'listening')
  const client = http2.connect(`http://localhost:${server.address().port}`)
  client.on('error', ({ message }) => console.log('session', message))
  await body(client)
  client.close()
  if (!client.destroyed) await once(client, 'close')
  await new Promise((resolve) => server.close(resolve))
}

/** A request, with all that is heard of it. */
function ask(client, headers = {}, body = undefined) {
  const heard = []
  const request = client.request({ ':method': 'POST', ...headers })
  request.setEncoding('latin1')
  for (const event of ['response', 'headers', 'data', 'trailers', 'end', 'aborted', 'error', 'close']) {
    request.on(event, (value) => {
      const about = { response: value?.[':status'], headers: value?.[':status'], data: value, error: value?.code }[
        event
      ]
      heard.push(about === undefined ? event : `${event} ${about}`)
    })
  }
  request.end(body)
  return once(request, 'close').then(
    () => heard,
    () => heard,
  )
}

const answer = (stream) => {
  stream.on('error', () => {})
  stream.respond({ ':status': 200 })
  stream.write('written')
  stream.destroy()
}
const whens = {
  'at once': (stream) => answer(stream),
  'at the end': (stream) => stream.resume().on('end', () => answer(stream)),
  later: (stream) => void setImmediate(answer, stream),
}
for (const [name, onStream] of Object.entries(whens)) {
  await between(onStream, async (client) => console.log('destroyed', name, await ask(client)))
}

await between(
  (stream) => {
    stream.additionalHeaders({ ':status': 103 })
    stream.respond({ ':status': 200 }, { waitForTrailers: true })
    stream.on('wantTrailers', () => stream.sendTrailers({ checksum: '1' }))
    stream.end('body')
  },
  async (client) => console.log('all at once', await ask(client)),
)

await between(
  (stream) => {
    stream.respond({ ':status': 200 })
    stream.end('hello')
    setImmediate(() => stream.session?.socket.destroy())
  },
  async (client) => console.log('socket destroyed', await ask(client)),
)

await between(
  (stream) => {
    stream.on('error', ({ message }) => console.log('server', message))
    stream.session.on('error', () => {})
    stream.session.destroy(http2.constants.NGHTTP2_REFUSED_STREAM)
  },
  async (client) => console.log('session destroyed', await ask(client)),
)

await between(
  (stream) => {
    stream.respond({ ':status': 400 })
    stream.end()
  },
  async (client) => console.log('upload refused', await ask(client, {}, Buffer.alloc(200_000))),
)

await between(
  (stream) => {
    stream.respond()
    stream.end('first')
    stream.pushStream({ ':path': '/pushed' }, (error, pushed) => {
      pushed.respond()
      pushed.end('second')
    })
  },
  async (client) => {
    const heard = []
    client.on('stream', (pushed, { ':path': path }) => {
      heard.push(path)
      pushed.resume().on('push', () => heard.push('push'))
    })
    console.log('pushed', await ask(client), heard)
  },
)

// Many frames in both directions, with more than the windows hold.
await between(
  (stream) => {
    stream.respond()
    stream.pipe(stream)
  },
  async (client) => {
    const request = client.request({ ':method': 'POST' })
    const sent = Buffer.alloc(1_000_000, 'abcdefg')
    request.end(sent)
    const received = []
    for await (const chunk of request) received.push(chunk)
    console.log('echo', Buffer.concat(received).equals(sent))
  },
)

// Asks another guest by its name, and its own port 3000, on which nobody listens.
import dns from 'node:dns'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { text } from 'node:stream/consumers'
import { report } from './parent.mjs'

const [response] = await once(http.get('http://api:3000/get'), 'response')
const upload = await fetch('http://api:3000/upload', { method: 'POST', body: 'x'.repeat(2_000_000) })
const [refused] = await once(net.connect(3000, 'localhost'), 'error')
const [unknown] = await once(net.connect(81, 'api'), 'error')

/** What a session of http2 says first may be there before the other side has written anything. */
async function askSession() {
  const session = http2.connect('http://api:3001')
  const heard = await text(session.request())
  session.close()
  return heard
}

const heard = new Set()
for (let count = 0; count < 50; count++) heard.add(await askSession())

report({
  heard: [...heard],
  got: await text(response),
  fetched: await (await fetch('http://api:3000/fetch')).text(),
  uploaded: await upload.text(),
  looked: await dns.promises.lookup('api'),
  service: await dns.promises.lookupService('10.88.0.2', 3000),
  refused: refused.message,
  unknown: unknown.message,
})

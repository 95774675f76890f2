import { createHash } from 'node:crypto'
import http from 'node:http'
import got from 'got'
import { closedPort, distinct, host, port, say, times } from './say.js'

const agent = new http.Agent({ keepAlive: true })
const client = got.extend({ prefixUrl: `http://${host}:${port}`, agent: { http: agent }, retry: { limit: 0 } })
const body = Buffer.alloc(2_000_000, 'upload ')

await say('text', () => client('text').text())
await say('json', () => client('json').json())
await say('one after the other', async () => {
  const seen = []
  for (let index = 0; index < 5; index++) seen.push(await client('connection').text())
  return distinct(seen)
})
await say('at once', async () => distinct(await times(8, () => client('connection').text())))
await say(
  'upload',
  async () => (await client.post('digest', { body }).text()) === createHash('sha1').update(body).digest('hex'),
)
await say('download', async () => (await client('large').buffer()).length)
await say('stream', async () => {
  let length = 0
  for await (const chunk of client.stream('large')) length += chunk.length
  return length
})
await say('gzip', () => client('gzip').text())
await say('redirect', async () => (await client('redirect')).redirectUrls.map(({ pathname }) => pathname))
await say('status', () => client('unavailable'))
await say('time-out', () => client('slow', { timeout: { request: 50 } }))
await say('reset', () => client('reset'))
await say('half of it', () => client('half'))
await say('aborted', () => {
  const controller = new AbortController()
  setTimeout(() => controller.abort(), 20)
  return client('slow', { signal: controller.signal })
})
await say('tried again', () => {
  const counted = { limit: 2, calculateDelay: ({ computedValue }) => Math.min(computedValue, 1) }
  let tries = 0
  const retried = client('unavailable', { retry: counted, hooks: { beforeRetry: [() => void tries++] } })
  return retried.catch(() => tries)
})
await say('refused', () => got(`http://${host}:${closedPort}`, { retry: { limit: 0 } }))
agent.destroy()

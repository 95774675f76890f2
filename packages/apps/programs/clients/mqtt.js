import { once } from 'node:events'
import mqtt from 'mqtt'
import { closedPort, host, port, say, times } from './say.js'

const url = `mqtt://${host}:${port}`
const client = await mqtt.connectAsync(url, { clientId: 'first' })
const other = await mqtt.connectAsync(url, { clientId: 'second', reconnectPeriod: 1 })

/** The next messages. */
const heard = (on, count = 1) =>
  new Promise((resolve) => {
    const seen = []
    on.on('message', function hear(topic, payload, { retain }) {
      seen.push(`${topic} ${payload.length > 100 ? payload.length : payload}${retain ? ' kept' : ''}`)
      if (seen.length < count) return
      on.off('message', hear)
      resolve(seen)
    })
  })

for (const qos of [0, 1, 2]) {
  await say(`quality ${qos}`, async () => {
    await other.subscribeAsync('news/+', { qos })
    const all = heard(other, 3)
    for (const text of ['one', 'two', 'three']) await client.publishAsync('news/today', text, { qos })
    return all
  })
}
await say('many', async () => {
  const all = heard(other, 300)
  await times(300, (index) => client.publishAsync('news/many', String(index), { qos: 1 }))
  return (await all).at(-1)
})
await say('large', async () => {
  const all = heard(other)
  await client.publishAsync('news/large', Buffer.alloc(1_000_000), { qos: 1 })
  return all
})
await say('kept', async () => {
  await client.publishAsync('state', 'on', { retain: true, qos: 1 })
  const all = heard(other)
  await other.subscribeAsync('state')
  const seen = await all
  // Or it would come again whenever the client has connected again.
  await other.unsubscribeAsync('state')
  return seen
})
await say('a last will', async () => {
  const will = { topic: 'news/will', payload: 'gone', qos: 1 }
  const dying = await mqtt.connectAsync(url, { clientId: 'third', will, reconnectPeriod: 0 })
  dying.on('error', () => {})
  const all = heard(other)
  dying.stream.destroy()
  return all
})
await say('connected again', async () => {
  other.stream.destroy()
  await once(other, 'connect')
  await other.subscribeAsync('again')
  const all = heard(other)
  await client.publishAsync('again', 'after it', { qos: 1 })
  return all
})
await client.endAsync()
await other.endAsync()
const failure = async (at, options) => {
  const refused = mqtt.connect(at, { reconnectPeriod: 0, ...options })
  const [error] = await once(refused, 'error')
  refused.end(true)
  return error.code
}
await say('denied', () => failure(url, { username: 'stranger', password: 'x' }))
await say('refused', () => failure(`mqtt://${host}:${closedPort}`))

import { connect } from 'nats'
import { closedPort, host, port, say, times } from './say.js'

const options = { servers: `${host}:${port}`, reconnectTimeWait: 1 }
const connection = await connect(options)
const worker = await connect(options)

await say('heard', async () => {
  const subscription = worker.subscribe('news', { max: 3 })
  await worker.flush()
  for (const text of ['one', 'two', 'three']) connection.publish('news', text)
  const seen = []
  for await (const message of subscription) seen.push(message.string())
  return seen
})
worker.subscribe('double', {
  callback: (error, message) => void message.respond(String(Number(message.string()) * 2)),
})
worker.subscribe('size', { callback: (error, message) => void message.respond(String(message.data.length)) })
await worker.flush()
await say('one after the other', async () => {
  const seen = []
  for (let index = 0; index < 5; index++) seen.push((await connection.request('double', String(index))).string())
  return seen
})
await say('at once', async () => {
  const answers = await times(300, async (index) => (await connection.request('double', String(index))).json())
  return answers.reduce((sum, value) => sum + value, 0)
})
await say('large', async () => (await connection.request('size', new Uint8Array(3_000_000))).string())
await say('nobody there', () => connection.request('nowhere', ''))
await say('time-out', async () => {
  worker.subscribe('silent')
  await worker.flush()
  await connection.request('silent', '', { timeout: 30 })
})
await say('connected again', async () => {
  const again = (async () => {
    for await (const { type } of connection.status()) if (type === 'reconnect') return type
  })()
  connection.publish('break')
  return [await again, (await connection.request('double', '21')).string()]
})
await connection.drain()
await worker.close()
await say('closed', () => connection.request('double', ''))
await say('refused', () => connect({ servers: `${host}:${closedPort}`, reconnect: false, timeout: 2000 }))

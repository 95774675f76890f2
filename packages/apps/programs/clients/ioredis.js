import { Redis } from 'ioredis'
import { closedPort, host, port, say, times } from './say.js'

const options = { host, port: Number(port), protocol: 2, retryStrategy: () => 1, autoResendUnfulfilledCommands: false }
const redis = new Redis(options)
redis.on('error', () => {})
await redis.del('counter')

await say('set and get', async () => [await redis.set('key', 'välue'), await redis.get('key'), await redis.get('none')])
await say('at once', async () => (await times(500, () => redis.incr('counter'))).at(-1))
await say('in one pipeline', async () => {
  const pipeline = redis.pipeline()
  for (let index = 0; index < 1000; index++) pipeline.set(`key ${index}`, index).get(`key ${index}`)
  const results = await pipeline.exec()
  return [results.length, results.at(-1)]
})
await say('all or nothing', () => redis.multi().set('a', '1').incr('a').get('a').exec())
await say('bytes', async () => {
  const bytes = Buffer.alloc(1_000_000, 7)
  await redis.set('bytes', bytes)
  return (await redis.getBuffer('bytes')).equals(bytes)
})
await say('no such command', async () => redis.call('nonsense').catch(({ message }) => message))
await say('heard', async () => {
  const subscriber = new Redis(options)
  await subscriber.subscribe('news')
  const seen = []
  const all = new Promise((resolve) =>
    subscriber.on('message', (channel, message) => {
      seen.push(`${channel} ${message}`)
      if (seen.length === 3) resolve()
    }),
  )
  for (const message of ['one', 'two', 'three']) await redis.publish('news', message)
  await all
  await subscriber.quit()
  return seen
})
await say('connected again', async () => {
  const before = await redis.client('ID')
  const again = new Promise((resolve) => redis.once('ready', resolve))
  redis.call('shutdown').catch(() => {})
  await again
  return (await redis.client('ID')) !== before && (await redis.get('key'))
})
await say('quit', () => redis.quit())
await say('refused', async () => {
  const other = new Redis({ ...options, port: closedPort, retryStrategy: () => null, maxRetriesPerRequest: 0 })
  const error = new Promise((resolve) => other.on('error', resolve))
  const failed = other.get('key').catch(({ message }) => message)
  return [(await error).code, await failed]
})

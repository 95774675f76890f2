import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import grpc from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { closedPort, host, port, say, times } from './say.js'

const proto = fileURLToPath(new URL('greeter.proto', import.meta.url))
const { Greeter } = grpc.loadPackageDefinition(loadSync(proto, { defaults: true }))
const open = (at) => new Greeter(`${host}:${at}`, grpc.credentials.createInsecure(), { 'grpc.enable_retries': 0 })
const client = open(port)
const greet = promisify(client.greet.bind(client))
const statusOf = ({ code }) => grpc.status[code]

await say('unary', async () => (await greet({ text: 'you' })).text)
await say('metadata', async () => {
  const metadata = new grpc.Metadata()
  metadata.set('mark', '!')
  return (await promisify(client.greet.bind(client, { text: 'you' }, metadata))()).text
})
await say('at once', async () => (await times(100, (number) => greet({ text: String(number) }))).at(-1).text)
await say('large', async () => (await greet({ text: 'large', data: Buffer.alloc(3_000_000) })).number)
await say('a stream of answers', async () => {
  let count = 0
  for await (const { data } of client.count({ number: 2000 })) count += data.length
  return count
})
await say('a stream of requests', async () => {
  const answer = new Promise((resolve) => {
    const call = client.add((error, { number }) => resolve(number))
    for (let number = 1; number <= 500; number++) call.write({ number })
    call.end()
  })
  return answer
})
await say('both', async () => {
  const call = client.chat()
  const seen = []
  for (const text of ['one', 'two', 'three']) {
    call.write({ text })
    const [answer] = await once(call, 'data')
    seen.push(answer.text)
  }
  call.end()
  await once(call, 'end')
  return seen
})
await say('an error', () =>
  greet({ text: 'nobody' }).catch((error) => [statusOf(error), error.details, error.metadata.get('reason')]),
)
await say('deadline', () =>
  promisify(client.greet.bind(client, { text: 'silence' }, { deadline: Date.now() + 50 }))().catch(statusOf),
)
await say('cancelled', async () => {
  const call = client.count({ number: 1_000_000 })
  await once(call, 'data')
  const failed = once(call, 'error').catch((error) => [error])
  call.cancel()
  call.resume()
  return statusOf((await failed)[0])
})
await say('after it', async () => (await greet({ text: 'again' })).text)
client.close()
const nobody = open(closedPort)
await say('refused', () =>
  promisify(nobody.greet.bind(nobody))({ text: 'you' }).catch((error) => [
    statusOf(error),
    error.details.includes('ECONNREFUSED'),
  ]),
)
nobody.close()

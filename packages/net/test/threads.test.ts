import { once } from 'node:events'
import http from 'node:http'
import { text } from 'node:stream/consumers'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createSwitch, openConnection } from '../src/index.ts'
import type { Switch } from '../src/index.ts'
import { createGuest } from './harness/guest.ts'

let network: Switch
const workers: Worker[] = []

function start(name: string, program: string): Worker {
  const attachment = network.attach(name)
  const worker = new Worker(new URL('./harness/thread-guest.ts', import.meta.url), {
    workerData: { name, attachment, program: new URL(`./programs/${program}.mjs`, import.meta.url).href },
    transferList: [attachment.port],
  })
  workers.push(worker)
  return worker
}

beforeEach(() => {
  network = createSwitch()
})
afterEach(async () => {
  for (const worker of workers.splice(0)) await worker.terminate()
  network[Symbol.dispose]()
})

it('two guests in threads talk over http and fetch by name, and have their ports to themselves', async () => {
  await once(start('api', 'thread-server'), 'message')
  const web = start('web', 'thread-client')
  const [[seen]] = (await Promise.all([once(web, 'message'), once(web, 'exit')])) as [[object], unknown]
  expect(seen).toEqual({
    heard: ['by http2'],
    got: 'api heard api:3000/get from ::ffff:10.88.0.3',
    fetched: 'api heard api:3000/fetch from ::ffff:10.88.0.3',
    uploaded: '2000000',
    looked: { address: '10.88.0.2', family: 4 },
    service: { hostname: 'api', service: '3000' },
    refused: 'connect ECONNREFUSED 127.0.0.1:3000',
    unknown: 'connect ECONNREFUSED 10.88.0.2:81',
  })
})

it('the host reaches two guests that listen on the same port, each by its name', async () => {
  using host = createGuest('host', { switchPort: network.attachLocal('host') })
  const answers: string[] = []
  for (const name of ['one', 'two']) {
    await once(start(name, 'thread-server'), 'message')
    const createConnection = () => openConnection(host.ns, { host: name, port: 3000 })
    const request = http.get({ createConnection, host: name, path: '/', headers: { connection: 'close' } })
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    answers.push((await text(response)).split(' ')[0]!)
  }
  expect(answers).toEqual(['one', 'two'])
})

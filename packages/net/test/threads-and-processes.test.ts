import { spawn } from 'node:child_process'
import type { EventEmitter } from 'node:events'
import { once } from 'node:events'
import http from 'node:http'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSwitch, openConnection, serveSwitchStream } from '../src/index.ts'
import type { Switch } from '../src/index.ts'
import { createGuest } from './harness/guest.ts'

/** A guest that is not in this thread. */
interface GuestApart {
  /** Tells with `message` what its program reports, and with `exit` that it has ended. */
  readonly events: EventEmitter
  kill(): unknown
}

/** Where guests run: the same holds for each. */
const places: Record<string, (network: Switch, name: string, program: URL) => GuestApart> = {
  threads: inThread,
  processes: inProcess,
}

function inThread(network: Switch, name: string, program: URL): GuestApart {
  const attachment = network.attach(name)
  const worker = new Worker(new URL('./harness/thread-guest.ts', import.meta.url), {
    workerData: { name, attachment, program: program.href },
    transferList: [attachment.port],
  })
  return { events: worker, kill: () => worker.terminate() }
}

function inProcess(network: Switch, name: string, program: URL): GuestApart {
  const port = network.attachLocal(name)
  const entry = fileURLToPath(new URL('./harness/process-guest.ts', import.meta.url))
  const child = spawn(process.execPath, ['--no-warnings', entry, program.href], {
    env: { GUEST_NAME: name, GUEST_ADDRESS: port.address, GUEST_NETWORK: port.network },
    // The fourth is one end of a pair of unix sockets.
    stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'ipc'],
  })
  serveSwitchStream(port, child.stdio[3] as Duplex)
  return { events: child, kill: () => child.kill('SIGKILL') }
}

describe.each([
  ['threads', 'threads'],
  ['processes', 'processes'],
  ['a process and a thread', 'processes', 'threads'],
])('two guests in %s', (_title, ...kinds) => {
  let network: Switch
  const guests: GuestApart[] = []

  const start = (name: string, program: string): GuestApart => {
    const place = places[kinds[guests.length] ?? kinds[0]!]!
    const guest = place(network, name, new URL(`./programs/${program}.mjs`, import.meta.url))
    guests.push(guest)
    return guest
  }

  beforeEach(() => {
    network = createSwitch()
  })
  afterEach(() => {
    for (const guest of guests.splice(0)) guest.kill()
    network[Symbol.dispose]()
  })

  it('talk over http and fetch by name, and have their ports to themselves', async () => {
    await once(start('api', 'thread-server').events, 'message')
    const web = start('web', 'thread-client').events
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

  it('listen on the same port, and the host reaches each by its name', async () => {
    using host = createGuest('host', { switchPort: network.attachLocal('host') })
    const answers: string[] = []
    for (const name of ['one', 'two']) {
      await once(start(name, 'thread-server').events, 'message')
      const createConnection = () => openConnection(host.ns, { host: name, port: 3000 })
      const request = http.get({ createConnection, host: name, path: '/', headers: { connection: 'close' } })
      const [response] = (await once(request, 'response')) as [http.IncomingMessage]
      answers.push((await text(response)).split(' ')[0]!)
    }
    expect(answers).toEqual(['one', 'two'])
  })

  it('see each other go when one of them is killed', async () => {
    using host = createGuest('host', { switchPort: network.attachLocal('host') })
    const api = start('api', 'thread-server')
    await once(api.events, 'message')
    const socket = openConnection(host.ns, { host: 'api', port: 3000 })
    await once(socket, 'connect')
    const late = openConnection(host.ns, { host: 'api', port: 3000, allowHalfOpen: true } as never)
    await once(late, 'connect')
    api.kill()
    // As of any process that dies: its kernel ends what is open, and resets what goes on.
    await Promise.all([once(socket.resume(), 'close'), once(late.resume(), 'end')])
    await new Promise<void>((resolve) => void late.write('the first is answered with a reset', () => resolve()))
    const failed = once(late, 'error')
    late.write('x')
    expect((await failed)[0]).toMatchObject({ code: 'EPIPE', syscall: 'write' })
    await expect.poll(() => network.members().map(({ name }) => name)).toEqual(['host'])
  })
})

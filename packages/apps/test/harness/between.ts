import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { createHost } from 'libvisor'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { programFile, programPath, start } from './pair.ts'

/** A server, and the clients that are tried with it. All are programs of `programs/clients`. */
export interface ServerWithClients {
  readonly server: string
  /** What each client prints, whether its server is another process or another guest. */
  readonly clients: Readonly<Record<string, readonly string[]>>
}

/** A server that runs. */
interface Running extends AsyncDisposable {
  /** Runs a client to its end. @returns what it has written */
  run(client: string): Promise<Ended>
}

interface Ended {
  readonly code: number | null
  readonly lines: readonly string[]
}

/** Which of its parts are experimental is no matter of the tests. */
const quiet = { NODE_NO_WARNINGS: '1' }

const file = (name: string): string => `clients/${name}.js`
const linesOf = (output: string): string[] => output.trimEnd().split('\n')

/** In two guests: the client finds the server by its name. */
async function runInGuests(server: string, isolation: 'thread' | 'context'): Promise<Running> {
  // Both in the same thread, if they are in contexts.
  const host = await createHost({ pool: { threads: 1 } })
  const port = 4000
  const options = { isolation, process: { env: { PORT: String(port) } } }
  const { guest, output } = await start(host, 'server', { entry: programFile(file(server)), ...options })
  const ended = guest.exited.then(() => {
    throw new Error(`The server ended:\n${output()}`)
  })
  await Promise.race([guest.listening(port), ended])
  ended.catch(() => {})
  return {
    async run(client) {
      const entry = programFile(file(client))
      const args = ['server', String(port)]
      const started = await start(host, client, { entry, args, isolation, process: { env: quiet } })
      const { code } = await started.guest.exited
      return { code, lines: linesOf(started.output()) }
    },
    [Symbol.asyncDispose]: () => host[Symbol.asyncDispose](),
  }
}

/** In two processes of the host's. */
async function runNatively(server: string): Promise<Running> {
  const env = { ...process.env, ...quiet, PORT: String(await freePort()) }
  const serving = spawn(process.execPath, [programPath(file(server))], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  // It says that it listens.
  await once(serving.stdout, 'data')
  return {
    async run(client) {
      const args = [programPath(file(client)), '127.0.0.1', env.PORT]
      const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
      const [output, errors, [code]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'exit') as Promise<[number | null]>,
      ])
      return { code, lines: linesOf(output + errors) }
    },
    async [Symbol.asyncDispose]() {
      serving.kill()
      await once(serving, 'exit')
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const places: Readonly<Record<string, (server: string) => Promise<Running>>> = {
  'two processes': runNatively,
  'two threads': (server) => runInGuests(server, 'thread'),
  'two contexts of one thread': (server) => runInGuests(server, 'context'),
}

/** Tests clients with their server in two guests, and in two processes, which says what is right. */
export function betweenTwo({ server, clients }: ServerWithClients): void {
  describe.each(Object.keys(places))(`${server} and its clients, in %s`, (place) => {
    let running: Running

    beforeAll(async () => {
      running = await places[place]!(server)
    }, 120_000)

    afterAll(() => running?.[Symbol.asyncDispose]())

    it.concurrent.each(Object.entries(clients))('%s', async (client, lines) => {
      expect(await running.run(client)).toEqual({ code: 0, lines })
    })
  })
}

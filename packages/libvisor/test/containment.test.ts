import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createHost, memory } from 'libvisor'
import type { Guest, Host } from 'libvisor'

/** A server whose handler fails, and which says so of what it catches itself. */
const failing = `
  import net from 'node:net'
  net.createServer(() => { throw new Error('on purpose') }).listen(7)`

/** Its client counts for itself what it hears of. */
const client = `
  import net from 'node:net'
  process.on('uncaughtException', (error) => console.log('heard of ' + error.message))
  const keep = setInterval(() => {}, 1000)
  net.connect(7, 'server').on('error', () => {}).on('close', () => {
    clearInterval(keep)
    console.log('closed')
  })`

describe('an error that guests of one thread could be blamed for', () => {
  let host: Host
  let witness: Guest
  let names = 0

  const spawn = (source: string, name = `guest-${++names}`): Promise<Guest> =>
    host.spawn({ name, isolation: 'context', entry: '/app/main.mjs', fs: { '/app': memory({ 'main.mjs': source }) } })

  beforeAll(async () => {
    host = await createHost({ pool: { threads: 1 } })
    witness = await spawn('setInterval(() => {}, 1000)', 'witness')
  }, 60_000)

  afterAll(() => host[Symbol.asyncDispose]())

  it('is that of the server whose handler throws, and not of the client that connects', async () => {
    const server = await spawn(failing, 'server')
    await server.listening(7)
    const other = await spawn(client)
    const [stderr, status, heard] = await Promise.all([text(server.stderr), server.exited, text(other.stdout)])
    expect(status).toEqual({ code: 1, signal: null })
    expect(stderr).toContain('Error: on purpose')
    expect(heard).toBe('closed\n')
    expect(await other.exited).toEqual({ code: 0, signal: null })
  })

  it.each([
    ['throws', `() => { throw new Error('on purpose') }`, { code: 1, signal: null }],
    ['exits', `() => process.exit(3)`, { code: 3, signal: null }],
    [
      'sends the signal again',
      `function again(signal) { process.off(signal, again); process.kill(process.pid, signal) }`,
      { code: null, signal: 'SIGTERM' },
    ],
  ])('ends the guest whose listener of a signal %s', async (_what, listener, status) => {
    const guest = await spawn(`process.on('SIGTERM', ${listener}); setInterval(() => {}, 1000); console.log('ready')`)
    await once(guest.stdout, 'data')
    guest.kill('SIGTERM')
    expect(await guest.exited).toEqual(status)
    const { thread, restarts } = (await host.stats()).guests.find(({ name }) => name === witness.name) ?? {}
    expect({ thread, restarts }).toEqual({ thread: 1, restarts: 0 })
  })
})

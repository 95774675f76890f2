import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { createHost, memory } from 'libvisor'
import { runScript } from '@libvisor/testkit'
import type { Guest, GuestOptions, Host, Stall } from 'libvisor'

/** A guest in a context, whose program exists in memory only. */
const program = (name: string, source: string, options: Partial<GuestOptions> = {}): GuestOptions => ({
  name,
  isolation: 'context',
  entry: '/app/main.mjs',
  fs: { '/app': memory({ 'main.mjs': source }), '/data': memory() },
  ...options,
})

/** A server that tells what its guest sees, and does what its path says. */
const server = `
  import { createServer } from 'node:http'
  import { readdirSync, writeFileSync } from 'node:fs'
  import os from 'node:os'
  writeFileSync('/data/' + os.hostname(), '')
  const commands = {
    '/exit': () => process.exit(3),
    '/throw': () => { throw new RangeError('on purpose') },
    '/reject': () => { Promise.reject(new RangeError('on purpose')) },
    '/stall': () => { for (;;); },
    '/fill': () => { const all = []; for (;;) all.push(Array.from({ length: 1000 }, () => ({}))) },
  }
  createServer((request, response) => {
    if (commands[request.url]) setTimeout(commands[request.url], 10)
    response.end(JSON.stringify({ host: os.hostname(), files: readdirSync('/data') }))
  }).listen(3000)`

const ask = async (host: Host, name: string, path = '/'): Promise<unknown> =>
  (await host.fetch(`http://${name}:3000${path}`, { headers: { connection: 'close' } })).json()

/** Starts servers, and waits until they listen. */
async function spawnServers(
  host: Host,
  names: readonly string[],
  options: Partial<GuestOptions> = {},
): Promise<Guest[]> {
  const guests = await Promise.all(names.map((name) => host.spawn(program(name, server, options))))
  await Promise.all(guests.map((guest) => guest.listening(3000)))
  return guests
}

describe('guests of a pool', () => {
  it('listen on the same port and write to the same path, in one thread, and none sees another', async () => {
    await using host = await createHost({ pool: { threads: 1 } })
    await spawnServers(host, ['a', 'b'])
    expect(await ask(host, 'a')).toEqual({ host: 'a', files: ['a'] })
    expect(await ask(host, 'b')).toEqual({ host: 'b', files: ['b'] })
    const { threads } = await host.stats()
    expect(threads.map(({ thread, guests }) => ({ thread, guests }))).toEqual([{ thread: 1, guests: 2 }])
  })

  it('are spread over its threads, or go where they are told', async () => {
    await using host = await createHost({ pool: { threads: 2, maxGuestsPerThread: 11 } })
    const idle = 'setInterval(() => {}, 1000)'
    const names = Array.from({ length: 20 }, (_, index) => `guest-${index}`)
    // At once: how busy the threads are meanwhile depends on the machine.
    await Promise.all(names.map((name) => host.spawn(program(name, idle, { placement: { group: name.at(-1) ?? '' } }))))
    const { guests, threads } = await host.stats()
    expect(threads.map(({ guests: count }) => count).sort()).toEqual([10, 10])
    const threadOf = new Map(guests.map(({ name, thread }) => [name, thread]))
    for (const last of '0123456789') expect(threadOf.get(`guest-${last}`)).toBe(threadOf.get(`guest-1${last}`))

    const chosen = await host.spawn(program('chosen', idle, { placement: { thread: 2 } }))
    expect((await chosen.stats()).thread).toBe(2)
    const further = host.spawn(program('further', idle, { placement: { thread: 2 } }))
    await expect(further).rejects.toMatchObject({
      code: 'VISOR_POOL_FULL',
      message: expect.stringContaining('further') as unknown,
    })
    const nowhere = host.spawn(program('nowhere', idle, { placement: { thread: 3 } }))
    await expect(nowhere).rejects.toMatchObject({ code: 'VISOR_CONFIG_INVALID' })
    expect(host.guests.size).toBe(21)
  })

  it.each([
    ['exits', '/exit', { code: 3, signal: null }, ''],
    ['throws', '/throw', { code: 1, signal: null }, 'RangeError: on purpose'],
    ['leaves a rejection unhandled', '/reject', { code: 1, signal: null }, 'RangeError: on purpose'],
  ])('end alone: one that %s', async (_what, path, status, message) => {
    await using host = await createHost({ pool: { threads: 1 } })
    const [bad] = (await spawnServers(host, ['bad', 'good'])) as [Guest, Guest]
    const stderr = text(bad.stderr)
    await ask(host, 'bad', path)
    expect(await bad.exited).toEqual(status)
    expect(await stderr).toContain(message)
    expect(await ask(host, 'good')).toEqual({ host: 'good', files: ['good'] })
    expect([...host.guests.keys()]).toEqual(['good'])
  })

  it('end alone when they are killed, and their names are free again', async () => {
    await using host = await createHost({ pool: { threads: 1 } })
    const [a, b] = (await spawnServers(host, ['a', 'b', 'c'])) as [Guest, Guest, Guest]
    a.kill('SIGKILL')
    b.kill('SIGTERM')
    expect(await Promise.all([a.exited, b.exited])).toEqual([
      { code: null, signal: 'SIGKILL' },
      { code: null, signal: 'SIGTERM' },
    ])
    await spawnServers(host, ['a'])
    expect(await ask(host, 'a')).toEqual({ host: 'a', files: ['a'] })
    expect(await ask(host, 'c')).toEqual({ host: 'c', files: ['c'] })
  })

  it('write what they have to say before they exit', async () => {
    await using host = await createHost()
    const guest = await host.spawn(
      program('last', `process.stdout.write('x'.repeat(1e6)); console.error('last words'); process.exit(4)`),
    )
    const [stdout, stderr, status] = await Promise.all([text(guest.stdout), text(guest.stderr), guest.exited])
    expect(stdout.length).toBe(1e6)
    expect(stderr).toBe('last words\n')
    expect(status.code).toBe(4)
  })

  it('say what they use, by guest and by thread', async () => {
    await using host = await createHost({ pool: { threads: 1 } })
    await spawnServers(host, ['a', 'b'])
    const { guests, threads } = await host.stats()
    expect(guests.map(({ name, isolation, thread, restarts }) => [name, isolation, thread, restarts])).toEqual([
      ['a', 'context', 1, 0],
      ['b', 'context', 1, 0],
    ])
    for (const { heapUsedBytes, startMs } of guests) {
      expect(heapUsedBytes).toBeGreaterThan(0)
      expect(startMs).toBeGreaterThan(0)
    }
    expect(threads[0]?.heapLimitBytes).toBeGreaterThan(threads[0]?.heapUsedBytes ?? Infinity)
    expect(threads[0]?.cpuMs).toBeGreaterThan(0)
  })
})

describe('a thread that stalls', () => {
  it('is noticed, and the guest that holds it up is named', async () => {
    const stalls: Stall[] = []
    const noticed = Promise.withResolvers<void>()
    const onStall = (stall: Stall): void => {
      stalls.push(stall)
      if (stall.guest === 'loud') noticed.resolve()
    }
    await using host = await createHost({ pool: { threads: 1, stallMs: 1000, onStall } })
    await spawnServers(host, ['quiet', 'loud'])
    await ask(host, 'quiet')
    await ask(host, 'loud', '/stall')
    await noticed.promise
    const stall = { thread: 1, guest: 'loud', action: 'noticed', others: ['quiet'], limitMs: Infinity }
    expect(stalls.at(-1)).toMatchObject(stall)
    expect(stalls.at(-1)?.stalledMs).toBeGreaterThanOrEqual(1000)
    const heaps = async (): Promise<unknown> => (await host.stats()).guests.map(({ heapUsedBytes }) => heapUsedBytes)
    await expect.poll(heaps, { timeout: 20_000 }).toEqual([undefined, undefined])
    expect((await host.stats()).threads[0]?.stalledMs).toBeGreaterThan(1000)
  })

  it('is noticed when it has hardly started, and a guest never gets beyond its first line', async () => {
    const noticed = Promise.withResolvers<Stall>()
    await using host = await createHost({ pool: { threads: 1, stallMs: 1000, onStall: noticed.resolve } })
    await host.spawn(program('first', 'for (;;);'))
    expect(await noticed.promise).toMatchObject({ thread: 1, guest: 'first', others: [] })
  })

  it('is ended with that guest at the limit, and the others are started again, unless they do not want it', async () => {
    const stalls: Stall[] = []
    const onStall = (stall: Stall): void => void stalls.push(stall)
    await using host = await createHost({ pool: { threads: 1, stallMs: 1000, stallLimitMs: 3000, onStall } })
    const [good] = (await spawnServers(host, ['good'])) as [Guest]
    const [bad, once] = (await spawnServers(host, ['bad', 'once'], { restart: 'no' })) as [Guest, Guest]
    const stderr = text(bad.stderr)
    await good.fs.writeFile('/data/kept', 'in memory')
    await ask(host, 'bad', '/stall')
    const killed = { code: null, signal: 'SIGKILL' }
    expect(await Promise.all([bad.exited, once.exited])).toEqual([killed, killed])
    expect(await stderr).toMatch(/visor: .*thread 1/)
    // A machine that is too busy may hold the thread up before the guest does.
    expect(stalls.slice(-2).map(({ guest, action }) => [guest, action])).toEqual([
      ['bad', 'noticed'],
      ['bad', 'ended'],
    ])
    await good.listening(3000)
    expect(await ask(host, 'good')).toEqual({ host: 'good', files: ['good'] })
    expect(await good.fs.readdir('/data')).toEqual(['good'])
    expect((await good.stats()).restarts).toBe(1)
  })

  it('is replaced when the guest that holds it up is killed', async () => {
    await using host = await createHost({ pool: { threads: 1 } })
    const [bad, good] = (await spawnServers(host, ['bad', 'good'])) as [Guest, Guest]
    await ask(host, 'bad', '/stall')
    bad.kill('SIGKILL')
    expect(await bad.exited).toEqual({ code: null, signal: 'SIGKILL' })
    await good.listening(3000)
    expect(await ask(host, 'good')).toEqual({ host: 'good', files: ['good'] })
  })

  it('does not keep a host from being disposed of', async () => {
    const host = await createHost({ pool: { threads: 1 } })
    const guests = await spawnServers(host, ['a', 'b'])
    await ask(host, 'a', '/stall')
    await host[Symbol.asyncDispose]()
    for (const guest of guests) expect(await guest.exited).toEqual({ code: null, signal: 'SIGKILL' })
  })
})

it('a thread that runs out of memory ends with the guest that ran, and the others are started again', async () => {
  await using host = await createHost({ pool: { threads: 1, memoryLimitMb: 128 } })
  const [bad, good] = (await spawnServers(host, ['bad', 'good'])) as [Guest, Guest]
  const stderr = text(bad.stderr)
  await ask(host, 'bad', '/fill')
  expect(await bad.exited).toEqual({ code: null, signal: 'SIGABRT' })
  expect(await stderr).toMatch(/out of memory \(limit: 128 MiB\) while 'bad' ran/)
  await good.listening(3000)
  expect(await ask(host, 'good')).toEqual({ host: 'good', files: ['good'] })
})

it('a thread without guests ends, unless it is the only one', async () => {
  await using host = await createHost({ pool: { threads: 2 } })
  const guests = await spawnServers(host, ['a', 'b'])
  const running = async (): Promise<readonly number[]> => (await host.stats()).threads.map(({ guests: count }) => count)
  expect(await running()).toEqual([1, 1])
  await Promise.all(guests.map((guest) => guest[Symbol.asyncDispose]()))
  expect(await running()).toEqual([0, 0])
  await expect.poll(running, { timeout: 20_000, interval: 200 }).toEqual([0])
})

it('a host without guests does not keep its process alive, and one with guests does', async () => {
  const index = new URL('../src/index.ts', import.meta.url).href
  const source = `
    import { createHost, memory } from '${index}'
    const host = await createHost()
    const fs = { '/app': memory({ 'main.mjs': 'setTimeout(() => console.log("done"), 500)' }) }
    const guest = await host.spawn({ name: 'a', isolation: 'context', entry: '/app/main.mjs', fs })
    guest.stdout.pipe(process.stdout)`
  const { code, stdout, stderr } = await runScript(['--input-type=module', '-e', source])
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'done\n', stderr: '' })
})

it.each([
  [{ threads: 0 }, /'pool\.threads'.* 0/],
  [{ thread: 2 }, /'pool\.thread'/],
  [{ stallMs: -1 }, /'pool\.stallMs'.* -1/],
  [{ onStall: 'print' }, /'pool\.onStall'.*"print"/],
])('options of a pool that are wrong are named: %j', async (pool, message) => {
  const made = createHost({ pool: pool as object })
  await expect(made).rejects.toMatchObject({
    code: 'VISOR_CONFIG_INVALID',
    message: expect.stringMatching(message) as unknown,
  })
})

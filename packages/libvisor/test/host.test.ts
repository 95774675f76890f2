import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import os from 'node:os'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { createHost, hostDir, memory, overlay } from 'libvisor'
import type { GuestOptions } from 'libvisor'
import { temporaryDirectory } from '@libvisor/testkit'

/** A server that tells what its guest sees. */
const teller = `
  import { createServer } from 'node:http'
  import { readdirSync, writeFileSync } from 'node:fs'
  import os from 'node:os'
  writeFileSync('/data/' + os.hostname(), 'mine')
  createServer((request, response) => {
    response.end(JSON.stringify({
      host: os.hostname(), files: readdirSync('/data'), secret: process.env.SECRET ?? null, pid: process.pid, url: request.url,
    }))
  }).listen(3000)`

describe.each(['thread', 'context'] as const)('with isolation %s', (isolation) => {
  /** A guest whose program exists in memory only. */
  const program = (name: string, source: string, options: Partial<GuestOptions> = {}): GuestOptions => ({
    name,
    isolation,
    entry: '/app/main.mjs',
    fs: { '/app': memory({ 'main.mjs': source }), '/data': memory() },
    ...options,
  })

  it('a guest starts when it starts, for `process`, for /proc, and for its workers', async () => {
    const source = `
      import { readFileSync } from 'node:fs'
      import os from 'node:os'
      import { Worker } from 'node:worker_threads'
      const started = os.uptime() - process.uptime()
      const ticks = Number(readFileSync('/proc/self/stat', 'utf8').split(' ')[21])
      const report = (worker) => console.log(JSON.stringify({ uptime: process.uptime(), apart: ticks / 100 - started, worker }))
      const inWorker = 'require("node:worker_threads").parentPort.postMessage(process.uptime())'
      if (process.argv[2] === 'plain') report(process.uptime())
      else setTimeout(() => new Worker(inWorker, { eval: true }).once('message', report), 300)`
    await using host = await createHost()
    const passed = process.uptime()
    const guest = await host.spawn(program('late', source, { args: isolation === 'context' ? ['plain'] : [] }))
    const { uptime, apart, worker } = JSON.parse(String((await once(guest.stdout, 'data'))[0])) as Record<
      string,
      number
    >
    expect(uptime).toBeLessThanOrEqual(process.uptime() - passed)
    expect(Math.abs(apart ?? NaN)).toBeLessThan(0.1)
    // A worker is of the same process.
    expect(worker).toBeGreaterThan(isolation === 'context' ? 0 : 0.3)
    expect(worker).toBeLessThanOrEqual(uptime ?? NaN)
  })

  describe('two guests', () => {
    it("talk over http://name:port, on the same port, and neither sees the other's files or environment", async () => {
      await using host = await createHost()
      const api = await host.spawn(program('api', teller, { process: { env: { SECRET: 'api' } } }))
      const web = await host.spawn(
        program(
          'web',
          `${teller}
        process.on('SIGUSR2', async () => {
          const response = await fetch('http://api:3000/from-web')
          console.log(await response.text())
        })`,
        ),
      )
      await Promise.all([api.listening(3000), web.listening(3000)])
      const fromHost = await (await host.fetch('http://web:3000/from-host')).json()
      expect(fromHost).toEqual({ host: 'web', files: ['web'], secret: null, pid: 1, url: '/from-host' })
      web.kill('SIGUSR2')
      const [line] = (await once(web.stdout, 'data')) as [Buffer]
      expect(JSON.parse(String(line))).toEqual({ host: 'api', files: ['api'], secret: 'api', pid: 1, url: '/from-web' })
      expect(api.address).not.toBe(web.address)
      expect(existsSync('/data')).toBe(false)
    })

    it('run their handlers in their own namespace, whoever connects', async () => {
      await using host = await createHost()
      const server = `
      import { createServer } from 'node:net'
      import { AsyncLocalStorage } from 'node:async_hooks'
      const storage = new AsyncLocalStorage()
      storage.run('server', () => createServer((socket) => socket.end(String(storage.getStore()))).listen(7))`
      const guest = await host.spawn(program('echo', server))
      await guest.listening(7)
      const client = await host.spawn(
        program(
          'client',
          `
        import { connect } from 'node:net'
        connect(7, 'echo').pipe(process.stdout)`,
        ),
      )
      expect(await text(client.stdout)).toBe('server')
    })
  })

  describe('a guest on the network', () => {
    it('has an interface with its address there', async () => {
      await using host = await createHost()
      const source = `
      import { networkInterfaces } from 'node:os'
      console.log(JSON.stringify(networkInterfaces().eth0))`
      const guest = await host.spawn(program('faces', source))
      const [face] = JSON.parse(await text(guest.stdout)) as unknown[]
      const { address } = guest
      expect(face).toMatchObject({ address, netmask: '255.255.0.0', cidr: `${address}/16`, internal: false })
    })
  })

  describe('a handle', () => {
    it("works on the guest's files with the whole of fs/promises", async () => {
      await using host = await createHost()
      const guest = await host.spawn(
        program(
          'files',
          `
        import { writeFileSync, readFileSync } from 'node:fs'
        writeFileSync('/data/a.txt', 'from the guest')
        process.on('SIGUSR2', () => console.log(readFileSync('/data/b.txt', 'utf8')))
        setInterval(() => {}, 1000)`,
        ),
      )
      await expect.poll(() => guest.fs.readFile('/data/a.txt', 'utf8')).toBe('from the guest')
      await guest.fs.writeFile('/data/b.txt', 'from the host')
      guest.kill('SIGUSR2')
      const [line] = (await once(guest.stdout, 'data')) as [Buffer]
      expect(String(line)).toBe('from the host\n')
      expect((await guest.fs.stat('/data')).isDirectory()).toBe(true)
      await expect(guest.fs.readFile('/missing')).rejects.toMatchObject({ code: 'ENOENT', path: '/missing' })
    })

    it('has closed files when the guest has ended, also where nobody has asked for them before', async () => {
      await using host = await createHost()
      const guest = await host.spawn(program('closed', `process.exit()`))
      await guest.exited
      const reading = async (): Promise<Buffer> => guest.fs.readFile('/data/a.txt')
      await expect(reading()).rejects.toMatchObject({ code: 'VISOR_GUEST_ENDED' })
    })

    it('tells how the guest ended: by a code, by a signal it does not handle, by one it does', async () => {
      await using host = await createHost()
      const coded = await host.spawn(program('coded', `process.exit(3)`))
      expect(await coded.exited).toEqual({ code: 3, signal: null })
      const killed = await host.spawn(program('killed', `setInterval(() => {}, 1000)`))
      expect(killed.kill()).toBe(true)
      expect(await killed.exited).toEqual({ code: null, signal: 'SIGTERM' })
      expect(killed.kill()).toBe(false)
      const polite = await host.spawn(
        program(
          'polite',
          `process.on('SIGTERM', (name, number) => process.exit(number)); setInterval(() => {}, 1000); console.log('ready')`,
        ),
      )
      await once(polite.stdout, 'data')
      polite.kill('SIGTERM')
      expect(await polite.exited).toEqual({ code: 15, signal: null })
      const stuck = await host.spawn(program('stuck', `console.log('ready'); setTimeout(() => { for (;;); }, 10)`))
      await once(stuck.stdout, 'data')
      stuck.kill('SIGKILL')
      expect(await stuck.exited).toEqual({ code: null, signal: 'SIGKILL' })
    })

    it('ends a guest that never returns to its event loop when it is told to a second time', async () => {
      await using host = await createHost()
      const busy = await host.spawn(program('busy', `for (;;);`))
      const insist = setInterval(() => busy.kill('SIGINT'), 200)
      expect(await busy.exited).toEqual({ code: null, signal: 'SIGINT' })
      clearInterval(insist)
    })

    it('has the error of a guest that fails on its stderr, and its other guests go on', async () => {
      await using host = await createHost()
      const good = await host.spawn(program('good', teller))
      const bad = await host.spawn(program('bad', `throw new RangeError('on purpose')`))
      const [stderr, status] = await Promise.all([text(bad.stderr), bad.exited])
      expect(status.code).toBe(1)
      expect(stderr).toContain('RangeError: on purpose')
      await good.listening(3000)
      expect((await host.fetch('http://good:3000/')).status).toBe(200)
      expect([...host.guests.keys()]).toEqual(['good'])
      await expect(bad.listening(3000)).rejects.toMatchObject({ code: 'VISOR_GUEST_ENDED' })
    })

    it('has a stdin to write to where it is asked for', async () => {
      await using host = await createHost()
      const guest = await host.spawn(program('echo', 'process.stdin.pipe(process.stdout)', { stdin: true }))
      guest.stdin?.end('some input')
      expect(await text(guest.stdout)).toBe('some input')
      const silent = await host.spawn(program('silent', 'process.stdin.pipe(process.stdout)'))
      expect(await text(silent.stdout)).toBe('')
      expect(silent.stdin).toBe(undefined)
    })

    it('tells what the guest uses', async () => {
      await using host = await createHost()
      const guest = await host.spawn(program('user', `${teller}; setInterval(() => {}, 1000)`))
      await guest.listening(3000)
      const use = { handles: 0, timers: 1, sockets: 1, restarts: 0 }
      await expect.poll(() => guest.stats()).toMatchObject(use)
      const { heapUsedBytes, cpuMs, startMs } = await guest.stats()
      for (const amount of [heapUsedBytes, cpuMs, startMs]) expect(amount).toBeGreaterThan(0)
    })

    it('publishes ports of the guest on the host', async () => {
      await using host = await createHost()
      const guest = await host.spawn(
        program('published', teller, { net: { publish: [{ guestPort: 3000, hostAddress: '127.0.0.1' }] } }),
      )
      const { published } = await guest.listening(3000)
      expect(published).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
      expect(await (await fetch(`${published}/outside`)).json()).toMatchObject({ host: 'published', url: '/outside' })
    })

    it('moves a manual clock on', async () => {
      await using host = await createHost()
      const guest = await host.spawn(
        program(
          'clock',
          `setTimeout(() => console.log(new Date().toISOString()), 86_400_000); console.log(Date.now())`,
          {
            time: { mode: 'manual', start: '2030-01-01T00:00:00Z' },
          },
        ),
      )
      const [first] = (await once(guest.stdout, 'data')) as [Buffer]
      expect(Number(String(first))).toBe(Date.parse('2030-01-01T00:00:00Z'))
      const output = once(guest.stdout, 'data')
      await guest.advance(86_400_000)
      const running = await host.spawn(program('running', `setInterval(() => {}, 1000)`))
      await expect(running.advance(1)).rejects.toMatchObject({ code: 'VISOR_OPTION_INVALID' })
      expect(String(((await output) as [Buffer])[0])).toBe('2030-01-02T00:00:00.000Z\n')
    })
  })

  it('a guest’s /etc/hosts has its own address, and what is written there counts for all of its threads', async () => {
    const source = `
      import fs from 'node:fs'
      import { lookup } from 'node:dns/promises'
      import os from 'node:os'
      import { Worker } from 'node:worker_threads'
      const inWorker = \`
        require('node:fs').appendFileSync('/etc/hosts', '10.0.0.9 made.in.worker')
        require('node:dns').lookup('made.in.worker', (error, address) => require('node:worker_threads').parentPort.postMessage(address ?? error.code))\`
      const [{ address }] = os.networkInterfaces().eth0
      const { address: own } = await lookup(os.hostname())
      const text = fs.readFileSync('/etc/hosts', 'utf8')
      const tell = async (worker) => console.log(JSON.stringify({
        address, own, listed: text.includes(address + '\\tnamed\\n'), name: fs.readFileSync('/etc/hostname', 'utf8'),
        worker, here: (await lookup('made.in.worker')).address,
      }))
      if (process.argv[2] === 'plain') { fs.appendFileSync('/etc/hosts', '10.0.0.9 made.in.worker\\n'); await tell('10.0.0.9') }
      else new Worker(inWorker, { eval: true }).once('message', tell)`
    await using host = await createHost()
    const fs = { '/': overlay({ lower: hostDir('/'), upper: memory({ '/app/main.mjs': source }) }) }
    const args = isolation === 'context' ? ['plain'] : []
    const guest = await host.spawn({ name: 'named', isolation, entry: '/app/main.mjs', args, fs })
    const told = JSON.parse(String((await once(guest.stdout, 'data'))[0])) as Record<string, string>
    const { address } = told
    expect(told).toEqual({ address, own: address, listed: true, name: 'named\n', worker: '10.0.0.9', here: '10.0.0.9' })
  })

  it('the machine of a guest with a manual clock has been running as long as that says, for `os` and for /proc', async () => {
    const source = `
      import { readFileSync } from 'node:fs'
      import os from 'node:os'
      const read = () => {
        const [uptime, idle] = readFileSync('/proc/uptime', 'utf8').split(' ').map(Number)
        const [, booted] = /^btime (\\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))
        const started = Number(readFileSync('/proc/self/stat', 'utf8').split(' ')[21]) / 100
        return { uptime, idle, booted: Number(booted), started, os: os.uptime(), process: process.uptime() }
      }
      const times = [read()]
      setTimeout(() => console.log(JSON.stringify([...times, read()])), 3_600_000)
      setImmediate(() => console.log('ready'))`
    await using host = await createHost()
    const time = { mode: 'manual', start: '2030-01-01T00:00:00Z' } as const
    const guest = await host.spawn(program('still', source, { time }))
    await once(guest.stdout, 'data')
    const output = once(guest.stdout, 'data')
    await guest.advance(3_600_000)
    const [before, after] = JSON.parse(String(((await output) as [Buffer])[0])) as Record<string, number>[]
    expect(before).toMatchObject({ os: before?.['uptime'], process: 0, booted: before?.['booted'] })
    expect(Math.abs((before?.['uptime'] ?? 0) - os.uptime())).toBeLessThan(60)
    expect(Math.abs((before?.['started'] ?? 0) - (before?.['uptime'] ?? 0))).toBeLessThan(0.02)
    expect(after?.['uptime']).toBeCloseTo((before?.['uptime'] ?? 0) + 3600, 1)
    expect(after?.['idle']).toBeCloseTo((before?.['idle'] ?? 0) + 3600, 1)
    expect(after).toMatchObject({ os: after?.['uptime'], process: 3600 })
    expect(after?.['started']).toBe(before?.['started'])
    expect(Math.abs((after?.['booted'] ?? 0) - (before?.['booted'] ?? 0))).toBeLessThanOrEqual(1)
    expect(
      Math.abs((before?.['booted'] ?? 0) + (before?.['uptime'] ?? 0) - Date.parse(time.start) / 1000),
    ).toBeLessThan(2)
  })

  describe('options', () => {
    it('of a seed and a zone make runs repeat', async () => {
      await using host = await createHost()
      const run = async (name: string): Promise<string> => {
        const guest = await host.spawn(
          program(
            name,
            `import { randomUUID } from 'node:crypto'
           console.log(Math.random(), randomUUID(), new Date(0).getHours())`,
            { random: { seed: 7 }, time: { zone: 'Asia/Tokyo' } },
          ),
        )
        return text(guest.stdout)
      }
      const [first, second] = [await run('a'), await run('b')]
      expect(first).toBe(second)
      expect(first).toMatch(/ 9\n$/)
    })

    it('of a directory of the host run what is there, and changes stay in the overlay', async () => {
      using directory = temporaryDirectory({
        'main.mjs': `import { appendFileSync, readFileSync } from 'node:fs'
        appendFileSync('/app/log.txt', 'more'); console.log(readFileSync('/app/log.txt', 'utf8'), import.meta.filename)`,
        'log.txt': 'some ',
      })
      await using host = await createHost()
      const guest = await host.spawn({
        name: 'app',
        isolation,
        entry: new URL(`file://${directory.path}/main.mjs`),
        fs: { '/app': overlay({ lower: hostDir(directory.path), upper: memory() }) },
      })
      expect(await text(guest.stdout)).toBe('some more /app/main.mjs\n')
      expect(directory.list()).toEqual(['log.txt', 'main.mjs'])
    })

    it.each([
      ['a name that is no host name', { name: 'a b' }, 'VISOR_CONFIG_INVALID', /'name'.*"a b"/],
      ['an option that does not exist', { name: 'a', nets: {} }, 'VISOR_CONFIG_INVALID', /nets/],
      ['a relative mount point', { name: 'a', fs: { data: memory() } }, 'VISOR_CONFIG_INVALID', /data.*absolute path/],
      [
        'no list of destinations',
        { name: 'a', net: { egress: 3 } },
        'VISOR_CONFIG_INVALID',
        /egress.* 3: .*true, false or/,
      ],
      ['ports that are none', { name: 'a', net: { publish: 3 } }, 'VISOR_CONFIG_INVALID', /publish.* 3: .*8081: 3000/],
      [
        'an isolation that is none',
        { name: 'a', isolation: 'vm' },
        'VISOR_CONFIG_INVALID',
        /"vm".*"context"\|"thread"/,
      ],
      ['a port that is none', { name: 'a', net: { publish: { 1: 70_000 } } }, 'VISOR_CONFIG_INVALID', /publish/],
      [
        'an egress rule that cannot be read',
        { name: 'a', net: { egress: ['10.0.0.0/99'] } },
        'VISOR_CONFIG_INVALID',
        /10\.0\.0\.0\/99/,
      ],
      [
        'a directory that is not there',
        { name: 'a', fs: { '/app': hostDir('/no/such/dir') } },
        'VISOR_MOUNT_UNREADABLE',
        /\/no\/such\/dir/,
      ],
      ['an entry that is not there', { name: 'a', entry: './no-such.js' }, 'VISOR_ENTRY_NOT_FOUND', /no-such\.js/],
      [
        'an entry that is not in the guest',
        { name: 'a', entry: '/app/none.js' },
        'VISOR_ENTRY_NOT_FOUND',
        /\/app\/none\.js/,
      ],
    ])('that are wrong give one error that names the value: %s', async (_what, options, code, message) => {
      await using host = await createHost()
      const guest = host.spawn({ ...program('a', ''), ...options } as GuestOptions)
      await expect(guest).rejects.toMatchObject({ code, message: expect.stringMatching(message) as unknown })
      expect(host.guests.size).toBe(0)
    })

    it('of a port that is in use leave nothing half-started', async () => {
      await using host = await createHost()
      const server = createServer().listen(0)
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      const options = program('taken', teller, { net: { publish: { [port]: 3000 } } })
      await expect(host.spawn(options)).rejects.toMatchObject({
        code: 'VISOR_ADDRESS_IN_USE',
        message: expect.stringContaining(String(port)) as unknown,
      })
      server.close()
      await once(server, 'close')
      const guest = await host.spawn(options)
      expect((await guest.listening(3000)).published).toBe(`http://localhost:${port}`)
    })
  })
})

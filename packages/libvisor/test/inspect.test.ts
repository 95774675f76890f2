import { spawn } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createHost, memory } from 'libvisor'
import { runScript, temporaryDirectory } from '@libvisor/testkit'

const visor = fileURLToPath(new URL('../bin/visor.js', import.meta.url))

const server = `
  const net = require('node:net')
  const sockets = []
  const listening = (server, ...at) => new Promise((resolve) => server.listen(...at, resolve))
  Promise.all([
    listening(net.createServer({ allowHalfOpen: true }, (socket) => { sockets.push(socket.pause()); socket.write('greeting'); console.log('accepted') }), 3000, '0.0.0.0'),
    listening(net.createServer(), 3001),
    listening(net.createServer(), 3002, '::1'),
    listening(net.createServer(), '/tmp/app.sock'),
    new Promise((resolve) => require('node:dgram').createSocket('udp4').bind(53, resolve)),
  ]).then(() => console.log('ready'))`

describe.each(['thread', 'context'] as const)('the sockets of a guest in a %s', (isolation) => {
  it('are told as ss shows them', async () => {
    await using host = await createHost()
    const source = { '/app/main.cjs': server, '/tmp/': '' }
    const guest = await host.spawn({ name: 'api', isolation, entry: '/app/main.cjs', fs: { '/': memory(source) } })
    await once(guest.stdout, 'data')
    const { address } = guest
    const at = (own: string, port: number): object => ({ address: own, port })
    const none = { recvQueueBytes: 0, sendQueueBytes: 0, peer: undefined, isOfHost: false }
    const waiting = [
      { ...none, protocol: 'udp', state: 'UNCONN', local: at('0.0.0.0', 53) },
      { ...none, protocol: 'tcp', state: 'LISTEN', local: at('0.0.0.0', 3000) },
      { ...none, protocol: 'tcp', state: 'LISTEN', local: at('::', 3001) },
      { ...none, protocol: 'tcp', state: 'LISTEN', local: at('::1', 3002) },
    ]
    const unix = { ...none, protocol: 'unix', state: 'LISTEN', local: at('/tmp/app.sock', 0) }
    expect(await guest.sockets()).toEqual([...waiting, unix])

    const socket = host.connect({ host: 'api', port: 3000 })
    // The guest ends with the connection open.
    socket.on('error', () => {})
    const accepted = once(guest.stdout, 'data')
    await once(socket, 'connect')
    socket.pause()
    await accepted
    const peer = expect.objectContaining({ address: '10.88.0.2' })
    const row = { protocol: 'tcp', state: 'ESTAB', local: at(address, 3000), peer, isOfHost: false }
    expect(await guest.sockets()).toEqual([...waiting, expect.objectContaining(row), unix])
    socket.end()
    await expect
      .poll(async () => (await guest.sockets()).find(({ peer }) => peer !== undefined)?.state)
      .toBe('CLOSE-WAIT')
  })
})

/** In a program: whether others can look at it. */
const isLookedAt = `
  const isLookedAt = () => {
    const { existsSync, readdirSync } = require('node:fs')
    return existsSync(process.argv[2]) && readdirSync(process.argv[2]).some((name) => name.endsWith('.sock'))
  }`

/** A program that uses its network, waits until others can look at it, and then does something. */
const whenLookedAt = (then: string): string => `
  ${isLookedAt}
  const server = require('node:net').createServer().listen(3000, () => {
    const timer = setInterval(() => {
      if (!isLookedAt()) return
      clearInterval(timer)
      console.log('open')
      server.close(() => { ${then} })
    }, 20)
  })`

/** A directory with a program, and how `visor` runs there: with control sockets of its own. */
function workplace(program: string) {
  const directory = temporaryDirectory({ 'main.cjs': program })
  // A guest of another user must be able to read its program.
  chmodSync(directory.path, 0o755)
  const env = { PATH: process.env['PATH'] ?? '', NO_COLOR: '1', XDG_RUNTIME_DIR: directory.resolve('run') }
  const options = { cwd: directory.path, env }
  return {
    inspect: (...args: readonly string[]) => runScript(['--', visor, 'inspect', ...args], options),
    start: (...args: readonly string[]) => spawn(process.execPath, [visor, 'run', ...args], options),
    run: (...args: readonly string[]) => runScript(['--', visor, 'run', ...args], options),
    /** Where the sockets are, which a program can see. */
    control: directory.resolve('run/visor'),
    controlSockets: () => directory.list().filter((name) => name.endsWith('.sock')),
    [Symbol.dispose]: () => directory[Symbol.dispose](),
  }
}

describe('visor inspect', () => {
  it('shows guests of other processes, and what they have open', async () => {
    using place = workplace(server.replace('/tmp/app.sock', '\\0app'))
    const { inspect } = place
    const running = place.start('--isolation', 'thread', '--name', 'api', 'main.cjs')
    try {
      await once(running.stdout, 'data')
      const { stdout, stderr, code } = await inspect('api')
      expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
      const [about, header, ...rows] = stdout.trimEnd().split('\n')
      expect(about).toMatch(
        new RegExp(`^api  10\\.88\\.\\d+\\.\\d+  thread  host pid ${running.pid}  [\\d.]+ s of CPU$`),
      )
      expect(header).toMatch(/^Netid +State +Recv-Q +Send-Q +Local Address:Port +Peer Address:Port +Process$/)
      expect(rows.map((row) => row.split(/ +/).slice(0, 6).join(' '))).toEqual([
        'udp UNCONN 0 0 0.0.0.0:53 0.0.0.0:*',
        'tcp LISTEN 0 0 0.0.0.0:3000 0.0.0.0:*',
        'tcp LISTEN 0 0 *:3001 *:*',
        'tcp LISTEN 0 0 [::1]:3002 *:*',
        'u_str LISTEN 0 0 @app *',
      ])
      expect(rows[0]).toMatch(/users:\(\("api",pid=1\)\)$/)
      const [told] = JSON.parse((await inspect('--json')).stdout) as Record<string, unknown>[]
      expect(told).toMatchObject({ name: 'api', isolation: 'thread', hostPid: running.pid, restarts: 0 })
      expect(await inspect('nobody')).toMatchObject({ code: 2, stderr: expect.stringContaining("'nobody'") })
    } finally {
      running.kill('SIGKILL')
    }
    await once(running, 'exit')
    expect(await inspect()).toMatchObject({ code: 0, stdout: '' })
    expect(place.controlSockets()).toEqual([])
  })

  it('shows a program that has its process to itself, once it has used its network', async () => {
    using place = workplace(
      `${server.replace('bind(53', 'bind(5353')}.then(() => require('node:net').connect(3000, '127.0.0.1').resume())`,
    )
    const { inspect } = place
    const running = place.start('--name', 'api', '-u', '1234', '-p', '127.0.0.1:0:3001', 'main.cjs')
    const ended = once(running, 'exit')
    try {
      await expect.poll(async () => (await inspect()).stdout, { timeout: 20_000 }).toContain('ESTAB')
      const [about, , ...rows] = (await inspect('api')).stdout.trimEnd().split('\n')
      expect(about).toMatch(new RegExp(`^api  process  host pid ${running.pid}  [\\d.]+ s of CPU$`))
      expect(
        rows.map((row) =>
          row
            .split(/ +/)
            .slice(0, 6)
            .join(' ')
            .replace(/:3\d{4}|:[4-6]\d{4}/, ':port'),
        ),
      ).toEqual([
        'udp UNCONN 0 0 0.0.0.0:5353 0.0.0.0:*',
        'tcp LISTEN 0 0 0.0.0.0:3000 0.0.0.0:*',
        'tcp LISTEN 0 0 *:3001 *:*',
        'tcp LISTEN 0 0 [::1]:3002 *:*',
        'tcp ESTAB 0 0 127.0.0.1:3000 127.0.0.1:port',
        'tcp ESTAB 0 0 127.0.0.1:port 127.0.0.1:3000',
        'u_str LISTEN 0 0 /tmp/app.sock *',
      ])
      expect(rows.every((row) => row.endsWith('users:(("api",pid=1))'))).toBe(true)
      const [told] = JSON.parse((await inspect('--json')).stdout) as Record<string, unknown>[]
      const published = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/)
      expect(told).toMatchObject({
        ...{ name: 'api', isolation: 'process', hostPid: running.pid, restarts: 0 },
        ports: [{ port: 3000 }, { address: '::', port: 3001, published }, { port: 3002 }],
      })
      expect(await inspect('nobody')).toMatchObject({ code: 2, stderr: expect.stringContaining("'nobody'") })
    } finally {
      running.kill('SIGTERM')
    }
    await ended
    expect(await inspect()).toMatchObject({ code: 0, stdout: '' })
    expect(place.controlSockets()).toEqual([])
  })

  it('knows nothing of a program that does not use its network', async () => {
    using place = workplace(`process.stdin.resume(); setTimeout(() => console.log('later'), 1000)`)
    const running = place.start('main.cjs')
    await once(running.stdout, 'data')
    expect(await place.inspect()).toMatchObject({ code: 0, stdout: '' })
    expect(place.controlSockets()).toEqual([])
    running.stdin.end()
    expect(await once(running, 'exit')).toEqual([0, null])
  })

  const endings = {
    'has nothing left to do': { end: '', code: 0 },
    'calls process.exit()': { end: 'process.exit(3)', code: 3 },
    'throws what nobody catches': { end: `throw new Error('lost')`, code: 1 },
    'leaves a rejection to nobody': { end: `Promise.reject(new Error('lost'))`, code: 1 },
    'throws what its handler fails at': {
      end: `process.on('uncaughtException', () => { throw new Error('lost, too') }); throw new Error('lost')`,
      code: 7,
    },
  }

  it.each(Object.entries(endings))('has no way to a program that %s', async (_how, { end, code }) => {
    using place = workplace(whenLookedAt(end))
    expect(await place.run('main.cjs', place.control)).toMatchObject({ code, stdout: 'open\n' })
    expect(place.controlSockets()).toEqual([])
  })

  it('is not noticed by the program', async () => {
    using place = workplace(`
      ${isLookedAt}
      const net = require('node:net')
      const { subscribe } = require('node:diagnostics_channel')
      const seen = []
      const noting = (object, ...names) => {
        for (const name of names) {
          const method = object[name]
          object[name] = function (...args) { seen.push(name); return Reflect.apply(method, this, args) }
        }
      }
      const look = () => JSON.stringify([
        process.getActiveResourcesInfo(), process._getActiveHandles().length, process._getActiveRequests().length,
        process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
        ...[process, Object.getPrototypeOf(process), globalThis].map((object) => Reflect.ownKeys(object).map(String)),
        Object.keys(require.cache), process.emit === require('node:events').prototype.emit,
      ])
      const { reallyExit, _fatalException } = process
      const server = net.createServer().listen(3000, () => {
        for (const name of ['net.server.socket', 'net.client.socket', 'tracing:net.server.listen:asyncStart']) subscribe(name, () => seen.push(name))
        noting(net.Server.prototype, 'listen', '_listen2', 'close')
        noting(process, 'cpuUsage', 'memoryUsage', 'uptime')
        noting(globalThis, 'setTimeout', 'setImmediate', 'clearTimeout')
        const { createHook, executionAsyncId } = require('node:async_hooks')
        const own = new Set()
        const init = (id, type, trigger) => void (own.has(trigger) || own.has(executionAsyncId()) ? own.add(id) : seen.push(type))
        let before, isOpen = false, isOver = false
        process.on('SIGUSR2', () => (isOver = true))
        setInterval(() => {
          if (before === undefined) {
            before = look()
            own.add(executionAsyncId())
            createHook({ init }).enable()
          }
          if (!isOpen && isLookedAt()) {
            isOpen = true
            console.log(look() === before)
          }
          if (!isOver) return
          console.log(look() === before, process.reallyExit === reallyExit && process._fatalException === _fatalException, seen)
          process.exit()
        }, 20)
      })`)
    const running = place.start('--time', '2030-01-01T00:00:00Z', 'main.cjs', place.control)
    const printed = text(running.stdout)
    await expect.poll(async () => (await place.inspect()).stdout, { timeout: 20_000 }).toContain('guest')
    running.kill('SIGUSR2')
    expect(await printed).toBe('true\ntrue true []\n')
  })
})

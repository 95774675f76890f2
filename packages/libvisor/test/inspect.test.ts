import { spawn } from 'node:child_process'
import { once } from 'node:events'
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

describe('visor inspect', () => {
  it('shows guests of other processes, and what they have open', async () => {
    using directory = temporaryDirectory({ 'server.cjs': server.replace('/tmp/app.sock', '\\0app') })
    const env = { PATH: process.env['PATH'] ?? '', NO_COLOR: '1', XDG_RUNTIME_DIR: directory.resolve('run') }
    const options = { cwd: directory.path, env }
    const inspect = (...args: readonly string[]) => runScript(['--', visor, 'inspect', ...args], options)
    const running = spawn(
      process.execPath,
      [visor, 'run', '--isolation', 'thread', '--name', 'api', 'server.cjs'],
      options,
    )
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
    expect(directory.list().filter((name) => name.endsWith('.sock'))).toEqual([])
  })
})

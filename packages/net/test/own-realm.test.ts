import { fileURLToPath } from 'node:url'
import { runScript } from '@libvisor/testkit'
import { describe, expect, it } from 'vitest'

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
/** Warnings have the number of the process in them. */
const quiet = '--no-deprecation'
const asGuest = ['--import', file('./harness/preload.ts')]

describe('a program in a patched realm prints what it prints natively', () => {
  it.each(['http', 'http2', 'tls', 'websocket', 'liveness', 'dns'])('%s', async (name) => {
    const program = file(`./programs/${name}.mjs`)
    const [native, guest] = await Promise.all([runScript([quiet, program]), runScript([quiet, ...asGuest, program])])
    expect(native).toMatchObject({ code: 0, signal: null })
    expect(guest).toEqual(native)
  })
})

describe('a guest', () => {
  const run = (code: string, env: Record<string, string> = {}) =>
    runScript([...asGuest, '--input-type=module', '--eval', code], {
      env: { ...(process.env as Record<string, string>), NODE_OPTIONS: '', ...env },
    })

  it('shows no more handles when its connections are closed', async () => {
    const { stdout } = await run(`
      import { once } from 'node:events'
      import net from 'node:net'
      const shown = () => [process.getActiveResourcesInfo().filter((name) => name.endsWith('Wrap')), process._getActiveHandles().length]
      const before = shown()
      const server = net.createServer((socket) => socket.resume().end('answer')).listen(0)
      await once(server, 'listening')
      const client = net.connect(server.address().port).resume()
      client.write('question')
      await once(client, 'close')
      server.close()
      await once(server, 'close')
      console.log(JSON.stringify([before, shown()]))
    `)
    const [before, after] = JSON.parse(stdout) as [unknown, unknown]
    expect(after).toEqual(before)
  })

  it('is not heard by the host', async () => {
    const { stdout } = await run(`
      import fs from 'node:fs'
      import http from 'node:http'
      const server = http.createServer().listen(0, () => {
        const port = server.address().port.toString(16).toUpperCase().padStart(4, '0')
        const listening = fs.readFileSync('/proc/self/net/tcp', 'utf8') + fs.readFileSync('/proc/self/net/tcp6', 'utf8')
        console.log(listening.split('\\n').some((line) => line.includes(':' + port + ' ') && line.includes(' 0A ')))
        server.close()
      })`)
    expect(stdout).toBe('false\n')
  })

  it('without egress sends no UDP to outside, and is told so', async () => {
    const { stderr, code } = await run(
      `import dgram from 'node:dgram'; dgram.createSocket('udp4').send('x', 53, '203.0.113.9')`,
      { VISOR_TEST_EGRESS: 'none' },
    )
    expect(stderr).toContain('Sending UDP to 203.0.113.9:53 is denied by the policy of this guest')
    expect(code).toBe(1)
  })

  it('gets no sockets of the host by their descriptors', async () => {
    const { stderr } = await run(`import net from 'node:net'; net.createServer().listen({ fd: 5 })`)
    expect(stderr).toContain('net.Server.listen({ fd }) is not supported in a guest')
  })

  it('opens no descriptors', async () => {
    const attempts = ['new net.Socket({ fd: 5 })', 'net.Socket(5)', 'new (class extends net.Socket {})({ fd: 5 })']
    const code = attempts.map((attempt) => `try { ${attempt} } catch ({ message }) { console.log(message) }\n`)
    const { stdout } = await run(`import net from 'node:net'\n${code.join('')}`)
    const refusal = 'net.Socket({ fd }) is not supported in a guest: a guest has no sockets of the host\n'
    expect(stdout).toBe(refusal.repeat(attempts.length))
  })

  it('has sockets that are instances of what it imports, by whichever way they were made', async () => {
    const { stdout } = await run(`
      import net from 'node:net'
      import tls from 'node:tls'
      const server = net.createServer((socket) => {
        console.log(socket instanceof net.Socket, socket.constructor === net.Socket, net.Stream === net.Socket)
        socket.destroy()
        server.close()
      }).listen(0, () => {
        const client = net.connect(server.address().port).on('error', () => {})
        console.log(client instanceof net.Socket, net.Socket() instanceof net.Socket, tls.TLSSocket.prototype instanceof net.Socket)
        console.log(net.Socket.name, net.Socket.length)
      })`)
    expect(stdout).toBe('true true true\nSocket 1\ntrue true true\n')
  })

  it('announces each socket that connects once', async () => {
    const { stdout } = await run(`
      import net from 'node:net'
      import { subscribe } from 'node:diagnostics_channel'
      subscribe('net.client.socket', () => console.log('a socket connects'))
      const server = net.createServer((socket) => socket.end()).listen(0, () => {
        net.connect(server.address().port).resume().on('close', () => server.close())
      })`)
    expect(stdout).toBe('a socket connects\n')
  })

  it('without egress is told which name or address, and which port, is denied', async () => {
    const attempts: Record<string, string> = {
      [`await once(net.connect(443, 'name.test'), 'connect')`]: 'A connection to name.test:443',
      [`await once(https.get('https://name.test/'), 'response')`]: 'A connection to name.test:443',
      [`await fetch('http://203.0.113.9:81/').catch(({ cause }) => { throw cause })`]: 'A connection to 203.0.113.9:81',
      [`await promisify(dns.lookup)('name.test')`]: 'Looking up name.test',
      [`await dns.promises.lookup('name.test')`]: 'Looking up name.test',
      [`await dns.promises.resolve4('name.test')`]: 'Resolving name.test',
      [`await promisify(dns.resolveMx)('name.test')`]: 'Resolving name.test',
      [`await promisify((done) => new dns.Resolver().resolve('name.test', done))()`]: 'Resolving name.test',
      [`await new dns.promises.Resolver().resolveTxt('name.test')`]: 'Resolving name.test',
    }
    const imports = ['dns', 'https', 'net'].map((id) => `import ${id} from 'node:${id}'\n`).join('')
    const code = Object.keys(attempts).map(
      (attempt) =>
        `try { ${attempt}; console.log('reached') } catch ({ code, message }) { console.log(code, message) }\n`,
    )
    const { stdout } = await run(
      `${imports}import { once } from 'node:events'\nimport { promisify } from 'node:util'\n${code.join('')}`,
      { VISOR_TEST_EGRESS: 'none' },
    )
    expect(stdout.trimEnd().split('\n')).toEqual(
      Object.values(attempts).map((what) => `VISOR_DENIED ${what} is denied by the policy of this guest`),
    )
  })
})

it('namespaces of one realm share neither ports nor pools of agents and of fetch', async () => {
  const { stdout, stderr } = await runScript([file('./programs/shared-realm.ts')])
  expect(stderr).toBe('')
  // Each has made one connection for fetch, one for the global agent and one for an agent that both use, and reuses them.
  expect(stdout).toBe(
    ['1 a a2 a3 a1', '1 b b2 b3 b1', '2 a a3 a3 a3', '2 b b3 b3 b3', 'host ECONNREFUSED', ''].join('\n'),
  )
})

import { fileURLToPath } from 'node:url'
import { runScript } from '@libvisor/testkit'
import { describe, expect, it } from 'vitest'

const file = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
/** Warnings have the number of the process in them. */
const quiet = '--no-deprecation'
const asGuest = ['--import', file('./harness/preload.ts')]

describe('a program in a patched realm prints what it prints natively', () => {
  it.each(['http', 'tls', 'websocket', 'liveness', 'dns'])('%s', async (name) => {
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

  it('gets no UDP, and is told so', async () => {
    const { stderr, code } = await run(`import dgram from 'node:dgram'; dgram.createSocket('udp4')`)
    expect(stderr).toContain('dgram.createSocket is not supported in a guest')
    expect(code).toBe(1)
  })

  it('gets no sockets of the host by their descriptors', async () => {
    const { stderr } = await run(`import net from 'node:net'; net.createServer().listen({ fd: 5 })`)
    expect(stderr).toContain('net.Server.listen({ fd }) is not supported in a guest')
  })

  it.each([
    [`net.connect(443, 'name.test')`, 'A connection to name.test:443'],
    [`https.get('https://name.test/')`, 'A connection to name.test:443'],
    [`await fetch('http://203.0.113.9:81/').catch(({ cause }) => { throw cause })`, 'A connection to 203.0.113.9:81'],
    [`dns.lookup('name.test', (error) => { throw error })`, 'Looking up name.test'],
    [`await dns.promises.lookup('name.test')`, 'Looking up name.test'],
    [`await dns.promises.resolve4('name.test')`, 'Resolving name.test'],
    [`dns.resolveMx('name.test', (error) => { throw error })`, 'Resolving name.test'],
    [`new dns.Resolver().resolve('name.test', (error) => { throw error })`, 'Resolving name.test'],
    [`await new dns.promises.Resolver().resolveTxt('name.test')`, 'Resolving name.test'],
  ])('without egress: %s', async (code, what) => {
    const imports = `import dns from 'node:dns'; import https from 'node:https'; import net from 'node:net';`
    const { stderr } = await run(imports + code, { VISOR_TEST_EGRESS: 'none' })
    expect(stderr).toContain(`${what} is denied by the policy of this guest`)
    expect(stderr).toContain('VISOR_DENIED')
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

import { spawn } from 'node:child_process'
import type { ChildProcess, ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync } from 'node:fs'
import { connect } from 'node:net'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createHost, memory } from 'libvisor'
import type { Host } from 'libvisor'
import { runScript, temporaryDirectory } from '@libvisor/testkit'
import type { ScriptResult, TemporaryDirectory } from '@libvisor/testkit'

const visor = fileURLToPath(new URL('../bin/visor.js', import.meta.url))

const programs = {
  'api.mjs': `
    import http from 'node:http'
    const server = http.createServer((request, response) => {
      response.end('api was asked for ' + request.url + ' from ' + request.socket.remoteAddress)
      // What it has written leaves with it.
      if (request.url === '/exit') process.exit(3)
    })
    server.listen(80, () => console.log('listening'))`,
  'ask.mjs': `
    for (const url of process.argv.slice(2)) {
      console.log(await fetch(url).then((response) => response.text(), ({ cause }) => cause.code))
    }`,
  'time.mjs': `
    await fetch('http://api/')
    const started = performance.now()
    await (await fetch('http://api/')).text()
    console.log(performance.now() - started)`,
  'wait.mjs': `
    import net from 'node:net'
    net.connect(80, 'api', () => console.log('connected')).on('error', ({ code }) => console.log(code))
      .on('close', () => net.connect(80, '10.88.0.2').on('error', ({ code }) => console.log(code))).resume()`,
}

type Running = ChildProcessByStdio<null, Readable, Readable>

let directory: TemporaryDirectory
let running: ChildProcess[]

/** Starts a command that goes on, and waits for the first that it prints. */
async function start(...args: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, [visor, ...args], options())
  running.push(child)
  const first = once(child.stdout, 'readable')
  await Promise.race([
    first,
    once(child, 'exit').then(async () => {
      throw new Error(`visor ${args.join(' ')} has ended: ${await text(child.stderr)}`)
    }),
  ])
  return child
}

/** Runs a command to its end. */
const run = (...args: readonly string[]): Promise<ScriptResult> => runScript(['--', visor, ...args], options())

const options = (): { cwd: string; env: Record<string, string>; stdio: ['ignore', 'pipe', 'pipe'] } => ({
  cwd: directory.path,
  env: { PATH: process.env['PATH'] ?? '', NO_COLOR: '1', XDG_RUNTIME_DIR: directory.resolve('run') },
  stdio: ['ignore', 'pipe', 'pipe'],
})

beforeEach(() => {
  running = []
  directory = temporaryDirectory(programs)
  chmodSync(directory.path, 0o755)
})
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
  directory[Symbol.dispose]()
})

describe('visor network', () => {
  it('joins programs of several processes, by their names and aliases, until it is interrupted', async () => {
    const network = await start('network', './dev.net')
    const api = await start('run', '--network', './dev.net', '--name', 'api', '--network-alias', 'backend', 'api.mjs')
    const web = await run(
      'run',
      '--network',
      './dev.net',
      '--name',
      'web',
      'ask.mjs',
      'http://api/a',
      'http://BACKEND/b',
      'http://nobody/',
    )
    expect(web).toMatchObject({
      stdout: `api was asked for /a from ::ffff:10.88.0.4\napi was asked for /b from ::ffff:10.88.0.4\nENOTFOUND\n`,
      stderr: '',
      code: 0,
    })
    await expect
      .poll(async () => (await run('inspect', 'api')).stdout, { timeout: 10_000 })
      .toMatch(/^api {2}10\.88\.0\.3 {2}process/)

    network.kill('SIGINT')
    expect(await once(network, 'exit')).toEqual([130, null])
    expect(existsSync(directory.resolve('dev.net'))).toBe(false)
    // It has its own loopback, and goes on.
    expect(api.exitCode).toBe(null)
  })

  it('has what is said with --link between them', async () => {
    await start('network', './dev.net', '--link', 'web api delay 120ms')
    await start('run', '--network', './dev.net', '--name', 'api', 'api.mjs')
    const { stdout } = await run('run', '--network', './dev.net', '--name', 'web', 'time.mjs')
    expect(Number(stdout)).toBeGreaterThan(235)
  })

  it('says what is wrong, naming it', async () => {
    await start('network', './dev.net')
    const refused = async (...args: readonly string[]): Promise<string> => {
      const { code, stderr } = await run(...args)
      expect(code).toBe(2)
      return stderr
    }
    expect(await refused('network', './dev.net')).toMatch(/dev\.net': listen EADDRINUSE/)
    expect(await refused('network', './nowhere/dev.net')).toMatch(/nowhere\/dev\.net': listen (EACCES|ENOENT)/)
    expect(await refused('network', './more.net', '--link', 'web api')).toContain("--link 'web api' is not")
    expect(await refused('network', './more.net', '--link', 'web api slow')).toContain("'slow'")
    expect(await refused('run', '--network', './more.net', 'api.mjs')).toMatch(
      /more\.net' cannot be joined: connect ENOENT/,
    )
    expect(await refused('run', '--network', 'bridge', 'api.mjs')).toContain("--network 'bridge' is not")
    expect(await refused('run', '--network', './dev.net', '--diff', 'api.mjs')).toContain('in a process of its own')
    await start('run', '--network', './dev.net', '--name', 'api', 'api.mjs')
    expect(await refused('run', '--network', './dev.net', '--name', 'API', 'api.mjs')).toContain(
      "named 'API' is on this network already",
    )
  })
})

describe('the network of a host', () => {
  let host: Host

  beforeEach(async () => {
    host = await createHost()
  })
  afterEach(() => host[Symbol.asyncDispose]())

  const join = (name: string, ...args: readonly string[]): Promise<Running> =>
    start('run', '--network', directory.resolve('host.net'), '--name', name, ...args)

  it('is joined by programs of other processes, which guests and the host reach as each other', async () => {
    await host.network.serve(directory.resolve('host.net'))
    const api = await join('api', 'api.mjs')
    expect(await (await host.fetch('http://api/x')).text()).toBe('api was asked for /x from ::ffff:10.88.0.2')

    const source = "fetch('http://api/y').then((response) => response.text()).then(console.log)"
    const guest = await host.spawn({
      name: 'web',
      entry: '/app/main.js',
      fs: { '/app': memory({ 'main.js': source }) },
    })
    expect(await text(guest.stdout)).toBe(`api was asked for /y from ::ffff:${guest.address}\n`)

    expect(await (await host.fetch('http://api/exit')).text()).toContain('/exit')
    if (api.exitCode === null) await once(api, 'exit')
    expect(api.exitCode).toBe(3)
    await expect.poll(() => host.fetch('http://api/').catch(({ cause }) => cause.code)).toBe('ENOTFOUND')
    await join('api', 'api.mjs')
  })

  it('refuses whoever speaks something else, and goes on', async () => {
    const path = directory.resolve('host.net')
    await host.network.serve(path)
    const said = async (what: string): Promise<string> => {
      const socket = connect(path)
      socket.end(what)
      return text(socket).catch(({ code }: NodeJS.ErrnoException) => String(code))
    }
    expect(await said('GET / HTTP/1.1\r\n\r\n')).toContain('refused')
    expect(await said('{"protocol":0}\n')).toContain('protocol 1, not 0')
    expect(await said('{"protocol":1,"name":"a b","aliases":[]}\n')).toContain('must be a host name')
    expect(await said('x'.repeat(20_000))).toMatch(/^(ECONNRESET|EPIPE)?$/)
    expect(await said('')).toBe('')
    await join('api', 'api.mjs')
  })

  it('ends with it, or before: those that have joined have nobody but themselves', async () => {
    const path = directory.resolve('host.net')
    const served = await host.network.serve(path)
    await join('api', 'api.mjs')
    const waiting = await join('web', 'wait.mjs')
    served[Symbol.dispose]()
    expect(await text(waiting.stdout)).toBe('connected\nENETUNREACH\n')
    expect(existsSync(path)).toBe(false)

    await host.network.serve(path)
    await host[Symbol.asyncDispose]()
    expect(existsSync(path)).toBe(false)
    await expect(host.network.serve(path)).rejects.toMatchObject({ code: 'VISOR_GUEST_ENDED' })
    expect(existsSync(path)).toBe(false)
  })

  it('replaces a socket that a killed process has left', async () => {
    const path = directory.resolve('host.net')
    const network = await start('network', path)
    await expect(host.network.serve(path)).rejects.toMatchObject({ code: 'VISOR_ADDRESS_IN_USE' })
    network.kill('SIGKILL')
    await once(network, 'exit')
    expect(existsSync(path)).toBe(true)
    await host.network.serve(path)
    await join('api', 'api.mjs')
  })
})

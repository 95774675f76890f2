import { spawnSync } from 'node:child_process'
import type { SpawnSyncReturns } from 'node:child_process'
import { describe, expect, it } from 'vitest'

const prelude = `
  import fs from 'node:fs'
  import os from 'node:os'
  import cluster from 'node:cluster'
  import childProcess from 'node:child_process'
  import { Worker } from 'node:worker_threads'
  import workerThreads from 'node:worker_threads'
  import { slots } from '@libvisor/core'
  import { createGuest, install } from './fixtures/own-realm.mjs'
  const attempt = (call) => {
    try {
      return call() ?? 'nothing'
    } catch (error) {
      return [error.code ?? error.name, error.message]
    }
  }
  const print = (value) => fs.writeSync(1, JSON.stringify(value) + '\\n')
`

/** Runs a program in a process of its own, whose realm may be changed. */
function start(body: string, env: Record<string, string> = {}): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', prelude + body], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    env: { ...process.env, ...env },
  })
}

/** What it prints as JSON, last. */
function run(body: string, env?: Record<string, string>): unknown {
  const { stdout, stderr, status } = start(body, env)
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout.trim().split('\n').at(-1)!)
}

const own = (options = '{}', powers = '{}'): string => `
  const ns = createGuest(${options})
  const installed = install('own', ns, ${powers})
`

describe('a realm of one guest', () => {
  it('has the environment that was configured and nothing else, cloneable as the real one', () => {
    const body = `${own(`{ state: { env: { A: '1' } } }`)}
      print([{ ...process.env }, structuredClone(process.env), process.env === globalThis.process.env])`
    expect(run(body, { HOST: 'secret' })).toEqual([{ A: '1' }, { A: '1' }, true])
  })

  it('has an identity of its own', () => {
    const body = `${own(`{ identity: { pid: 1, ppid: 0, uid: 1000, gid: 1000, hostname: 'api' }, state: { title: 'api' } }`)}
      print([process.pid, process.ppid, process.getuid(), process.getegid(), process.getgroups(), os.hostname(), \`\${os.hostname}\`, process.title])`
    expect(run(body)).toEqual([1, 0, 1000, 1000, [1000], 'api', 'api', 'api'])
  })

  it('counts uptime() from its start', () => {
    const body = `
      const ns = createGuest({})
      ns.provide(slots.clock, { monotonicNs: () => 7_500_000_000n, startedNs: 5_000_000_000n })
      install('own', ns)
      print(process.uptime())`
    expect(run(body)).toBe(2.5)
  })

  it('changes its working directory without changing that of the host', () => {
    const body = `
      const real = process.cwd
      ${own()}
      process.chdir('/tmp')
      print([process.cwd(), real() === '/tmp', attempt(() => process.chdir('/nowhere')), attempt(() => process.chdir(1))])`
    expect(run(body)).toEqual([
      '/tmp',
      false,
      ['ENOENT', "ENOENT: no such file or directory, chdir '/tmp' -> '/nowhere'"],
      ['ERR_INVALID_ARG_TYPE', 'The "directory" argument must be of type string. Received type number (1)'],
    ])
  })

  it('signals itself by its own number, and nobody else', () => {
    const body = `
      const hostPid = process.pid
      ${own()}
      process.once('SIGUSR2', (name, number) => {
        clearInterval(waiting)
        print([name, number, attempt(() => process.kill(hostPid, 0)), attempt(() => process.kill(1, 0)), attempt(() => process.kill(1, 'SIGNO')), attempt(() => process.kill(1, 65))])
      })
      const waiting = setInterval(() => {}, 1000)
      process.kill(process.pid, 'SIGUSR2')`
    expect(run(body)).toEqual([
      'SIGUSR2',
      12,
      ['ESRCH', 'kill ESRCH'],
      true,
      ['ERR_UNKNOWN_SIGNAL', 'Unknown signal: SIGNO'],
      ['EINVAL', 'kill EINVAL'],
    ])
  })

  it('dies of a signal that it does not listen to', () => {
    const { signal, status } = start(`${own()} process.kill(1, 'SIGTERM'); setTimeout(() => {}, 10_000)`)
    expect([signal, status]).toEqual(['SIGTERM', null])
  })

  it('exits as Node does, and tells it beforehand', () => {
    const { status, stdout } = start(`${own(`{ state: { onExit: (code) => print(['hook', code]) } }`)}
      process.on('exit', (code) => print(['listener', code]))
      process.exit(7)`)
    expect([status, stdout]).toEqual([7, '["listener",7]\n["hook",7]\n'])
  })

  it('runs no executable that its policy does not name', () => {
    const body = `${own('{}', `{ hostDirectory: (ns, directory) => directory }`)}
      const outcome = (child) => new Promise((resolve) => child.on('error', ({ code }) => resolve([code, child.pid])))
      const children = [
        () => childProcess.spawn('ls'), () => childProcess.exec('ls'), () => childProcess.execFile('ls'), () => childProcess.fork('x.js'),
        () => { const child = new childProcess.ChildProcess(); child.spawn({ file: 'ls', args: [], envPairs: [] }); return child },
      ]
      const ways = [
        () => { throw childProcess.spawnSync('ls').error }, () => childProcess.execSync('ls'), () => childProcess.execFileSync('ls'),
        () => process.execve('/bin/ls', []),
      ]
      print([
        await Promise.all(children.map((start) => outcome(start()))), ways.map((way) => attempt(way)[0]),
        attempt(() => childProcess.spawn(5))[0], attempt(() => childProcess.spawnSync(5))[0],
      ])`
    const children = Array.from({ length: 5 }, () => ['VISOR_DENIED', null])
    const denials = Array.from({ length: 4 }, () => 'VISOR_DENIED')
    expect(run(body)).toEqual([children, denials, 'ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_TYPE'])
  })

  it('hears of an executable that is nowhere in its files what it hears natively', () => {
    const body = `${own(`{ files: { kind: (path) => (path === '/guest/bin/there' ? 'file' : undefined) }, identity: { cwd: '/guest' } }`)}
      const env = { PATH: '/usr/bin:/guest/bin' }
      const codes = ['there', 'not-there', 'bin/there', 'bin/not-there'].map((file) => childProcess.spawnSync(file, { env }).error.code)
      print([...codes, childProcess.spawnSync('there').error.path])`
    expect(run(body)).toEqual(['VISOR_DENIED', 'ENOENT', 'VISOR_DENIED', 'ENOENT', 'there'])
  })

  it("runs those that it names, in the guest's directory and with the guest's environment", () => {
    const body = `${own(`{ identity: { cwd: '/guest' }, state: { env: { A: '1', PATH: process.env.PATH } }, policy: { exec: ['sh'] } }`, `{ hostDirectory: (ns, directory) => directory.replace('/guest', '/tmp') }`)}
      const child = childProcess.spawn('sh', ['-c', 'pwd; echo $A'])
      let text = ''
      child.stdout.on('data', (data) => (text += data))
      child.on('close', (code) => print([
        text, code, childProcess.execSync('pwd; echo $A').toString(), childProcess.spawnSync('sh', ['-c', 'pwd'], { cwd: '/guest/..' }).stdout.toString(),
        childProcess.execFileSync('sh', ['-c', 'echo $A'], { env: { A: '2' } }).toString(), attempt(() => childProcess.execSync('x', { shell: 'bash' }))[0],
        attempt(() => process.kill(child.pid, 0))[0],
      ]))`
    expect(run(body)).toEqual(['/tmp\n1\n', 0, '/tmp\n1\n', '/\n', '2\n', 'VISOR_DENIED', 'ESRCH'])
  })

  it('kills the children that it started', () => {
    const body = `${own(`{ policy: { exec: ['sleep'] } }`, `{ hostDirectory: (ns, directory) => directory }`)}
      const child = childProcess.spawn('sleep', ['60'], { env: { PATH: '/bin:/usr/bin' } })
      child.on('exit', (code, signal) => print([code, signal]))
      process.kill(child.pid, 'SIGKILL')`
    expect(run(body)).toEqual([null, 'SIGKILL'])
  })

  it('runs nothing in a directory that only the guest has', () => {
    const body = `${own(`{ policy: { exec: true } }`)} print(attempt(() => childProcess.spawn('ls'))[0])`
    expect(run(body)).toBe('VISOR_UNSUPPORTED')
  })

  it('starts workers through the launcher only, by whichever way to the constructor', () => {
    const launcher = `{ workers: (ns, filename, options) => {
      launched.push([filename.href ?? filename, options.execArgv ?? 'none'])
      return [new URL('data:text/javascript,' + encodeURIComponent('import { parentPort } from "node:worker_threads"; parentPort.postMessage(' + JSON.stringify('launched ' + launched.length) + ')')), {}]
    } }`
    const body = `const launched = []
      ${own('{}', launcher)}
      const { Worker: Guest } = workerThreads
      class Mine extends Guest {}
      const workers = [new Guest('x', { execArgv: [] }), new Mine('y'), new Guest.prototype.constructor('z'), new Guest({ href: 'file:///x', protocol: 'file:' }, 5)]
      const said = await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))))
      print([said, launched, workers[1] instanceof Mine, workers[0].constructor === Guest, attempt(() => new Guest('x', { execArgv: 5 }))[0], attempt(() => Guest('x'))[0]])`
    expect(run(body)).toEqual([
      ['launched 1', 'launched 2', 'launched 3', 'launched 4'],
      [
        ['x', []],
        ['y', 'none'],
        ['z', 'none'],
        ['file:///x', 'none'],
      ],
      true,
      true,
      'ERR_INVALID_ARG_TYPE',
      'TypeError',
    ])
  })

  it('refuses workers without a launcher, and cluster', () => {
    const body = `${own()} print([attempt(() => new workerThreads.Worker('x'))[0], attempt(() => cluster.fork())[0], attempt(() => cluster.setupPrimary())[0], cluster.isPrimary])`
    expect(run(body)).toEqual(['VISOR_UNSUPPORTED', 'VISOR_UNSUPPORTED', 'VISOR_UNSUPPORTED', true])
  })

  it('gives of the bindings those that only compute', () => {
    const body = `${own()}
      const names = ['fs', 'tcp_wrap', 'spawn_sync', 'process_wrap', 'contextify', 'os', 'cares_wrap', 'async_wrap']
      print([names.map((name) => attempt(() => process.binding(name))[0]), typeof process.binding('constants').os, typeof process.binding('uv').errname,
        attempt(() => process.binding('nothing')), attempt(() => process._linkedBinding('nothing')), attempt(() => process.binding('toString'))[1]])`
    expect(run(body)).toEqual([
      Array.from({ length: 8 }, () => 'VISOR_UNSUPPORTED'),
      'object',
      'function',
      ['Error', 'No such module: nothing'],
      ['ERR_INVALID_MODULE', 'No such binding was linked: nothing'],
      'No such module: toString',
    ])
  })

  it('has no reports, no debugger, and shows no raw handles', () => {
    const body = `${own()}
      setInterval(() => {}, 1000).unref()
      process.stdin.resume()
      const ways = [() => process.report.writeReport('/tmp/x'), () => process.report.getReport(), () => (process.report.reportOnFatalError = true), () => process._debugProcess(1), () => process._debugEnd()]
      print([ways.map((way) => attempt(way)[0]), process.report.reportOnFatalError, process._getActiveHandles().every((handle) => typeof handle.on === 'function')])
      process.exit()`
    expect(run(body)).toEqual([Array.from({ length: 5 }, () => 'VISOR_UNSUPPORTED'), false, true])
  })

  it("loads addons of the guest's files where the policy allows it", () => {
    const files = `{ kind: () => 'file', hostPath: (path) => path === '/mine.node' ? '/nowhere/real.node' : undefined }`
    const body = `${own(`{ files: ${files} }`)}
      print([attempt(() => process.dlopen({ exports: {} }, '/other.node')), attempt(() => process.dlopen({ exports: {} }, '/mine.node'))[1].includes('/nowhere/real.node')])`
    expect(run(body)).toEqual([
      ['ERR_DLOPEN_FAILED', '/other.node: cannot open shared object file: No such file or directory'],
      true,
    ])
    const denied = `${own(`{ files: ${files}, policy: { addons: false } }`)} print(attempt(() => process.dlopen({ exports: {} }, '/mine.node'))[0])`
    expect(run(denied)).toBe('VISOR_DENIED')
  })

  it('leaves nothing behind', () => {
    const body = `
      const snapshot = () => [...Reflect.ownKeys(process).map((key) => Object.getOwnPropertyDescriptor(process, key)), { ...process.env }, ...Object.values(os), ...Object.values(childProcess), workerThreads.Worker]
      const values = (list) => list.map((entry) => entry?.value ?? entry?.get ?? entry)
      const before = values(snapshot())
      ${own()}
      installed[Symbol.dispose]()
      const after = values(snapshot())
      print([before.length === after.length, before.filter((value, index) => typeof value === 'function' && value !== after[index]).length, process.env.HOME])`
    expect(run(body, { HOME: '/host' })).toEqual([true, 0, '/host'])
  })
})

describe('a thread of one guest', () => {
  it('changes directory, mask and ids as a process of its own does', () => {
    const program = `
      import { parentPort } from 'node:worker_threads'
      import { createGuest, install } from ${JSON.stringify(new URL('fixtures/own-realm.mjs', import.meta.url).href)}
      install('own', createGuest({ identity: { cwd: '/' } }))
      process.chdir('/tmp')
      process.umask(0o077)
      process.setuid(1000)
      const refused = (() => { try { process.setuid(0) } catch (error) { return { ...error, message: error.message } } })()
      process.on('SIGTERM', (name, number) => parentPort.postMessage([process.cwd(), process.umask(), process.getuid(), refused, name, number]))
      process.kill(process.pid)`
    const body = `
      const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(program)})))
      worker.on('message', print)`
    expect(run(body)).toEqual([
      '/tmp',
      0o077,
      1000,
      { errno: 1, code: 'EPERM', syscall: 'setuid', message: 'EPERM, Operation not permitted' },
      'SIGTERM',
      15,
    ])
  })

  it.each([
    ['a signal that it does not listen to', `process.kill(process.pid, 'SIGTERM')`, 143],
    [
      'SIGKILL, to which nobody can listen',
      `process.on('SIGKILL', () => {}); process.kill(process.pid, 'SIGKILL')`,
      137,
    ],
    ['abort()', `process.abort()`, 134],
    ['exit()', `process.exit(5)`, 5],
  ])('ends by %s, and the process goes on', (_name, call, code) => {
    const program = `
      import { createGuest, install } from ${JSON.stringify(new URL('fixtures/own-realm.mjs', import.meta.url).href)}
      install('own', createGuest())
      ${call}
      setInterval(() => {}, 1000)`
    const body = `
      const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(program)})))
      worker.on('exit', print)`
    expect(run(body)).toBe(code)
  })
})

describe('a shared realm', () => {
  it('gives each guest its own process, and the host the real one', () => {
    const body = `
      const hostPid = process.pid
      const a = createGuest({ identity: { cwd: '/', hostname: 'a' }, state: { env: { NAME: 'a' }, argv: ['node', 'a.js'] } })
      const b = createGuest({ identity: { cwd: '/', hostname: 'b', uid: 1000 }, state: { env: { NAME: 'b' } } })
      install('shared')
      const see = () => [process.pid, process.cwd(), process.env.NAME ?? 'host', os.hostname() === 'a' || os.hostname() === 'b' ? os.hostname() : 'host']
      a.run(() => process.chdir('/tmp'))
      await b.run(async () => { await null; process.env.NAME += '!' })
      print([a.run(see), b.run(see), see().slice(2), process.pid === hostPid, a.run(() => process.argv), b.run(() => process.getuid()), a.run(() => attempt(() => process.kill(hostPid, 0)))[0]])`
    expect(run(body)).toEqual([
      [1, '/tmp', 'a', 'a'],
      [1, '/', 'b!', 'b'],
      ['host', 'host'],
      true,
      ['node', 'a.js'],
      1000,
      'ESRCH',
    ])
  })

  it('counts uptime() of a guest from its start by its clock, and of the host as ever', () => {
    const body = `
      let nowNs = 7_500_000_000n
      const ns = createGuest({})
      ns.provide(slots.clock, { monotonicNs: () => nowNs, startedNs: 5_000_000_000n })
      const host = process.uptime()
      install('shared')
      const first = ns.run(() => process.uptime())
      nowNs += 1_000_000_000n
      print([first, ns.run(() => process.uptime()), process.uptime() >= host, process.uptime.name, process.uptime.length])`
    expect(run(body)).toEqual([2.5, 3.5, true, 'uptime', 0])
  })

  it('ends the guest that exits, and never the host', () => {
    const body = `
      const codes = []
      const ns = createGuest({ state: { onExit: (code) => codes.push(code) } })
      install('shared')
      const end = ns.run(() => attempt(() => process.exit(3)))
      print([end[0], codes, ns.ended, process.exitCode ?? 'none'])`
    expect(run(body)).toEqual(['VISOR_GUEST_ENDED', [3], true, 'none'])
  })
})

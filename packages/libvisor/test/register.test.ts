import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runScript, temporaryDirectory } from '@libvisor/testkit'

const register = fileURLToPath(new URL('../src/register.ts', import.meta.url))

/** Runs a program natively and under the preload, and gives what both printed. */
async function both(files: Record<string, string>, entry: string, args: readonly string[] = []) {
  using native = temporaryDirectory(files)
  using virtual = temporaryDirectory(files)
  // Node starts programs by another way where there is any preload.
  const plain = await runScript(['--import', 'data:text/javascript,', entry, ...args], { cwd: native.path })
  const guest = await runScript(['--import', register, entry, ...args], { cwd: virtual.path })
  const clean = (text: string, path: string): string => text.replaceAll(path, '<cwd>')
  return {
    native: { ...plain, stdout: clean(plain.stdout, native.path), stderr: clean(plain.stderr, native.path) },
    guest: { ...guest, stdout: clean(guest.stdout, virtual.path), stderr: clean(guest.stderr, virtual.path) },
    written: virtual.list(),
  }
}

describe('a program under the preload', () => {
  it('writes to memory: it reads back what it wrote, and the disk stays as it was', async () => {
    const { native, guest, written } = await both(
      {
        'app.mjs': `
          import fs from 'node:fs'
          fs.mkdirSync('deep/er', { recursive: true })
          fs.writeFileSync('deep/er/file.txt', 'written')
          fs.appendFileSync('app.mjs', '// changed')
          fs.rmSync('old.txt')
          console.log(fs.readFileSync('deep/er/file.txt', 'utf8'), fs.readdirSync('.').sort(), fs.existsSync('old.txt'))
          console.log(fs.readFileSync('app.mjs', 'utf8').endsWith('// changed'))`,
        'old.txt': 'old',
      },
      'app.mjs',
    )
    expect(guest).toEqual(native)
    expect(written).toEqual(['app.mjs', 'old.txt'])
  })

  it('loads modules that it has written itself: CommonJS, ESM, JSON and TypeScript', async () => {
    const { native, guest } = await both(
      {
        'app.mjs': `
          import fs from 'node:fs'
          import { createRequire } from 'node:module'
          const require = createRequire(import.meta.url)
          fs.mkdirSync('node_modules/made', { recursive: true })
          fs.writeFileSync('node_modules/made/package.json', '{"name":"made","exports":{"import":"./esm.mjs","require":"./cjs.js"}}')
          fs.writeFileSync('node_modules/made/esm.mjs', 'export const kind = "esm"')
          fs.writeFileSync('node_modules/made/cjs.js', 'exports.kind = "cjs"; exports.id = module.id; exports.parent = typeof module.parent')
          fs.writeFileSync('data.json', '{"json":true}')
          fs.writeFileSync('typed.ts', 'export const typed: number = 1')
          fs.writeFileSync('again.cjs', 'exports.count = (globalThis.count = (globalThis.count ?? 0) + 1)')
          console.log((await import('made')).kind, require('made'), require('./data.json'), (await import('./typed.ts')).typed)
          console.log(require('./again.cjs').count, require('./again.cjs').count, Object.keys(require.cache).filter((file) => file.startsWith(import.meta.dirname)).length)
          console.log((await import('./data.json', { with: { type: 'json' } })).default)
          console.log(require.resolve('made'), import.meta.resolve('made'))
          try { require('./missing') } catch (error) { console.log(error.code, error.message) }
          try { await import('./missing.mjs') } catch (error) { console.log(error.code, error.message) }`,
      },
      'app.mjs',
    )
    expect(guest).toEqual(native)
  })

  it('that hooks the loader sees its own modules only, and what its hooks write stays in memory', async () => {
    const { native, guest, written } = await both(
      {
        'app.cjs': `
          const fs = require('node:fs')
          const Module = require('node:module')
          const seen = new Set()
          const hook = (holder, key, fileOf) => {
            const { [key]: original } = holder
            holder[key] = Object.assign(function (...args) {
              const file = String(fileOf(args))
              if (!file.includes('log.txt')) {
                fs.appendFileSync('log.txt', file)
                // Natively the loader asks the file system that is exported, in a guest its own.
                if (key !== 'realpathSync' || !file.startsWith(__dirname)) seen.add(key + ' ' + (file.startsWith(__dirname) ? file.slice(__dirname.length) : file))
              }
              return original.apply(this, args)
            }, original)
          }
          hook(Module._extensions, '.js', ([, file]) => file)
          hook(Module.prototype, '_compile', ([, file]) => file)
          hook(Module.prototype, 'load', ([file]) => file)
          hook(Module, '_load', ([request]) => request)
          hook(Module, '_resolveFilename', ([request]) => request)
          hook(fs, 'realpathSync', ([path]) => path)
          require('./lib.js')
          const { net } = { net: require('node:net') }
          console.log(net.isIP('::1'), [...seen].sort(), fs.existsSync('log.txt'))`,
        'lib.js': 'exports.answer = 42',
      },
      'app.cjs',
    )
    expect(guest).toEqual(native)
    expect(written).toEqual(['app.cjs', 'lib.js'])
  })

  it('has its own ports, and reaches them by fetch, http and net', async () => {
    const { native, guest } = await both(
      {
        'app.mjs': `
          import http from 'node:http'
          import net from 'node:net'
          import { once } from 'node:events'
          const server = http.createServer((request, response) => response.end(request.url)).listen(0)
          await once(server, 'listening')
          const { port } = server.address()
          console.log(await (await fetch('http://localhost:' + port + '/fetch')).text())
          http.get({ port, path: '/get', agent: false }, async (response) => {
            console.log((await response.toArray()).join(''))
            server.close()
            server.closeAllConnections()
            const error = await once(net.connect(1, '127.0.0.1'), 'error').catch((error) => error)
            console.log(error.message, error.code, error.syscall, error.port)
          })`,
      },
      'app.mjs',
    )
    expect(guest.stdout).toBe(native.stdout)
    expect(guest.code).toBe(0)
  })

  it('says once on stderr that a port is not published', async () => {
    const { guest } = await both(
      { 'app.cjs': `require('node:http').createServer().listen(8123, function () { this.close() })` },
      'app.cjs',
    )
    expect(guest.stderr).toContain('port 8123 is open inside the guest only')
    expect(guest.stderr).toContain('-p 8123:8123')
  })

  it('ends as it would natively: exit code, uncaught error, unhandled rejection', async () => {
    const exit = await both(
      { 'app.cjs': `process.on('exit', (code) => console.log('exit', code)); process.exit(7)` },
      'app.cjs',
    )
    expect(exit.guest).toEqual(exit.native)
    const thrown = await both({ 'app.mjs': `await 1; throw new TypeError('uncaught')` }, 'app.mjs')
    expect(thrown.guest).toEqual(thrown.native)
    const rejected = await both({ 'app.cjs': `Promise.reject(new Error('rejected'))` }, 'app.cjs')
    expect(rejected.guest).toEqual(rejected.native)
  })

  it("lets a worker read and write its parent's memory files, synchronously too", async () => {
    const { native, guest, written } = await both(
      {
        'app.mjs': `
          import fs from 'node:fs'
          import { Worker } from 'node:worker_threads'
          fs.writeFileSync('from-parent.txt', 'parent')
          const worker = new Worker('./worker.mjs', { workerData: { greeting: 'hello' }, env: {}, execArgv: [] })
          worker.on('message', (message) => console.log(message))
          worker.on('exit', (code) => console.log('exit', code, fs.readFileSync('from-worker.txt', 'utf8')))`,
        'worker.mjs': `
          import fs from 'node:fs'
          import { parentPort, workerData, isMainThread } from 'node:worker_threads'
          fs.writeFileSync('from-worker.txt', 'worker')
          await fs.promises.appendFile('from-worker.txt', ' twice')
          parentPort.postMessage([fs.readFileSync('from-parent.txt', 'utf8'), workerData, isMainThread])`,
      },
      'app.mjs',
    )
    expect(guest).toEqual(native)
    expect(written).toEqual(['app.mjs', 'worker.mjs'])
  })

  it('starts workers of every kind in its own namespace', async () => {
    const { native, guest } = await both(
      {
        'app.cjs': `
          const { Worker } = require('node:worker_threads')
          require('node:fs').writeFileSync('made.cjs', 'require("node:worker_threads").parentPort.postMessage(["file", require("node:fs").existsSync("made.cjs")])')
          const code = 'require("node:worker_threads").parentPort.postMessage(["eval", require("node:fs").existsSync("made.cjs")])'
          const workers = [['./made.cjs'], [code, { eval: true }], [new URL('data:text/javascript,' + encodeURIComponent(
            'import fs from "node:fs"; import { parentPort } from "node:worker_threads"; parentPort.postMessage(["data", fs.existsSync("made.cjs")])'))]]
          const next = () => {
            const [first, options] = workers.shift() ?? []
            if (first) new Worker(first, options).on('message', (message) => console.log(message)).on('exit', next)
          }
          next()`,
      },
      'app.cjs',
    )
    expect(guest.stdout).toBe("[ 'file', true ]\n[ 'eval', true ]\n[ 'data', true ]\n")
    expect(guest).toEqual(native)
  })

  it('starts workers with what its options say, also where those are the whole process’s', async () => {
    using directory = temporaryDirectory({
      'app.mjs': `
        import { Worker } from 'node:worker_threads'
        const code = 'require("node:worker_threads").parentPort.postMessage([typeof gc, Object.getOwnPropertyNames(Object.prototype).includes("__proto__")])'
        new Worker(code, { eval: true }).on('message', (message) => console.log(message))
        for (const execArgv of [['--expose-gc'], '--expose-gc', 6, {}]) {
          try { new Worker(code, { eval: true, execArgv }) } catch (error) { console.log(error.code) }
        }`,
    })
    const run = (preload: string) =>
      runScript(['--expose-gc', '--disable-proto=delete', '--import', preload, 'app.mjs'], { cwd: directory.path })
    const guest = await run(register)
    expect(guest.stdout).toBe(
      'ERR_WORKER_INVALID_EXEC_ARGV\n' + 'ERR_INVALID_ARG_TYPE\n'.repeat(3) + "[ 'function', false ]\n",
    )
    expect(guest).toEqual(await run('data:text/javascript,'))
  })

  it('starts a worker in its namespace whatever it is called with, and whatever it requires first', async () => {
    using directory = temporaryDirectory({
      'write.cjs': `require('node:fs').writeFileSync('written-' + require('node:worker_threads').threadId, '')`,
      'app.cjs': `
        const { Worker } = require('node:worker_threads')
        const { pathToFileURL } = require('node:url')
        const { href, protocol, pathname, hostname } = pathToFileURL('write.cjs')
        const code = require('node:fs').readFileSync('write.cjs', 'utf8')
        let reads = 0
        const iterator = Array.prototype[Symbol.iterator]
        const ways = [
          () => new Worker('', { eval: true, execArgv: ['--require', './write.cjs'] }),
          () => new Worker('', { eval: true, env: { NODE_OPTIONS: '--require ./write.cjs' } }),
          () => ((process.env.NODE_OPTIONS = '--require ./write.cjs'), new Worker('', { eval: true })),
          () => (delete process.env.NODE_OPTIONS, new Worker(code, Object.assign(() => {}, { eval: true }))),
          () => new Worker('./write.cjs', 5),
          () => new Worker({ href, protocol, pathname, hostname }, { env: {}, execArgv: [] }),
          () => new Worker(code, { eval: true, get execArgv() { return reads++ > 0 ? [] : 5 } }),
          () => ((Array.isArray = () => false), new Worker(code, { eval: true, execArgv: [] })),
          () => ((Array.prototype[Symbol.iterator] = () => ({ next: () => ({ done: true }) })), new Worker(code, { eval: true, execArgv: [] })),
        ]
        const next = () => {
          const way = ways.shift()
          if (way === undefined) return
          try {
            way().on('error', () => {}).on('exit', next)
          } catch {
            setImmediate(next)
          } finally {
            Array.prototype[Symbol.iterator] = iterator
          }
        }
        next()`,
    })
    const { code } = await runScript(['--import', register, 'app.cjs'], { cwd: directory.path })
    expect(code).toBe(0)
    expect(directory.list()).toEqual(['app.cjs', 'write.cjs'])
  })

  it('sends files by http2: the host’s own, those in memory, and by descriptor', async () => {
    const { native, guest } = await both(
      {
        'app.mjs': `
          import fs from 'node:fs'
          import http2 from 'node:http2'
          import { once } from 'node:events'
          fs.writeFileSync('made.txt', 'made in memory')
          const send = {
            '/host': (stream) => stream.respondWithFile('host.txt', { ':status': 200 }),
            '/made': (stream) => stream.respondWithFile('made.txt', {}, { offset: 5, length: 2 }),
            '/fd': (stream) => stream.respondWithFD(fs.openSync('made.txt'), {}, { statCheck: (stat, headers) => { headers.size = stat.size } }),
            '/hostfd': (stream) => stream.respondWithFD(fs.openSync('host.txt')),
            '/none': (stream) => stream.respondWithFile('none.txt', {}, { onError(error) { stream.respond({ code: error.code }); stream.end() } }),
            '/directory': (stream) => stream.respondWithFile('.', {}, { onError(error) { stream.respond({ code: error.code }); stream.end() } }),
          }
          const server = http2.createServer().on('stream', (stream, headers) => send[headers[':path']](stream)).listen(0)
          await once(server, 'listening')
          const client = http2.connect('http://localhost:' + server.address().port)
          for (const path of Object.keys(send)) {
            const request = client.request({ ':path': path })
            const [headers] = await once(request, 'response')
            const { code, size } = headers
            console.log(path, code, size, headers['content-length'], (await request.toArray()).join(''))
          }
          client.close()
          server.close()`,
        'host.txt': 'from the host',
      },
      'app.mjs',
    )
    expect(guest.stdout).toBe(native.stdout)
    expect(guest.stdout).toContain('/made undefined undefined 2 in\n')
    expect(guest.stdout).toContain('/host undefined undefined 13 from the host\n')
  })

  it('serves its workers while it waits for them in Atomics.wait', async () => {
    const { native, guest } = await both(
      {
        'app.mjs': `
          import fs from 'node:fs'
          import { Worker } from 'node:worker_threads'
          fs.writeFileSync('in.txt', 'in')
          const signal = new Int32Array(new SharedArrayBuffer(4))
          new Worker('./worker.mjs', { workerData: signal })
          console.log(Atomics.wait(signal, 0, 0, 20_000), fs.readFileSync('out.txt', 'utf8'))
          console.log(Atomics.wait(signal, 0, 0, 1), Atomics.wait(signal, 0, 1, 5), Atomics.wait.length, Atomics.wait.name)`,
        'worker.mjs': `
          import fs from 'node:fs'
          import { workerData } from 'node:worker_threads'
          fs.writeFileSync('out.txt', fs.readFileSync('in.txt') + ' and out')
          Atomics.store(workerData, 0, 1)
          Atomics.notify(workerData, 0)`,
      },
      'app.mjs',
    )
    expect(guest).toEqual(native)
  })

  it('cannot start an executable of the host, and is told which one', async () => {
    const { guest } = await both(
      {
        'app.cjs': `try { require('node:child_process').execFileSync('ls') } catch (error) { console.log(error.code, error.message) }`,
      },
      'app.cjs',
    )
    expect(guest.stdout).toMatch(/^VISOR_DENIED .*ls/)
  })

  it('cannot get at what is denied by any of the ways to ask for a built-in', async () => {
    const { guest } = await both(
      {
        'app.mjs': `
          import { createRequire } from 'node:module'
          const require = createRequire(import.meta.url)
          const ways = [() => require('wasi'), () => import('node:wasi'), () => process.getBuiltinModule('wasi')]
          for (const way of ways) await Promise.resolve().then(way).then(() => console.log('got it'), (error) => console.log(error.code))
          const v8 = await import('node:v8')
          try { v8.setFlagsFromString('--no-opt') } catch (error) { console.log(error.code, error.message) }`,
      },
      'app.mjs',
    )
    expect(guest.stdout.split('\n').slice(0, 3)).toEqual([
      'VISOR_UNSUPPORTED',
      'VISOR_UNSUPPORTED',
      'VISOR_UNSUPPORTED',
    ])
    expect(guest.stdout).toContain('v8.setFlagsFromString')
  })
})

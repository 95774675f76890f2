import { chmodSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runScript, temporaryDirectory } from '@libvisor/testkit'
import type { ScriptResult } from '@libvisor/testkit'

const visor = fileURLToPath(new URL('../bin/visor.js', import.meta.url))

/** As the first line of the command has it: what follows is the command's, also `--env-file`, which Node has too. */
const nodeFlags = ['--']

/** Runs `visor run` in a directory with some files, and tells what it printed and what is in the directory then. */
async function visorRun(
  args: readonly string[],
  files: Record<string, string> = {},
  env: Record<string, string> = {},
  input = '',
): Promise<ScriptResult & { written: readonly string[] }> {
  using directory = temporaryDirectory(files)
  // A guest of another user must be able to read its program.
  chmodSync(directory.path, 0o755)
  const options = { cwd: directory.path, env: { PATH: process.env['PATH'] ?? '', NO_COLOR: '1', ...env }, input }
  const result = await runScript([...nodeFlags, visor, 'run', ...args], options)
  return { ...result, written: directory.list() }
}

const print = (expression: string): Record<string, string> => ({ 'print.mjs': `console.log(${expression})` })

describe.each(['process', 'thread', 'context'])('visor run --isolation %s', (isolation) => {
  const run = (args: readonly string[], files?: Record<string, string>, env?: Record<string, string>, input?: string) =>
    visorRun(['--isolation', isolation, ...args], files, env, input)

  it('runs a program with its arguments, as the main module of the main thread', async () => {
    const { stdout, stderr, code } = await run(['app.cjs', '--port', '80', '-v'], {
      'app.cjs': `console.log(require.main === module, process.argv.slice(2), require('worker_threads').isMainThread, process.pid)`,
    })
    expect({ stdout, stderr, code }).toEqual({ stdout: "true [ '--port', '80', '-v' ] true 1\n", stderr: '', code: 0 })
  })

  it('shows a program no global but those of Node', async () => {
    const source = 'console.log(JSON.stringify(Reflect.ownKeys(globalThis).map(String).sort()))'
    using directory = temporaryDirectory({ 'globals.cjs': source })
    const native = await runScript([directory.resolve('globals.cjs')])
    expect((await run(['globals.cjs'], { 'globals.cjs': source })).stdout).toBe(native.stdout)
  })

  it('runs ESM with top-level await, TypeScript, and what the program has written itself', async () => {
    const { stdout, written } = await run(['app.ts'], {
      'app.ts': `
        import { writeFile } from 'node:fs/promises'
        const name: string = './made.ts'
        await writeFile(new URL(name, import.meta.url), 'export const made: string = "made"')
        console.log((await import(name)).made, import.meta.main)`,
      'package.json': '{"type":"module"}',
    })
    expect(stdout).toMatch(/^made (true|undefined)\n$/)
    expect(written).toEqual(['app.ts', 'package.json'])
  })

  it("ends with the program's exit code, and shows its error", async () => {
    expect((await run(['app.mjs'], { 'app.mjs': 'process.exitCode = 5' })).code).toBe(5)
    const failed = await run(['app.mjs'], { 'app.mjs': `throw new RangeError('on purpose')` })
    expect(failed.code).toBe(1)
    expect(failed.stderr).toContain('RangeError: on purpose')
  })

  it('shows all that an uncaught error has: its properties and its cause', async () => {
    const { code, stderr } = await run(['app.cjs'], {
      'app.cjs': `throw Object.assign(new Error('on purpose', { cause: new TypeError('why') }), { code: 'E_TEST' })`,
    })
    expect(code).toBe(1)
    expect(stderr).toContain("code: 'E_TEST'")
    expect(stderr).toContain('[cause]: TypeError: why')
  })

  it('hands stdin on: to streams, to calls that wait, and to readline, which lets the program end', async () => {
    const files = {
      'pipe.mjs': `process.stdin.pipe(process.stdout)`,
      'sync.mjs': `import { readFileSync } from 'node:fs'; console.log(readFileSync(0, 'utf8'))`,
      'ask.mjs': `
        import { createInterface } from 'node:readline/promises'
        const lines = createInterface({ input: process.stdin })
        console.log(await lines.question(''))
        lines.close()`,
    }
    expect((await run(['pipe.mjs'], files, {}, 'a\nb\n')).stdout).toBe('a\nb\n')
    expect((await run(['sync.mjs'], files, {}, 'a\nb\n')).stdout).toBe('a\nb\n\n')
    expect(await run(['ask.mjs'], files, {}, 'a\n')).toMatchObject({ stdout: 'a\n', code: 0 })
  })

  it('mounts directories: writable, or read-only', async () => {
    using data = temporaryDirectory({ 'in.txt': 'in' })
    const files = {
      'app.mjs': `
        import fs from 'node:fs'
        fs.writeFileSync('/data/out.txt', fs.readFileSync('/data/in.txt'))
        try { fs.writeFileSync('/ro/out.txt', '') } catch (error) { console.log(error.code) }`,
    }
    const { stdout } = await run(['-v', `${data.path}:/data`, '-v', `${data.path}:/ro:ro`, 'app.mjs'], files)
    expect(stdout).toBe('EROFS\n')
    expect(data.list()).toEqual(['in.txt', 'out.txt'])
  })

  it('lets SQLite work in writable directories of the host and in memory, and refuses it any other file', async () => {
    using data = temporaryDirectory({})
    const { stdout, stderr, written } = await run(
      ['-v', `${data.path}:/data`, '-v', `${data.path}:/ro:ro`, 'app.mjs'],
      {
        'app.mjs': `
        import { existsSync } from 'node:fs'
        import { backup, DatabaseSync } from 'node:sqlite'
        const paths = ['/data/a b.db', new URL('file:///data/c%20d.db'), ':memory:', 'file:e?mode=memory', '/ro/f.db', 'g.db']
        for (const path of paths) {
          try {
            new DatabaseSync(path).exec('create table t (a)')
            console.log('made')
          } catch (error) { console.log(error.code, error.message) }
        }
        console.log(existsSync('/data/a b.db'), existsSync('/data/c d.db'))
        const database = new DatabaseSync(':memory:')
        console.log(database instanceof DatabaseSync, database.constructor === DatabaseSync)
        await backup(database, '/data/h.db')
        try { await backup(database, 'i.db') } catch (error) { console.log(error.code) }`,
      },
    )
    const refused = (path: string): unknown =>
      expect.stringMatching(new RegExp(`^VISOR_UNSUPPORTED sqlite\\.DatabaseSync of ${path} .*-v`))
    expect(stdout.trim().split('\n'), stderr).toEqual([
      ...Array.from({ length: 4 }, () => 'made'),
      refused('/ro/f\\.db'),
      refused('g\\.db'),
      'true true',
      'true true',
      'VISOR_UNSUPPORTED',
    ])
    expect([...data.list()].sort()).toEqual(['a b.db', 'c d.db', 'h.db'])
    expect(written).toEqual(['app.mjs'])
  })

  it('sets the environment: variables, ones of the host, files', async () => {
    const { stdout } = await run(
      ['-e', 'A=1', '-e', 'B', '--env-file', 'vars.env', 'print.mjs'],
      { ...print(`JSON.stringify([process.env.A, process.env.B, process.env.C])`), 'vars.env': 'C="from file"' },
      { B: 'from host' },
    )
    expect(stdout).toBe('["1","from host","from file"]\n')
  })

  it('sets host name, working directory, user, clock, zone and seed', async () => {
    const expression = `JSON.stringify([
      (await import('node:os')).hostname(), process.cwd(), process.getuid(),
      new Date().getFullYear(), new Date(0).getHours(), Math.random()])`
    const args = [
      '--hostname',
      'box',
      '-w',
      '/',
      '-u',
      '1000:1000',
      '--time',
      '2030-06-01T00:00:00Z',
      '--tz',
      'Asia/Tokyo',
      '--seed',
      '7',
    ]
    const [first, second] = [
      await run([...args, 'print.mjs'], print(expression)),
      await run([...args, 'print.mjs'], print(expression)),
    ]
    expect(first.stdout).toBe(second.stdout)
    expect((JSON.parse(first.stdout) as unknown[]).slice(0, 5)).toEqual(['box', '/', 1000, 2030, 9])
  })

  it('reaches nothing outside with --network none', async () => {
    const server = createServer((_request, response) => response.end('real')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { stdout } = await run(['--network', 'none', 'app.mjs'], {
      'app.mjs': `
        import net from 'node:net'
        for (const host of ['127.0.0.1', '192.0.2.1', 'example.com'])
          await new Promise((done) => net.connect(${port}, host)
            .on('connect', () => { console.log('connected'); done() })
            .on('error', (error) => { console.log(host, error.code); done() }))`,
    })
    server.close()
    expect(stdout).not.toContain('connected')
    expect(stdout).toContain('127.0.0.1 ECONNREFUSED\n')
  })

  it('publishes a port with -p', async () => {
    const probe = createServer().listen(0)
    await once(probe, 'listening')
    const { port } = probe.address() as AddressInfo
    probe.close()
    await once(probe, 'close')
    using directory = temporaryDirectory({
      'app.mjs': `
        import { chmodSync } from 'node:fs'
import { createServer } from 'node:http'
        const server = createServer((request, response) => { response.end('published'); server.close() }).listen(3000)`,
    })
    const running = runScript(
      [...nodeFlags, visor, 'run', '--isolation', isolation, '-p', `127.0.0.1:${port}:3000`, 'app.mjs'],
      { cwd: directory.path },
    )
    await expect
      .poll(
        () =>
          fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } }).then(
            (response) => response.text(),
            () => '',
          ),
        {
          timeout: 20_000,
        },
      )
      .toBe('published')
    const { code, stderr } = await running
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})

it('visor run --help shows every option, and examples that name no option that there is not', async () => {
  const { code, stdout, stderr } = await visorRun(['--help'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const [options = '', examples = ''] = stdout.split('Examples:')
  const used = examples.match(/(?<= )--?[a-z][a-z-]*/g) ?? []
  expect(used.length).toBeGreaterThan(8)
  // What follows the program is the program's.
  for (const option of used.filter((name) => name !== '--verbose')) expect(options).toContain(option)
})

it('finds nothing in require.cache that libvisor has loaded late for it', async () => {
  const source = `
    require('./part.cjs')
    require('node:fs').writeFileSync('/tmp/made', '')
    require('node:net').createServer().listen(0).close()
    // Dependencies of libvisor have no files of their own where it is published.
    const own = Object.keys(require.cache).filter((file) => !file.includes('/node_modules/'))
    console.log(own.map((file) => require('node:path').basename(file)))`
  const { stdout } = await visorRun(['app.cjs'], { 'app.cjs': source, 'part.cjs': '' })
  expect(stdout).toBe("[ 'app.cjs', 'part.cjs' ]\n")
})

describe('what is wrong on the command line', () => {
  it.each([
    ['a missing entry', ['no-such.js'], /no-such\.js/],
    ['an unknown option', ['--frobnicate', 'app.js'], /--frobnicate/],
    ['an option without its value', ['-p'], /^visor: Option '-p.*missing\n  See visor run --help\.$/],
    ['nothing to run', [], /^visor: Missing .*'file'\n  See visor run --help\.$/],
    ['a port that is none', ['-p', 'abc', 'app.js'], /'abc'/],
    ['a volume without a target', ['-v', 'data', 'app.js'], /'data'/],
    ['a directory that is not there', ['-v', '/no/such/dir:/data', 'app.js'], /\/no\/such\/dir/],
    ['an environment file that is not there', ['--env-file', 'no.env', 'app.js'], /no\.env/],
    ['a moment that is none', ['--time', 'yesterdayish', 'app.js'], /yesterdayish/],
    ['a zone that is none', ['--tz', 'Mars/Olympus', 'app.js'], /Mars\/Olympus/],
    ['an isolation that is none', ['--isolation', 'wishful', 'app.js'], /wishful/],
    ['an egress rule that cannot be read', ['--egress', '10.0.0.0/99', 'app.js'], /10\.0\.0\.0\/99/],
  ])('is said in one message that names it, with exit code 2: %s', async (_what, args, message) => {
    const { code, stdout, stderr } = await visorRun(args, { 'app.js': `console.log('ran')` })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr.trimEnd()).toMatch(message)
    expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(3)
    expect(stderr).not.toContain('    at ')
  })

  it('is a port that is in use, with exit code 2', async () => {
    const server = createServer().listen(0)
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { code, stdout, stderr } = await visorRun(['-p', `${port}:3000`, 'app.js'], {
      'app.js': `console.log('ran')`,
    })
    server.close()
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(String(port))
  })
})

import { once } from 'node:events'
import fs from 'node:fs'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runScript, temporaryDirectory } from '@libvisor/testkit'
import type { ScriptResult, TemporaryDirectory } from '@libvisor/testkit'

const command = fileURLToPath(new URL('../bin/visor.js', import.meta.url))

/** Runs the command with its volumes in a directory. */
function visor(directory: TemporaryDirectory, ...args: readonly string[]): Promise<ScriptResult> {
  const env = { PATH: process.env['PATH'] ?? '', NO_COLOR: '1', VISOR_VOLUMES: directory.resolve('volumes') }
  // What follows is the command's, also what Node has an option for.
  return runScript(['--', command, ...args], { cwd: directory.path, env })
}

/** What a program prints that tries to write a file, and then to fill it. */
const fill = `
  const fs = require('fs')
  const write = (path, size) => {
    try {
      const fd = fs.openSync(path, 'w')
      let written = 0
      try { while (written < size) written += fs.writeSync(fd, Buffer.alloc(size - written)) } finally { fs.closeSync(fd) }
      return written
    } catch ({ code }) { return code }
  }
  console.log(...process.argv.slice(2).map((path) => write(path, 10_000)))`

describe.each(['process', 'thread', 'context'])('visor run --isolation %s', (isolation) => {
  const run = (directory: TemporaryDirectory, ...args: readonly string[]): Promise<ScriptResult> =>
    visor(directory, 'run', '--isolation', isolation, ...args)

  it('-v name:/path mounts a volume, which the next run has as well', async () => {
    using directory = temporaryDirectory({
      'app.cjs': `
        const fs = require('fs')
        fs.appendFileSync('/data/log', 'run ')
        console.log(fs.readFileSync('/data/log', 'utf8'))`,
    })
    expect((await run(directory, '-v', 'data:/data', 'app.cjs')).stdout).toBe('run \n')
    expect((await run(directory, '--mount', 'type=volume,src=data,dst=/data', 'app.cjs')).stdout).toBe('run run \n')
    const { stderr, code } = await run(directory, '-v', 'data:/data:ro', 'app.cjs')
    expect(stderr).toContain("EROFS: read-only file system, open '/data/log'")
    expect(code).toBe(1)
    expect(fs.readFileSync(directory.resolve('volumes/data/_data/log'), 'utf8')).toBe('run run ')
  })

  it('lets a program listen on a socket in a directory of the host, which shows its file', async () => {
    using directory = temporaryDirectory({
      'data/file': '',
      'app.cjs': `
        const { createServer, connect } = require('net')
        const fs = require('fs')
        fs.mkdirSync('/data/' + 'd'.repeat(60))
        process.chdir('/data/' + 'd'.repeat(60))
        const server = createServer((socket) => socket.end('hello')).listen('app.sock', () => {
          console.log(fs.statSync('app.sock').isSocket(), (fs.statSync('app.sock').mode & 0o777).toString(8))
          connect('app.sock').on('data', (data) => console.log(String(data))).on('close', () => {
            fs.linkSync('app.sock', '/data/kept')
            server.close(() => console.log(fs.readdirSync('.')))
          })
        })`,
    })
    const { stdout, stderr } = await run(directory, '-v', './data:/data', 'app.cjs')
    expect(stderr).toBe('')
    expect(stdout).toBe(`true ${(0o777 & ~process.umask()).toString(8)}\nhello\n[]\n`)
    expect(fs.statSync(directory.resolve('data/kept')).isSocket()).toBe(true)
    const [error] = (await once(connect(directory.resolve('data/kept')), 'error')) as [NodeJS.ErrnoException]
    expect(error.code).toBe('ECONNREFUSED')
  })

  it('--tmpfs, --mount type=tmpfs and --storage-opt limit what can be written', async () => {
    using directory = temporaryDirectory({ 'app.cjs': fill })
    const flags = ['--tmpfs', '/a:size=8k', '--mount', 'type=tmpfs,target=/b,tmpfs-size=1m', '--storage-opt', 'size=8k']
    const { stdout } = await run(directory, ...flags, 'app.cjs', '/a/x', '/b/x', directory.resolve('made'))
    expect(stdout).toBe('ENOSPC 10000 ENOSPC\n')
    const inodes = await run(directory, '--tmpfs', '/a:size=1m,nr_inodes=2', 'app.cjs', '/a/first', '/a/second')
    expect(inodes.stdout).toBe('10000 ENOSPC\n')
  })

  it('--read-only leaves only mounts to be written to', async () => {
    using directory = temporaryDirectory({ 'app.cjs': fill })
    const made = [directory.resolve('made'), '/run/scratch/made', '/dev/null']
    const { stdout } = await run(directory, '--read-only', '--tmpfs', '/run/scratch', 'app.cjs', ...made)
    expect(stdout).toBe('EROFS 10000 10000\n')
  })

  it('--ulimit nofile says how many files may be open', async () => {
    using directory = temporaryDirectory({
      'app.cjs': `
        const fs = require('fs')
        let count = 0
        try { for (;; count++) fs.openSync('/dev/null') } catch ({ code }) { console.log(count, code) }`,
    })
    expect((await run(directory, '--ulimit', 'nofile=10:20', 'app.cjs')).stdout).toBe('7 EMFILE\n')
  })
})

describe('visor volume', () => {
  it('makes, lists, shows and removes volumes', async () => {
    using directory = temporaryDirectory()
    const run = async (...args: readonly string[]): Promise<string> => {
      const { stdout, stderr } = await visor(directory, 'volume', ...args)
      expect(stderr).toBe('')
      return stdout
    }
    expect(await run('create', 'b', '--opt', 'size=64m', '-o', 'nr_inodes=1k')).toBe('b\n')
    expect(await run('create', 'a')).toBe('a\n')
    expect(await run('ls', '-q')).toBe('a\nb\n')
    expect(await run('ls')).toBe(
      `VOLUME NAME  MOUNTPOINT\na            ${directory.resolve('volumes/a/_data')}\nb            ${directory.resolve('volumes/b/_data')}\n`,
    )
    const [shown] = JSON.parse(await run('inspect', 'b')) as [Record<string, unknown>]
    expect(shown).toEqual({
      name: 'b',
      mountpoint: directory.resolve('volumes/b/_data'),
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
      sizeBytes: 64 * 2 ** 20,
      inodes: 1024,
    })
    expect(await run('rm', 'a', 'b')).toBe('a\nb\n')
    expect(await run('ls', '-q')).toBe('')
  })

  it.each([
    [['rm', 'missing'], "visor: There is no volume 'missing'"],
    [['inspect', 'missing'], "visor: There is no volume 'missing'"],
    [['create', '../escape'], "visor: A volume cannot be named '../escape'"],
    [['create', 'a', '-o', 'color=red'], "visor: --opt 'color=red' is not size=64m or nr_inodes=1k"],
  ])('%s is refused', async (args, message) => {
    using directory = temporaryDirectory()
    const { stderr, code } = await visor(directory, 'volume', ...args)
    expect(stderr).toContain(message)
    expect(code).toBe(2)
  })

  it.each([
    ['--tmpfs', '/tmp:size=many', "--tmpfs '/tmp:size=many' is not a size"],
    ['--tmpfs', '/tmp:color=red', "--tmpfs '/tmp:color=red' is not /GUEST_DIR"],
    ['--mount', 'type=nfs,source=a,target=/b', "--mount 'type=nfs,source=a,target=/b' is not type=bind|volume|tmpfs"],
    ['--mount', 'type=volume,target=/b', "--mount 'type=volume,target=/b' is not"],
    ['--ulimit', 'core=0', "--ulimit 'core=0' is not nofile="],
    ['--storage-opt', 'quota=1', "--storage-opt 'quota=1' is not size=64m"],
    ['-v', 'a/b:relative', "--volume 'a/b:relative' is not"],
  ])('%s %s is refused', async (flag, value, message) => {
    using directory = temporaryDirectory({ 'app.cjs': '' })
    const { stderr, code } = await visor(directory, 'run', flag, value, 'app.cjs')
    expect(stderr).toContain(message)
    expect(code).toBe(2)
  })
})

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createNamespace, hostDir, memory, overlay, readSnapshot } from '../src/index.ts'
import { runScript, temporaryDirectory } from '@libvisor/testkit'
import type { ScriptResult, TemporaryDirectory } from '@libvisor/testkit'

const visor = fileURLToPath(new URL('../bin/visor.js', import.meta.url))

function visorRun(args: readonly string[], { path }: TemporaryDirectory): Promise<ScriptResult> {
  const env = { PATH: process.env['PATH'] ?? '', NO_COLOR: '1' }
  return runScript(['--', visor, 'run', ...args], { cwd: path, env, input: '' })
}

/** A directory with a program that changes whatever can be changed. */
function makeProgram(): TemporaryDirectory {
  return temporaryDirectory({
    'program.js': `
      const fs = require('node:fs')
      process.on('exit', () => fs.writeFileSync('out/last', ''))
      fs.mkdirSync('out')
      fs.writeFileSync('out/a', 'hello', { mode: 0o600 })
      fs.linkSync('out/a', 'out/b')
      fs.symlinkSync('a', 'out/link')
      fs.appendFileSync('changed', '+')
      fs.rmSync('old', { recursive: true })
      fs.renameSync('moved', 'elsewhere')
      fs.writeFileSync('two\\nlines', '')
      console.log('done')`,
    changed: 'was',
    'old/file': '',
    'moved/file': 'moved',
  })
}

describe('visor run --diff', () => {
  it('lists what the program changed on stderr, with the letters of docker diff', async () => {
    using directory = makeProgram()
    const { stdout, stderr, code } = await visorRun(['--diff', 'program.js'], directory)
    const lines = stderr.replaceAll(directory.path, '')
    expect({ stdout, code }).toEqual({ stdout: 'done\n', code: 0 })
    expect(lines.split('\n')).toEqual([
      'C /changed',
      'A /elsewhere',
      'A /elsewhere/file',
      'D /moved',
      'D /old',
      'A /out',
      'A /out/a',
      'A /out/b',
      'A /out/last',
      'A /out/link',
      'A /two\\x0alines',
      '',
    ])
  })

  it.each(['thread', 'context'])("keeps the program's output, error and exit code (%s)", async (isolation) => {
    using directory = temporaryDirectory({
      'program.js': `require('node:fs').writeFileSync('made', ''); throw new RangeError('on purpose')`,
    })
    const { stderr, code } = await visorRun(['--isolation', isolation, '--diff', 'program.js'], directory)
    expect(code).toBe(1)
    expect(stderr).toMatch(/RangeError: on purpose[^]*Node\.js v\d+[^]*\nA .*\/made\n$/)
  })

  it('writes JSON to a file or to stdout', async () => {
    using directory = temporaryDirectory({ 'program.js': `require('node:fs').writeFileSync('made', '')` })
    const expected = { added: [directory.resolve('made')], changed: [], deleted: [] }
    const { stdout, stderr } = await visorRun(['--diff-json', '-', 'program.js'], directory)
    expect({ changes: JSON.parse(stdout) as unknown, stderr }).toEqual({ changes: expected, stderr: '' })
    await visorRun(['--diff-json', 'changes.json', 'program.js'], directory)
    expect(JSON.parse(fs.readFileSync(directory.resolve('changes.json'), 'utf8'))).toEqual(expected)
  })

  it('is refused where nobody would see the changes, before the program runs', async () => {
    using directory = makeProgram()
    const { stdout, stderr, code } = await visorRun(['--isolation', 'process', '--diff', 'program.js'], directory)
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 })
    expect(stderr).toContain("--isolation 'process'")
  })
})

describe('visor run --commit', () => {
  it('writes the changed files to a directory, which can be the upper layer of an overlay', async () => {
    using directory = makeProgram()
    using target = temporaryDirectory()
    const commit = target.resolve('out')
    const { stderr, code } = await visorRun(['--commit', commit, 'program.js'], directory)
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    expect(fs.existsSync(directory.resolve('out'))).toBe(false)
    const at = (name: string): string => `${commit}${directory.path}/${name}`
    expect(fs.readFileSync(at('changed'), 'utf8')).toBe('was+')
    expect(fs.statSync(at('out/a'))).toMatchObject({ mode: 0o100600, nlink: 2, ino: fs.statSync(at('out/b')).ino })
    expect(fs.readlinkSync(at('out/link'))).toBe('a')
    expect(fs.readdirSync(at('')).filter((name) => name.startsWith('.wh.'))).toEqual(['.wh.moved', '.wh.old'])

    const upper = hostDir(commit, { mode: 'rw' })
    using ns = createNamespace({ fs: { '/': overlay({ lower: hostDir('/'), upper }) } })
    const seen = await ns.fs.readdir(directory.path)
    expect(seen.toSorted()).toEqual(['changed', 'elsewhere', 'out', 'program.js', 'two\nlines'])
    expect(await ns.fs.readFile(directory.resolve('elsewhere/file'), 'utf8')).toBe('moved')
  })

  it('writes an archive that tar lists, and that can be put back', async () => {
    using directory = makeProgram()
    const archive = directory.resolve('layer.tar')
    const { stderr } = await visorRun(['--commit', 'layer.tar', 'program.js'], directory)
    expect(stderr).toBe('')
    const { stdout, status } = spawnSync('tar', ['-tf', archive], { encoding: 'utf8' })
    expect(status).toBe(0)
    expect(stdout).toContain(`${directory.path.slice(1)}/.wh.old\n`)
    using ns = createNamespace({ fs: { '/': overlay({ lower: hostDir('/'), upper: memory() }) } })
    ns.fs.restore(await readSnapshot({ '/': fs.createReadStream(archive) }))
    expect(await ns.fs.readFile(directory.resolve('changed'), 'utf8')).toBe('was+')
    await expect(ns.fs.stat(directory.resolve('old'))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it.each([
    ['a directory that is not empty', 'full', /--commit 'full' is not empty/],
    ['a file', 'program.js', /--commit 'program\.js' is no directory/],
    ['a directory where an archive is wanted', 'dir.tar', /--commit 'dir\.tar' is a directory/],
    ['a place that is not there', 'nowhere/out', /--commit 'nowhere\/out' is in no directory/],
  ])('refuses %s, before the program runs', async (_, target, message) => {
    using directory = temporaryDirectory({ 'program.js': 'console.log(1)', 'full/file': '', 'dir.tar/file': '' })
    const { stdout, stderr, code } = await visorRun(['--commit', target, 'program.js'], directory)
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 })
    expect(stderr).toMatch(message)
  })

  it('says that the changes are lost when the program is ended by force', async () => {
    using directory = temporaryDirectory({ 'program.js': `require('node:fs').writeSync(1, 'busy'); for (;;);` })
    const child = spawn(process.execPath, ['--', visor, 'run', '--diff', 'program.js'], { cwd: directory.path })
    const ended = once(child, 'exit') as Promise<[code: number]>
    await once(child.stdout, 'data')
    // The first signal waits for the event loop; one that comes later ends the thread.
    const ending = setInterval(() => child.kill('SIGTERM'), 300)
    const [errors, [code]] = await Promise.all([child.stderr.toArray(), ended])
    clearInterval(ending)
    expect(Buffer.concat(errors as Buffer[]).toString()).toContain('What the program changed is lost')
    expect(code).toBe(143)
  })
})

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { describe, test } from 'vitest'
import { createErrors, hostIntrinsics, linux } from '@libvisor/abi'
import { createFileView, hostDir, memory, overlay } from '@libvisor/fs'
import type { FileSystem, HostFs } from '@libvisor/fs'
import { temporaryDirectory } from '@libvisor/testkit'
import { makeFileSystem, makeIdentity, makeStdio } from './fixture.ts'

const errors = createErrors({ personality: linux, intrinsics: hostIntrinsics })

function open(fileSystem: FileSystem) {
  const process = fileSystem.process(makeIdentity(), makeStdio())
  return { sync: process.sync, view: createFileView(process, errors) }
}

describe('what the loader asks again and again', () => {
  const still = { nowMs: () => 0, turn: () => 1 }

  test('is seen at once when the guest makes, renames or removes it', () => {
    using directory = temporaryDirectory({ 'app/main.js': '' })
    using fileSystem = makeFileSystem({ '/': overlay({ lower: hostDir(directory.path), upper: memory() }) }, still)
    const { sync, view } = open(fileSystem)
    assert.equal(view.kind('/app/new.js'), undefined)
    sync.close(sync.open('/app/new.js', fs.constants.O_CREAT | fs.constants.O_WRONLY, 0o644))
    assert.equal(view.kind('/app/new.js'), 'file')
    sync.rename('/app/new.js', '/app/moved.js')
    assert.deepEqual([view.kind('/app/new.js'), view.kind('/app/moved.js')], [undefined, 'file'])
    sync.unlink('/app/main.js')
    assert.equal(view.kind('/app/main.js'), undefined)
    sync.symlink('app', '/link')
    assert.equal(view.kind('/link/moved.js'), 'file')
    sync.unlink('/link')
    assert.equal(view.kind('/link/moved.js'), undefined)
  })

  test('is asked of the host again in the next callback, and when some time has passed', () => {
    let now = 0
    let callback = 0
    using directory = temporaryDirectory({ 'main.js': '' })
    using fileSystem = makeFileSystem({ '/': hostDir(directory.path) }, { nowMs: () => now, turn: () => callback })
    const { view } = open(fileSystem)
    assert.equal(view.kind('/late.js'), undefined)
    directory.write({ 'late.js': '' })
    callback++
    assert.equal(view.kind('/late.js'), 'file')
    assert.equal(view.kind('/later.js'), undefined)
    directory.write({ 'later.js': '' })
    now += 200
    for (let asked = 0; asked < 32; asked++) view.kind('/main.js')
    assert.equal(view.kind('/later.js'), 'file')
  })

  test('resolves as every other call does what is no plain path', () => {
    using directory = temporaryDirectory({ 'a/b/file': '' })
    using fileSystem = makeFileSystem({ '/': hostDir(directory.path) }, still)
    const { view } = open(fileSystem)
    const kinds = [
      '/',
      '/a/',
      '/a//b',
      '/a/./b/file',
      '/a/b/../b/file',
      '/a/b/file/',
      '/a/b/file/..',
      `/${'x'.repeat(2000)}`,
    ]
    const expected = ['directory', 'directory', 'directory', 'file', 'file', undefined, undefined, undefined]
    assert.deepEqual(
      kinds.map((path) => view.kind(path)),
      expected,
    )
  })
})

test('what guests find in turn, in one callback, does not get lost between them', () => {
  using directory = temporaryDirectory({ 'app/lib/main.js': '' })
  const mounts = { '/': overlay({ lower: hostDir(directory.path), upper: memory() }) }
  const still = { nowMs: () => 0, callback: () => 1, turn: () => 1 }
  using one = makeFileSystem(mounts, still)
  using other = makeFileSystem(mounts, still)
  const [first, second] = [open(one).view, open(other).view] as const
  const look = (view: typeof first, name: string) =>
    view.derive('kinds', name, () => ['/app/lib', `/app/lib/${name}`].map((path) => view.kind(path)))
  for (const name of ['a.js', 'b.js', 'c.js', 'main.js']) {
    const expected = ['directory', name === 'main.js' ? 'file' : undefined]
    assert.deepEqual(look(first, name), expected)
    assert.deepEqual(second.kind('/app'), 'directory')
    assert.deepEqual(look(first, `./${name}`), expected)
  }
})

describe('texts of the host', () => {
  /** Counts how often a file is read, by a clock that is far from the times of files. */
  const counting = (reads: string[]): Partial<HostFs> => ({
    wallMs: () => Date.now() + 60_000,
    readText(path) {
      reads.push(String(path))
      return fs.readFileSync(path, 'utf8')
    },
  })

  test('are read once for all guests of a thread, until the file changes', async () => {
    using directory = temporaryDirectory({ 'main.js': 'first' })
    const reads: string[] = []
    const mounts = { '/': overlay({ lower: hostDir(directory.path), upper: memory() }) }
    using one = makeFileSystem(mounts, counting(reads))
    using other = makeFileSystem(mounts, counting(reads))
    const views = [open(one).view, open(other).view]
    assert.deepEqual(
      views.map((view) => view.text('/main.js')),
      ['first', 'first'],
    )
    assert.equal(reads.length, 1)
    directory.write({ 'main.js': 'second, which is longer' })
    // Files are looked at once in an iteration of the event loop, at the end of which a timer may be due already.
    await setTimeout(1)
    await setTimeout(1)
    assert.deepEqual(
      views.map((view) => view.text('/main.js')),
      Array(2).fill('second, which is longer'),
    )
    assert.equal(reads.length, 2)
  })

  test('are looked at again in the same callback when a program of the host has run in it', () => {
    using directory = temporaryDirectory({ 'main.js': 'first', 'first/a.txt': '', 'second/b.txt': '' })
    fs.symlinkSync('first', directory.resolve('current'))
    const mounts = { '/': overlay({ lower: hostDir(directory.path), upper: memory() }) }
    using fileSystem = makeFileSystem(mounts, {
      wallMs: () => Date.now() + 60_000,
      callback: () => 1,
      turn: () => 1,
      nowMs: () => 0,
    })
    const { sync, view } = open(fileSystem)
    const look = () => [
      view.text('/main.js'),
      view.realpath('/current'),
      view.hostPath('/current/b.txt'),
      view.derive('kind', '/other.js', () => view.kind('/other.js')),
      sync.readdir('/current').map(({ name }) => name),
    ]
    assert.deepEqual(look(), ['first', '/first', undefined, undefined, ['a.txt']])
    directory.write({ 'main.js': 'second, which is longer', 'other.js': '' })
    fs.rmSync(directory.resolve('current'))
    fs.symlinkSync('second', directory.resolve('current'))
    view.expire()
    const moved = directory.resolve('second/b.txt')
    assert.deepEqual(look(), ['second, which is longer', '/second', moved, 'file', ['b.txt']])
  })

  test('of a file that was changed a moment ago are read each time: its times may not tell the next change', () => {
    using directory = temporaryDirectory({ 'main.js': 'first' })
    using fileSystem = makeFileSystem({ '/': hostDir(directory.path) })
    const { view } = open(fileSystem)
    assert.equal(view.text('/main.js'), 'first')
    directory.write({ 'main.js': 'other' })
    assert.equal(view.text('/main.js'), 'other')
  })

  test('are those of the guest where it has changed them', () => {
    using directory = temporaryDirectory({ 'main.js': 'host' })
    using fileSystem = makeFileSystem({ '/': overlay({ lower: hostDir(directory.path), upper: memory() }) })
    const { sync, view } = open(fileSystem)
    assert.equal(view.text('/main.js'), 'host')
    const fd = sync.open('/main.js', fs.constants.O_WRONLY | fs.constants.O_TRUNC, 0)
    sync.write(fd, Buffer.from('guest'), -1)
    sync.close(fd)
    assert.equal(view.text('/main.js'), 'guest')
    assert.throws(() => view.text('/missing.js'), { code: 'ENOENT', syscall: 'open', path: '/missing.js' })
  })
})

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { constants } from 'node:fs'
import { hostDir, memory, overlay } from '@libvisor/fs'
import type { MountSpec } from '@libvisor/fs'
import { temporaryDirectory } from '@libvisor/testkit'
import type { TemporaryDirectory } from '@libvisor/testkit'
import { describe, test } from 'vitest'
import { append, bytes, fails, get, names, put, text } from './calls.ts'
import { makeIdentity, startLocal } from './fixture.ts'
import type { Fixture } from './fixture.ts'

const { O_RDONLY, O_RDWR, O_WRONLY, S_IFMT, S_IFLNK, S_IFCHR } = constants

const files = {
  file: 'lower',
  'dir/a': 'a',
  'dir/b': 'b',
  'dir/sub/c': 'c',
  'empty/.keep': '',
}

interface Overlaid extends Fixture {
  readonly lower: TemporaryDirectory
  readonly upper: TemporaryDirectory
}

/** What a directory of the host holds, with all that can be told from outside. */
function picture(directory: string): unknown {
  return fs
    .readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .toSorted()
    .map((name) => {
      const { mode, size, mtimeNs, ctimeNs, ino, nlink } = fs.lstatSync(`${directory}/${name}`, { bigint: true })
      return { name, mode, size, mtimeNs, ctimeNs, ino, nlink }
    })
}

function start(upperKind: 'host' | 'memory'): Overlaid & { unchanged(): void } {
  const lower = temporaryDirectory(files)
  fs.rmSync(lower.resolve('empty/.keep'))
  fs.symlinkSync('file', lower.resolve('link'))
  fs.chmodSync(lower.resolve('dir/a'), 0o640)
  fs.utimesSync(lower.resolve('dir/a'), 1000, 2000)
  const upper = temporaryDirectory()
  const before = picture(lower.path)
  const top: MountSpec = upperKind === 'memory' ? memory() : hostDir(upper.path, { mode: 'rw' })
  const fixture = startLocal({ '/': overlay({ lower: hostDir(lower.path), upper: top }) })
  return {
    ...fixture,
    lower,
    upper,
    unchanged: () => assert.deepEqual(picture(lower.path), before),
    async [Symbol.asyncDispose]() {
      await fixture[Symbol.asyncDispose]()
      lower[Symbol.dispose]()
      upper[Symbol.dispose]()
    },
  }
}

/** Runs a body over both kinds of upper layer; the lower one must not change. */
function rule(
  title: string,
  body: (overlaid: Overlaid) => void,
  kinds: readonly ('host' | 'memory')[] = ['memory', 'host'],
): void {
  describe(title, () => {
    for (const kind of kinds) {
      test(`upper layer in ${kind === 'memory' ? 'memory' : 'a directory of the host'}`, async () => {
        await using overlaid = start(kind)
        body(overlaid)
        overlaid.unchanged()
      })
    }
  })
}

rule('writing, truncating, chmod(), utimes() and link() copy up first', ({ sync }) => {
  append(sync, '/file', '+')
  sync.truncate('/dir/b', 0)
  sync.chmod('/dir/sub/c', 0o600)
  sync.utimes('/dir', 1_000_000_000n, 2_000_000_000n)
  sync.link('/dir/a', '/again')
  assert.equal(get(sync, '/file'), 'lower+')
  assert.equal(get(sync, '/dir/b'), '')
  assert.equal(sync.stat('/dir/sub/c').mode & 0o777, 0o600)
  assert.equal(sync.stat('/dir').mtimeNs, 2_000_000_000n)
  assert.equal(get(sync, '/again'), 'a')
})

rule('a non-directory of the upper layer hides the lower one, directories merge', ({ sync }) => {
  put(sync, '/dir/new', 'new')
  assert.deepEqual(names(sync, '/dir'), ['a', 'b', 'new', 'sub'])
  sync.unlink('/file')
  sync.mkdir('/file', 0o755)
  assert.deepEqual(names(sync, '/file'), [])
  sync.rmdir('/file')
  put(sync, '/file', 'again')
  assert.equal(get(sync, '/file'), 'again')
  assert.deepEqual(names(sync, '/'), ['dir', 'empty', 'file', 'link'])
})

rule('copying up keeps mode, times and the text of links', ({ sync }) => {
  const before = sync.stat('/dir/a')
  const fd = sync.open('/dir/a', O_RDWR, 0)
  const after = sync.fstat(fd)
  sync.close(fd)
  assert.equal(after.mode, before.mode)
  assert.equal(after.mtimeNs, before.mtimeNs)
  assert.equal(after.size, before.size)
  sync.rename('/link', '/moved')
  assert.equal(sync.lstat('/moved').mode & S_IFMT, S_IFLNK)
  assert.equal(sync.readlink('/moved'), 'file')
})

rule('one device, and inode numbers that survive copying up', ({ sync }) => {
  const before = ['/', '/file', '/dir', '/dir/a', '/link'].map((path) => sync.lstat(path))
  append(sync, '/file', 'x')
  append(sync, '/dir/a', 'x')
  sync.lutimes('/link', 1n, 1n)
  put(sync, '/new', '')
  const after = ['/', '/file', '/dir', '/dir/a', '/link'].map((path) => sync.lstat(path))
  assert.deepEqual(
    after.map(({ ino }) => ino),
    before.map(({ ino }) => ino),
  )
  assert.deepEqual(new Set([...before, ...after, sync.stat('/new')].map(({ dev }) => dev)).size, 1)
})

rule('an unlinked name of the lower layer is gone', ({ sync }) => {
  sync.unlink('/dir/a')
  fails('ENOENT', () => sync.stat('/dir/a'))
  fails('ENOENT', () => sync.unlink('/dir/a'))
  assert.deepEqual(names(sync, '/dir'), ['b', 'sub'])
  put(sync, '/dir/a', 'second')
  assert.equal(get(sync, '/dir/a'), 'second')
  sync.unlink('/dir/a')
  assert.deepEqual(names(sync, '/dir'), ['b', 'sub'])
})

rule('a directory that takes the place of a removed one is empty', ({ sync }) => {
  sync.unlink('/dir/sub/c')
  sync.rmdir('/dir/sub')
  sync.unlink('/dir/a')
  sync.unlink('/dir/b')
  sync.rmdir('/dir')
  fails('ENOENT', () => sync.readdir('/dir'))
  sync.mkdir('/dir', 0o755)
  assert.deepEqual(names(sync, '/dir'), [])
  put(sync, '/dir/sub', 'a file now')
  assert.equal(get(sync, '/dir/sub'), 'a file now')
})

rule('rmdir() of a directory with visible entries is ENOTEMPTY, with whiteouts only it succeeds', ({ sync }) => {
  sync.unlink('/dir/sub/c')
  fails('ENOTEMPTY', () => sync.rmdir('/dir'))
  assert.deepEqual(names(sync, '/dir/sub'), [])
  sync.rmdir('/dir/sub')
  sync.rmdir('/empty')
  assert.deepEqual(names(sync, '/'), ['dir', 'file', 'link'])
})

rule(
  'renaming a directory of the lower layer moves all of it',
  ({ sync }) => {
    const { ino } = sync.stat('/dir')
    put(sync, '/dir/new', 'new')
    sync.unlink('/dir/b')
    sync.rename('/dir', '/moved')
    fails('ENOENT', () => sync.stat('/dir'))
    assert.deepEqual(names(sync, '/moved'), ['a', 'new', 'sub'])
    assert.equal(get(sync, '/moved/sub/c'), 'c')
    assert.equal(sync.stat('/moved').ino, ino)
    sync.rename('/moved/sub', '/empty/sub')
    sync.rename('/moved', '/empty/moved')
    assert.deepEqual(names(sync, '/empty'), ['moved', 'sub'])
    append(sync, '/empty/sub/c', '+')
    assert.equal(get(sync, '/empty/sub/c'), 'c+')
    sync.mkdir('/dir', 0o755)
    assert.deepEqual(names(sync, '/dir'), [])
  },
  ['memory'],
)

rule(
  'renaming a directory of the lower layer is EXDEV where that cannot be noted, and changes nothing',
  ({ sync, upper }) => {
    fails('EXDEV', () => sync.rename('/dir', '/moved'))
    assert.deepEqual(names(sync, '/'), ['dir', 'empty', 'file', 'link'])
    assert.deepEqual(upper.list(), [])
  },
  ['host'],
)

rule('renaming a directory of the upper layer works', ({ sync }) => {
  sync.mkdir('/new', 0o755)
  put(sync, '/new/file', 'x')
  sync.rename('/new', '/newer')
  assert.equal(get(sync, '/newer/file'), 'x')
  sync.rename('/newer', '/empty')
  assert.deepEqual(names(sync, '/empty'), ['file'])
  sync.rename('/empty', '/dir/sub/there')
  assert.deepEqual(names(sync, '/'), ['dir', 'file', 'link'])
})

rule('a directory of the upper layer that replaces an empty lower one shows nothing of it', ({ sync }) => {
  sync.mkdir('/new', 0o755)
  sync.unlink('/dir/sub/c')
  sync.rename('/new', '/dir/sub')
  assert.deepEqual(names(sync, '/dir/sub'), [])
  assert.deepEqual(names(sync, '/dir'), ['a', 'b', 'sub'])
})

rule('renaming a file of the lower layer takes its old name away', ({ sync }) => {
  sync.rename('/file', '/dir/a')
  fails('ENOENT', () => sync.stat('/file'))
  assert.equal(get(sync, '/dir/a'), 'lower')
  sync.rename('/dir/a', '/file')
  assert.equal(get(sync, '/file'), 'lower')
  assert.deepEqual(names(sync, '/dir'), ['b', 'sub'])
})

rule('a hard link to a file of the lower layer is one inode with two names', ({ sync }) => {
  sync.link('/file', '/dir/same')
  const [a, b] = [sync.stat('/file'), sync.stat('/dir/same')]
  assert.equal(a.ino, b.ino)
  assert.equal(b.nlink, 2)
  append(sync, '/dir/same', '!')
  assert.equal(get(sync, '/file'), 'lower!')
})

rule(
  'a file that is open for reading when it is copied up shows what is written, and keeps its position',
  ({ sync, process }) => {
    const fd = sync.open('/file', O_RDONLY, 0)
    assert.equal(text(sync.read(fd, 2, -1)), 'lo')
    assert.notEqual(process.hostFd(fd), undefined)
    assert.equal(process.hostFd(fd, 'write'), undefined)
    append(sync, '/file', '+')
    assert.equal(text(sync.read(fd, 100, -1)), 'wer+')
    assert.equal(sync.fstat(fd).size, 6)
    sync.close(fd)
  },
)

rule('an open file of the lower layer stays readable when it is unlinked, with nlink 0', ({ sync, process }) => {
  const fd = sync.open('/file', O_RDONLY, 0)
  sync.unlink('/file')
  assert.equal(sync.fstat(fd).nlink, 0)
  assert.equal(process.hostFd(fd), undefined)
  sync.fchmod(fd, 0o600)
  assert.equal(sync.fstat(fd).mode & 0o777, 0o600)
  assert.equal(text(sync.read(fd, 100, -1)), 'lower')
  sync.close(fd)
})

rule('fchmod() and futimes() through a descriptor for reading change the upper layer', ({ sync }) => {
  const fd = sync.open('/file', O_RDONLY, 0)
  sync.fchmod(fd, 0o600)
  sync.futimes(fd, 1_000_000_000n, 1_000_000_000n)
  assert.equal(sync.stat('/file').mode & 0o777, 0o600)
  assert.equal(sync.fstat(fd).mtimeNs, 1_000_000_000n)
  sync.close(fd)
  const directory = sync.open('/dir', O_RDONLY, 0)
  sync.fchmod(directory, 0o700)
  assert.equal(sync.stat('/dir').mode & 0o777, 0o700)
  sync.close(directory)
})

test('the first of several lower layers is on top, and directories of all of them merge', async () => {
  await using fixture = startLocal({
    '/': overlay({
      lower: [memory({ '/x': 'top', '/d/1': '1' }), memory({ '/x': 'bottom', '/d/2': '2', '/y': 'y' })],
      upper: memory({ '/d/3': '3' }),
    }),
  })
  const { sync } = fixture
  assert.equal(get(sync, '/x'), 'top')
  assert.deepEqual(names(sync, '/d'), ['1', '2', '3'])
  sync.unlink('/x')
  fails('ENOENT', () => sync.stat('/x'))
  sync.rename('/d', '/e')
  assert.deepEqual(names(sync, '/e'), ['1', '2', '3'])
  assert.deepEqual(names(sync, '/'), ['e', 'y'])
  assert.equal(sync.stat('/e').nlink, 2)
})

test('a device of the lower layer is opened on the host, not copied', async () => {
  await using fixture = startLocal({ '/': overlay({ lower: hostDir('/'), upper: memory() }) })
  const { sync, process } = fixture
  const fd = sync.open('/dev/null', O_WRONLY, 0)
  assert.equal(sync.write(fd, bytes('gone'), -1), 4)
  assert.equal(sync.fstat(fd).mode & S_IFMT, S_IFCHR)
  sync.close(fd)
  assert.equal(process.differsFromHost(), false)
})

test('renaming what is in the upper layer alone leaves what is remembered of the host; what hides a name of it does not', async () => {
  using lower = temporaryDirectory({ seen: 'lower', other: 'other', 'dir/in': 'x' })
  await using fixture = startLocal({ '/': overlay({ lower: hostDir(lower.path), upper: memory() }) })
  const { sync, process } = fixture
  put(sync, '/made', 'new')
  const remember = (): unknown => {
    process.recall('/seen', 'read', true)
    process.resolve('/seen', 'read', true)
    return process.recall('/seen', 'read', true)
  }
  const isRemembered = (): boolean => process.recall('/seen', 'read', true) !== undefined
  assert.notEqual(remember(), undefined)
  sync.rename('/made', '/again')
  put(sync, '/over', 'over')
  sync.rename('/over', '/again')
  assert.equal(isRemembered(), true)
  sync.rename('/again', '/other')
  assert.equal(isRemembered(), false)
  assert.equal(get(sync, '/other'), 'over')
  remember()
  sync.rename('/other', '/dir/in')
  assert.equal(isRemembered(), false)
  remember()
  sync.rename('/dir/in', '/seen')
  assert.equal(isRemembered(), false)
  assert.equal(get(sync, '/seen'), 'over')
  assert.equal(process.resolve('/seen', 'read', true), undefined)
})

test('a copy-up that fails leaves nothing in the upper layer', async () => {
  using lower = temporaryDirectory({ 'dir/file': 'x' })
  using upper = temporaryDirectory()
  const failing = { writes: false }
  const { createFileSystem, createHostFs } = await import('@libvisor/fs')
  const { countingEntropy, makeStdio, tickingClock } = await import('./fixture.ts')
  const host = createHostFs()
  using fileSystem = createFileSystem({
    mounts: { '/': overlay({ lower: hostDir(lower.path), upper: hostDir(upper.path, { mode: 'rw' }) }) },
    clock: tickingClock(),
    entropy: countingEntropy(),
    later: setImmediate,
    host: {
      ...host,
      write(fd, data, position) {
        if (failing.writes) throw Object.assign(new Error('full'), { code: 'ENOSPC', syscall: 'write' })
        return host.write(fd, data, position)
      },
    },
  })
  const { sync } = fileSystem.process(makeIdentity(), makeStdio())
  failing.writes = true
  fails('ENOSPC', () => sync.chmod('/dir/file', 0o600))
  assert.deepEqual(upper.list(), [])
  failing.writes = false
  sync.chmod('/dir/file', 0o600)
  assert.deepEqual(upper.list(), ['dir/', 'dir/file'])
})

test('a watcher hears of what changes on the host below and shows through, and of nothing that is hidden', async () => {
  using lower = temporaryDirectory({ 'dir/seen': '1', 'dir/hidden': '1', 'dir/gone': '1' })
  await using fixture = startLocal({ '/': overlay({ lower: hostDir(lower.path), upper: memory() }) })
  const { sync, process } = fixture
  append(sync, '/dir/hidden', '2')
  sync.unlink('/dir/gone')
  const events: string[] = []
  const { promise: last, resolve } = Promise.withResolvers<void>()
  const watcher = process.watch('/dir', false, ({ name }) => {
    if (events.at(-1) !== name) events.push(name)
    if (name === 'last') resolve()
  })
  put(sync, '/dir/virtual', '')
  for (const name of ['hidden', 'gone', 'seen', 'last']) fs.writeFileSync(lower.resolve('dir', name), 'changed')
  await last
  watcher?.[Symbol.dispose]()
  assert.deepEqual(events, ['virtual', 'seen', 'last'])
})

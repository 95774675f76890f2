/** What is done by one call is what the system calls would have done, and a directory that is remembered is the one that is there. */
import assert from 'node:assert/strict'
import { memory } from '@libvisor/fs'
import type { DirectCalls, StatNumbers, StatRecord, Syscalls } from '@libvisor/fs'
import { test } from 'vitest'
import { bytes, fails, get, put, text } from './calls.ts'
import { makeFileSystem, makeIdentity, makeStdio, startLocal } from './fixture.ts'
import type { Fixture, Mounts } from './fixture.ts'

function start(mounts: Mounts, identity = {}): Fixture & { readonly direct: DirectCalls } {
  const fixture = startLocal(mounts, makeIdentity(identity))
  return Object.assign(fixture, { direct: fixture.process.direct! })
}

const tree = (): Mounts => ({ '/': memory({ '/a/b/file': 'one', '/a/b/other': 'two' }) })

const read = (direct: DirectCalls, path: string): string | undefined => {
  const found = direct.peek(path)
  return found === undefined ? undefined : text(found)
}

/** Has the directories of a path remembered. */
const visit = (sync: Syscalls, path: string): StatRecord => sync.stat(path)

const milliseconds = (ns: bigint): number => Number(ns / 1_000_000_000n) * 1000 + Number(ns % 1_000_000_000n) / 1e6

/** What a record says, with times as numbers. */
function numbersOf({ atimeNs, mtimeNs, ctimeNs, birthtimeNs, ...others }: StatRecord): StatNumbers {
  return {
    ...others,
    atimeMs: milliseconds(atimeNs),
    mtimeMs: milliseconds(mtimeNs),
    ctimeMs: milliseconds(ctimeNs),
    birthtimeMs: milliseconds(birthtimeNs),
  }
}

/** Asks for a path so often that what it leads to is remembered. */
function know(direct: DirectCalls, path: string): void {
  for (let time = 0; time < 100; time++) assert.ok(direct.lstat(path))
}

test('a directory is remembered once a path through it has been walked', async () => {
  await using fixture = start(tree())
  const { sync, direct } = fixture
  assert.equal(read(direct, '/a/b/file'), undefined)
  visit(sync, '/a/b/file')
  assert.equal(read(direct, '/a/b/file'), 'one')
  assert.equal(read(direct, '/a/b/other'), 'two')
  assert.deepEqual(direct.stat('/a/b/file'), numbersOf(sync.stat('/a/b/file')))
})

test('a path leads elsewhere at once when a directory on its way is renamed, replaced or removed', async () => {
  await using fixture = start(tree())
  const { sync, direct } = fixture
  visit(sync, '/a/b/file')
  sync.rename('/a', '/c')
  assert.equal(read(direct, '/a/b/file'), undefined)
  fails('ENOENT', () => sync.stat('/a/b/file'))
  sync.mkdir('/a', 0o755)
  sync.mkdir('/a/b', 0o755)
  put(sync, '/a/b/file', 'three')
  assert.equal(read(direct, '/a/b/file'), 'three')
  visit(sync, '/c/b/file')
  assert.equal(read(direct, '/c/b/file'), 'one')
  sync.unlink('/a/b/file')
  assert.equal(read(direct, '/a/b/file'), undefined)
  sync.rmdir('/a/b')
  sync.symlink('/c/b', '/a/b')
  assert.equal(get(sync, '/a/b/file'), 'one')
  assert.equal(read(direct, '/a/b/file'), undefined)
})

test('who may not pass a directory does not find what another has found', async () => {
  await using fixture = start(tree())
  const { sync, direct, identity } = fixture
  const user = identity as { uid: number; gid: number }
  visit(sync, '/a/b/file')
  sync.chmod('/a', 0o700)
  assert.equal(read(direct, '/a/b/file'), undefined)
  visit(sync, '/a/b/file')
  Object.assign(user, { uid: 1000, gid: 1000 })
  assert.equal(read(direct, '/a/b/file'), undefined)
  fails('EACCES', () => sync.stat('/a/b/file'))
  Object.assign(user, { uid: 0, gid: 0 })
  sync.chmod('/a', 0o755)
  sync.chmod('/a/b/file', 0o600)
  Object.assign(user, { uid: 1000, gid: 1000 })
  visit(sync, '/a/b/file')
  assert.equal(read(direct, '/a/b/file'), undefined)
  assert.equal(direct.replace('/a/b/file', bytes('x')), false)
})

test('replacing content is opening with O_TRUNC and writing: sizes, holes and times are the same', async () => {
  await using fixture = start(tree())
  const { sync, direct } = fixture
  const before = visit(sync, '/a/b/file')
  assert.equal(direct.replace('/a/b/file', bytes('longer than before')), true)
  assert.equal(direct.replace('/a/b/file', bytes('short')), true)
  const after = sync.stat('/a/b/file')
  assert.ok(after.mtimeNs > before.mtimeNs && after.ctimeNs === after.mtimeNs)
  assert.equal(after.ino, before.ino)
  sync.truncate('/a/b/file', 10)
  assert.equal(get(sync, '/a/b/file'), 'short\0\0\0\0\0')
  assert.equal(direct.replace('/a/b/missing', bytes('x')), false)
  assert.equal(direct.replace('/a/b', bytes('x')), false)
})

test('what has been kept of a file stays as it was when the file is replaced', async () => {
  await using fixture = start(tree())
  const { sync, direct } = fixture
  visit(sync, '/a/b/file')
  const copy = Uint8Array.from(direct.peek('/a/b/file')!)
  const source = bytes('new')
  direct.replace('/a/b/file', source)
  source.fill(0)
  assert.equal(read(direct, '/a/b/file'), 'new')
  assert.equal(text(copy), 'one')
})

test('links, names that are none, and names that are too long are left to the walk', async () => {
  await using fixture = start(tree())
  const { sync, direct } = fixture
  sync.symlink('file', '/a/b/link')
  visit(sync, '/a/b/file')
  assert.equal(read(direct, '/a/b/link'), undefined)
  assert.equal(direct.stat('/a/b/link'), undefined)
  assert.deepEqual(direct.lstat('/a/b/link'), numbersOf(sync.lstat('/a/b/link')))
  for (const name of ['.', '..', '', 'x'.repeat(300)]) assert.equal(direct.stat(`/a/b/${name}`), undefined)
  fails('ENAMETOOLONG', () => sync.stat(`/a/b/${'x'.repeat(300)}`))
})

test('a mount at a name hides what the directory has there', async () => {
  await using fixture = start({ ...tree(), '/a/b/other': memory({ '/deep/file': 'mounted' }) })
  const { sync, direct } = fixture
  visit(sync, '/a/b/file')
  assert.equal(read(direct, '/a/b/other'), undefined)
  assert.equal(get(sync, '/a/b/other/deep/file'), 'mounted')
  assert.equal(read(direct, '/a/b/other/deep/file'), 'mounted')
})

test('a path that is asked for again and again leads elsewhere at once when its last name does', async () => {
  await using fixture = start(tree())
  const { sync, direct } = fixture
  visit(sync, '/a/b/file')
  know(direct, '/a/b/file')
  know(direct, '/a/b/other')
  sync.unlink('/a/b/file')
  assert.equal(direct.stat('/a/b/file'), undefined)
  assert.equal(read(direct, '/a/b/file'), undefined)
  assert.equal(direct.replace('/a/b/file', bytes('x')), false)
  put(sync, '/a/b/file', 'three')
  assert.equal(read(direct, '/a/b/file'), 'three')
  know(direct, '/a/b/file')
  sync.rename('/a/b/other', '/a/b/file')
  assert.equal(read(direct, '/a/b/file'), 'two')
  assert.equal(direct.stat('/a/b/other'), undefined)
  know(direct, '/a/b/file')
  sync.rename('/a/b/file', '/file')
  assert.equal(direct.stat('/a/b/file'), undefined)
  sync.symlink('/file', '/a/b/file')
  assert.equal(direct.stat('/a/b/file'), undefined)
  know(direct, '/a/b/file')
  sync.unlink('/a/b/file')
  sync.mkdir('/a/b/file', 0o755)
  know(direct, '/a/b/file')
  assert.equal(read(direct, '/a/b/file'), undefined)
  sync.rmdir('/a/b/file')
  assert.equal(direct.stat('/a/b/file'), undefined)
})

test('a path that is asked for again and again leads elsewhere at once when its directory does', async () => {
  await using fixture = start(tree())
  const { sync, direct, identity } = fixture
  const user = identity as { uid: number; gid: number }
  visit(sync, '/a/b/file')
  know(direct, '/a/b/file')
  sync.rename('/a/b', '/a/c')
  assert.equal(direct.stat('/a/b/file'), undefined)
  visit(sync, '/a/c/file')
  know(direct, '/a/c/file')
  sync.chmod('/a/c', 0o700)
  Object.assign(user, { uid: 1000, gid: 1000 })
  assert.equal(direct.stat('/a/c/file'), undefined)
  fails('EACCES', () => sync.stat('/a/c/file'))
})

test('each name of an inode leads to it, also when it is asked for again and again', async () => {
  await using fixture = start(tree())
  const { sync, direct } = fixture
  visit(sync, '/a/b/file')
  know(direct, '/a/b/file')
  sync.link('/a/b/file', '/a/b/link')
  know(direct, '/a/b/link')
  sync.unlink('/a/b/file')
  assert.equal(direct.stat('/a/b/file'), undefined)
  assert.equal(read(direct, '/a/b/link'), 'one')
  know(direct, '/a/b/link')
  put(sync, '/a/b/file', 'new')
  know(direct, '/a/b/file')
  sync.unlink('/a/b/link')
  assert.equal(direct.stat('/a/b/link'), undefined)
  assert.equal(read(direct, '/a/b/file'), 'new')
})

test('what another process does to a path counts at once', () => {
  using files = makeFileSystem(tree())
  const { sync, direct } = files.process(makeIdentity(), makeStdio())
  const other = files.process(makeIdentity({ pid: 2 }), makeStdio())
  visit(sync, '/a/b/file')
  visit(other.sync, '/a/b/file')
  know(direct!, '/a/b/file')
  know(other.direct!, '/a/b/file')
  other.sync.unlink('/a/b/file')
  assert.equal(direct!.stat('/a/b/file'), undefined)
  assert.equal(other.direct!.stat('/a/b/file'), undefined)
  put(sync, '/a/b/file', 'three')
  assert.equal(read(other.direct!, '/a/b/file'), 'three')
})

test('files beyond those that are remembered are found all the same', async () => {
  await using fixture = start(tree())
  const { sync, direct } = fixture
  const count = 3000
  for (let index = 0; index < count; index++) put(sync, `/a/b/${index}`, `${index}`)
  for (let round = 0; round < 10; round++) {
    for (let index = 0; index < count; index++) assert.equal(read(direct, `/a/b/${index}`), `${index}`)
  }
  for (let index = 0; index < count; index += 2) sync.unlink(`/a/b/${index}`)
  for (let index = 0; index < count; index++) {
    assert.equal(read(direct, `/a/b/${index}`), index % 2 === 0 ? undefined : `${index}`)
  }
})

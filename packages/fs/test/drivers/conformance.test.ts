/** What every driver does alike. The kernel is a subject as well: it says what is right. */
import assert from 'node:assert/strict'
import { constants } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import type { Syscalls, WatchEvent } from '@libvisor/fs'
import { describe, test } from 'vitest'
import { append, bytes, fails, get, names, put, text } from '../state/calls.ts'
import { drivers } from './drivers.ts'
import type { DriverName } from './drivers.ts'
import { startDriver, startNative } from './subjects.ts'
import type { Location, Subject } from './subjects.ts'

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_DIRECTORY } = constants
const { S_IFMT, S_IFDIR, S_IFREG, S_IFLNK, S_IFSOCK } = constants

/** Where each driver is tested. Objects can be mounted in other threads than their own. */
const locationsOf = (driver: DriverName): readonly Location[] =>
  drivers[driver].mount === drivers['a volume of memfs'].mount || driver.includes('@platformatic')
    ? ['in this thread', 'in another thread', 'over an object of another thread']
    : ['in this thread', 'in another thread']

type Body = (subject: Subject & { readonly sync: Syscalls }) => void | Promise<void>

/** Runs one body natively and against every driver. */
function holds(title: string, body: Body, where: 'everywhere' | 'guests' = 'everywhere'): void {
  describe(title, () => {
    if (where === 'everywhere') {
      test('natively', async () => {
        await using subject = startNative()
        await body(subject)
      })
    }
    for (const driver of Object.keys(drivers) as DriverName[]) {
      for (const location of locationsOf(driver)) {
        test(`${driver}, ${location}`, async () => {
          await using subject = await startDriver(driver, location)
          await body(subject)
        })
      }
    }
  })
}

/** The visible entries: layers below an overlay have one of their own. */
const list = (sync: Syscalls, path: string): string[] =>
  names(sync, path)
    .filter((name) => name !== '.lower')
    .sort()

const typeOf = (sync: Syscalls, path: string): number => sync.lstat(path).mode & S_IFMT

function withOpen<Result>(sync: Syscalls, path: string, flags: number, use: (fd: number) => Result): Result {
  const fd = sync.open(path, flags, 0o644)
  try {
    return use(fd)
  } finally {
    sync.close(fd)
  }
}

holds('a file that is written can be read, from any position', ({ sync }) => {
  put(sync, '/m/file', 'hello world')
  assert.equal(get(sync, '/m/file'), 'hello world')
  withOpen(sync, '/m/file', O_RDONLY, (fd) => {
    assert.equal(text(sync.read(fd, 5, -1)), 'hello')
    assert.equal(text(sync.read(fd, 5, 6)), 'world')
    assert.equal(text(sync.read(fd, 100, -1)), ' world')
    assert.equal(sync.read(fd, 100, -1).length, 0)
    assert.equal(sync.read(fd, 100, 1000).length, 0)
  })
})

holds('writing goes on where the last write ended, or where it is told to', ({ sync }) => {
  withOpen(sync, '/m/file', O_RDWR | O_CREAT, (fd) => {
    assert.equal(sync.write(fd, bytes('abc'), -1), 3)
    assert.equal(sync.write(fd, bytes('def'), -1), 3)
    assert.equal(sync.write(fd, bytes('B'), 1), 1)
    assert.equal(sync.write(fd, new Uint8Array(0), -1), 0)
    assert.equal(text(sync.read(fd, 100, 0)), 'aBcdef')
    assert.equal(sync.fstat(fd).size, 6)
  })
})

holds('what nobody wrote reads as zeros', ({ sync }) => {
  withOpen(sync, '/m/file', O_RDWR | O_CREAT, (fd) => {
    sync.write(fd, bytes('x'), 10_000)
    assert.equal(sync.fstat(fd).size, 10_001)
    assert.deepEqual(sync.read(fd, 4, 5000), new Uint8Array(4))
    sync.ftruncate(fd, 20_000)
    assert.deepEqual(sync.read(fd, 4, 15_000), new Uint8Array(4))
    sync.ftruncate(fd, 1)
    sync.ftruncate(fd, 3)
    assert.deepEqual(sync.read(fd, 10, 0), new Uint8Array(3))
  })
})

holds('appending ignores the position', ({ sync }) => {
  put(sync, '/m/file', 'one')
  append(sync, '/m/file', ' two')
  withOpen(sync, '/m/file', O_WRONLY | O_APPEND, (fd) => {
    sync.write(fd, bytes(' three'), 0)
    sync.write(fd, bytes('!'), -1)
  })
  assert.equal(get(sync, '/m/file'), 'one two three!')
  withOpen(sync, '/m/file', O_RDWR | O_APPEND, (fd) => {
    sync.write(fd, bytes('?'), 0)
    // Only a write without a position moves it.
    assert.equal(text(sync.read(fd, 3, -1)), 'one')
  })
})

holds('a large file comes back as it was written', ({ sync }) => {
  const data = Uint8Array.from({ length: 2_500_000 }, (_, index) => index % 251)
  withOpen(sync, '/m/large', O_WRONLY | O_CREAT, (fd) => {
    for (let at = 0; at < data.length; at += 100_000) sync.write(fd, data.subarray(at, at + 100_000), -1)
  })
  withOpen(sync, '/m/large', O_RDONLY, (fd) => {
    assert.equal(sync.fstat(fd).size, data.length)
    assert.deepEqual(sync.read(fd, 1000, 1_048_000), data.slice(1_048_000, 1_049_000))
    assert.deepEqual(sync.read(fd, 1 << 22, -1), data)
  })
})

holds('O_TRUNC empties, O_EXCL refuses what is there, O_DIRECTORY what is none', ({ sync }) => {
  put(sync, '/m/file', 'content')
  fails('EEXIST', () => sync.open('/m/file', O_WRONLY | O_CREAT | O_EXCL, 0o644))
  fails('ENOTDIR', () => sync.open('/m/file', O_RDONLY | O_DIRECTORY, 0))
  fails('ENOENT', () => sync.open('/m/missing', O_RDONLY, 0))
  withOpen(sync, '/m/file', O_WRONLY | O_TRUNC, (fd) => assert.equal(sync.fstat(fd).size, 0))
})

holds('a descriptor opened the wrong way is EBADF, of a directory EISDIR', ({ sync }) => {
  put(sync, '/m/file', 'x')
  withOpen(sync, '/m/file', O_RDONLY, (fd) => fails('EBADF', () => sync.write(fd, bytes('y'), -1)))
  withOpen(sync, '/m/file', O_WRONLY, (fd) => fails('EBADF', () => sync.read(fd, 1, -1)))
  sync.mkdir('/m/dir', 0o755)
  withOpen(sync, '/m/dir', O_RDONLY, (fd) => {
    fails('EISDIR', () => sync.read(fd, 1, -1))
    assert.equal(sync.fstat(fd).mode & S_IFMT, S_IFDIR)
  })
  fails('EISDIR', () => sync.open('/m/dir', O_WRONLY, 0))
})

holds('truncate() changes the size of a file that nobody has open', ({ sync }) => {
  put(sync, '/m/file', 'hello')
  sync.truncate('/m/file', 2)
  assert.equal(get(sync, '/m/file'), 'he')
  sync.truncate('/m/file', 4)
  assert.equal(get(sync, '/m/file'), 'he\0\0')
  sync.mkdir('/m/dir', 0o755)
  fails('EISDIR', () => sync.truncate('/m/dir', 0))
})

holds('directories list what is in them, with its type', ({ sync }) => {
  sync.mkdir('/m/dir', 0o755)
  put(sync, '/m/dir/file', '')
  sync.mkdir('/m/dir/sub', 0o755)
  sync.symlink('file', '/m/dir/link')
  const entries = sync.readdir('/m/dir').sort((a, b) => (a.name < b.name ? -1 : 1))
  assert.deepEqual(entries, [
    { name: 'file', type: S_IFREG },
    { name: 'link', type: S_IFLNK },
    { name: 'sub', type: S_IFDIR },
  ])
  fails('ENOTDIR', () => sync.readdir('/m/dir/file'))
  fails('EEXIST', () => sync.mkdir('/m/dir', 0o755))
  fails('ENOENT', () => sync.mkdir('/m/missing/dir', 0o755))
})

holds('rmdir() removes empty directories only', ({ sync }) => {
  sync.mkdir('/m/dir', 0o755)
  put(sync, '/m/dir/file', '')
  fails('ENOTEMPTY', () => sync.rmdir('/m/dir'))
  fails('ENOTDIR', () => sync.rmdir('/m/dir/file'))
  fails('EISDIR', () => sync.unlink('/m/dir'))
  sync.unlink('/m/dir/file')
  sync.rmdir('/m/dir')
  fails('ENOENT', () => sync.stat('/m/dir'))
  sync.mkdir('/m/dir', 0o755)
  assert.deepEqual(list(sync, '/m/dir'), [])
})

holds('an open file that is unlinked stays readable and writable', (subject) => {
  const { sync } = subject
  if (!subject.can('unlinkedFiles')) return
  put(sync, '/m/file', 'content')
  withOpen(sync, '/m/file', O_RDWR, (fd) => {
    sync.unlink('/m/file')
    assert.equal(sync.fstat(fd).nlink, 0)
    assert.equal(text(sync.read(fd, 100, 0)), 'content')
    sync.write(fd, bytes('C'), 0)
    assert.equal(text(sync.read(fd, 100, 0)), 'Content')
    put(sync, '/m/file', 'another')
    assert.equal(text(sync.read(fd, 100, 0)), 'Content')
  })
})

holds('symbolic links are kept as they are, and followed', ({ sync }) => {
  sync.mkdir('/m/dir', 0o755)
  put(sync, '/m/dir/file', 'x')
  sync.symlink('dir/file', '/m/link')
  sync.symlink('./dir/../dir', '/m/toDir')
  sync.symlink('nowhere', '/m/dangling')
  assert.equal(sync.readlink('/m/toDir'), './dir/../dir')
  assert.equal(typeOf(sync, '/m/link'), S_IFLNK)
  assert.equal(get(sync, '/m/link'), 'x')
  assert.equal(get(sync, '/m/toDir/file'), 'x')
  assert.equal(sync.realpath('/m/toDir/file'), '/m/dir/file')
  fails('ENOENT', () => sync.stat('/m/dangling'))
  put(sync, '/m/dangling', 'made')
  assert.equal(get(sync, '/m/nowhere'), 'made')
  sync.unlink('/m/link')
  assert.equal(get(sync, '/m/dir/file'), 'x')
})

holds('rename() moves files, links and trees', ({ sync }) => {
  sync.mkdir('/m/a', 0o755)
  put(sync, '/m/a/file', 'x')
  sync.mkdir('/m/a/sub', 0o755)
  put(sync, '/m/a/sub/deep', 'deep')
  sync.symlink('file', '/m/a/link')
  sync.rename('/m/a/link', '/m/a/moved')
  assert.equal(typeOf(sync, '/m/a/moved'), S_IFLNK)
  sync.mkdir('/m/b', 0o755)
  sync.rename('/m/a', '/m/b/a')
  assert.deepEqual(list(sync, '/m/b/a'), ['file', 'moved', 'sub'])
  assert.equal(get(sync, '/m/b/a/sub/deep'), 'deep')
  fails('ENOENT', () => sync.stat('/m/a'))
  put(sync, '/m/over', 'old')
  sync.rename('/m/b/a/file', '/m/over')
  assert.equal(get(sync, '/m/over'), 'x')
  sync.mkdir('/m/empty', 0o755)
  sync.rename('/m/b/a', '/m/empty')
  assert.deepEqual(list(sync, '/m/empty'), ['moved', 'sub'])
})

holds('rename() refuses what rename(2) refuses', ({ sync }) => {
  sync.mkdir('/m/dir', 0o755)
  sync.mkdir('/m/full', 0o755)
  put(sync, '/m/full/file', '')
  put(sync, '/m/file', 'kept')
  fails('EINVAL', () => sync.rename('/m/dir', '/m/dir/sub'))
  fails('ENOTEMPTY', () => sync.rename('/m/dir', '/m/full'))
  fails('EISDIR', () => sync.rename('/m/file', '/m/dir'))
  fails('ENOTDIR', () => sync.rename('/m/dir', '/m/file'))
  fails('ENOENT', () => sync.rename('/m/missing', '/m/other'))
  sync.rename('/m/file', '/m/file')
  assert.equal(get(sync, '/m/file'), 'kept')
})

holds('a hard link is the same file', (subject) => {
  const { sync } = subject
  put(sync, '/m/file', 'x')
  if (!subject.can('hardLinks')) return fails('EPERM', () => sync.link('/m/file', '/m/same'))
  sync.link('/m/file', '/m/same')
  append(sync, '/m/same', 'y')
  assert.equal(get(sync, '/m/file'), 'xy')
  assert.equal(sync.stat('/m/file').ino, sync.stat('/m/same').ino)
  assert.equal(sync.stat('/m/file').nlink, 2)
  sync.rename('/m/file', '/m/same')
  assert.deepEqual(list(sync, '/m'), ['file', 'same'])
  fails('EEXIST', () => sync.link('/m/file', '/m/same'))
  sync.unlink('/m/file')
  assert.equal(sync.stat('/m/same').nlink, 1)
  sync.mkdir('/m/dir', 0o755)
  fails('EPERM', () => sync.link('/m/dir', '/m/dir2'))
})

holds('inodes differ, and keep their numbers when they are moved', ({ sync }) => {
  put(sync, '/m/a', '')
  put(sync, '/m/b', '')
  const { ino } = sync.stat('/m/a')
  assert.notEqual(ino, sync.stat('/m/b').ino)
  assert.equal(sync.stat('/m/a').dev, sync.stat('/m/b').dev)
  sync.rename('/m/a', '/m/c')
  assert.equal(sync.stat('/m/c').ino, ino)
  withOpen(sync, '/m/c', O_RDONLY, (fd) => assert.equal(sync.fstat(fd).ino, ino))
})

holds('permission bits are kept, with umask taken off', (subject) => {
  const { sync } = subject
  if (!subject.can('modes')) {
    put(sync, '/m/file', '')
    return fails('ENOTSUP', () => sync.chmod('/m/file', 0o600))
  }
  sync.close(sync.open('/m/file', O_WRONLY | O_CREAT, 0o666))
  sync.mkdir('/m/dir', 0o777)
  assert.equal(sync.stat('/m/file').mode & 0o7777, 0o644)
  assert.equal(sync.stat('/m/dir').mode & 0o7777, 0o755)
  sync.chmod('/m/file', 0o4751)
  assert.equal(sync.stat('/m/file').mode & 0o7777, 0o4751)
  withOpen(sync, '/m/file', O_RDONLY, (fd) => {
    sync.fchmod(fd, 0o640)
    assert.equal(sync.fstat(fd).mode & 0o7777, 0o640)
  })
  assert.equal(sync.stat('/m/file').mode, S_IFREG | 0o640)
})

holds('owners are kept, of links as well', (subject) => {
  const { sync } = subject
  put(sync, '/m/file', '')
  if (!subject.can('owners')) return fails('ENOTSUP', () => sync.chown('/m/file', 12, 34))
  sync.symlink('file', '/m/link')
  sync.chown('/m/link', 12, 34)
  assert.deepEqual([sync.stat('/m/file').uid, sync.stat('/m/file').gid], [12, 34])
  assert.equal(sync.lstat('/m/link').uid, 0)
  sync.lchown('/m/link', 56, 78)
  assert.deepEqual([sync.lstat('/m/link').uid, sync.lstat('/m/link').gid], [56, 78])
  assert.equal(sync.stat('/m/file').uid, 12)
})

holds('times are kept, of links as well', (subject) => {
  const { sync } = subject
  const [atime, mtime] = [1_500_000_000_000_000_000n, 1_600_000_000_500_000_000n]
  put(sync, '/m/file', '')
  if (!subject.can('times')) return fails('ENOTSUP', () => sync.utimes('/m/file', atime, mtime))
  sync.symlink('file', '/m/link')
  sync.utimes('/m/link', atime, mtime)
  assert.deepEqual([sync.stat('/m/file').atimeNs, sync.stat('/m/file').mtimeNs], [atime, mtime])
  assert.notEqual(sync.lstat('/m/link').mtimeNs, mtime)
  sync.lutimes('/m/link', atime, mtime)
  assert.equal(sync.lstat('/m/link').mtimeNs, mtime)
  withOpen(sync, '/m/file', O_RDWR, (fd) => {
    sync.futimes(fd, mtime, atime)
    assert.equal(sync.fstat(fd).mtimeNs, atime)
  })
})

holds(
  'nothing can be linked or moved to another mount',
  ({ sync }) => {
    put(sync, '/m/file', 'x')
    fails('EXDEV', () => sync.rename('/m/file', '/other/file'))
    fails('EXDEV', () => sync.link('/m/file', '/other/file'))
    fails('EBUSY', () => sync.rmdir('/m'))
    assert.notEqual(sync.stat('/m').dev, sync.stat('/other').dev)
  },
  'guests',
)

holds(
  'a user without permission is refused',
  (subject) => {
    const { sync, identity } = subject
    if (!subject.can('modes') || !subject.can('owners')) return
    sync.mkdir('/m/dir', 0o755)
    put(sync, '/m/dir/file', 'x', 0o600)
    assert.ok(identity)
    Object.assign(identity, { uid: 1000, gid: 1000, groups: [1000] })
    fails('EACCES', () => sync.open('/m/dir/file', O_RDONLY, 0))
    fails('EACCES', () => put(sync, '/m/dir/new', ''))
    fails('EACCES', () => sync.unlink('/m/dir/file'))
    fails('EPERM', () => sync.chmod('/m/dir/file', 0o644))
    Object.assign(identity, { uid: 0, gid: 0, groups: [0] })
    if (!subject.can('otherUsers')) return
    sync.chown('/m/dir', 1000, 1000)
    Object.assign(identity, { uid: 1000, gid: 1000, groups: [1000] })
    put(sync, '/m/dir/own', 'mine')
    assert.deepEqual([sync.stat('/m/dir/own').uid, sync.stat('/m/dir/own').gid], [1000, 1000])
  },
  'guests',
)

holds(
  'a socket file can be made where there can be one',
  (subject) => {
    const { sync } = subject
    if (!subject.can('sockets')) return fails('EPERM', () => sync.mksock('/m/socket'))
    sync.mksock('/m/socket')
    assert.equal(typeOf(sync, '/m/socket'), S_IFSOCK)
    fails('EADDRINUSE', () => sync.mksock('/m/socket'))
    fails('ENXIO', () => sync.open('/m/socket', O_RDONLY, 0))
  },
  'guests',
)

holds(
  'whoever watches hears what is written, made and removed',
  async (subject) => {
    const { sync, process } = subject
    sync.mkdir('/m/dir', 0o755)
    const events: WatchEvent[] = []
    const watching = process?.watch('/m/dir', false, (event) => events.push(event))
    // Where the host's own watcher does, there is none here.
    if (watching === undefined) return
    put(sync, '/m/dir/file', 'x')
    sync.unlink('/m/dir/file')
    for (let turns = 0; turns < 1000 && events.length < 3; turns++) await setImmediate()
    watching[Symbol.dispose]()
    assert.deepEqual(
      events.map(({ type, name }) => `${type} ${name}`),
      ['rename file', 'change file', 'rename file'],
    )
  },
  'guests',
)

holds('statfs() tells of the file system that is mounted', ({ sync }) => {
  const { bsize, blocks, bfree } = sync.statfs('/m')
  assert.ok(bsize >= 0 && blocks >= bfree)
  fails('ENOENT', () => sync.statfs('/m/missing'))
})

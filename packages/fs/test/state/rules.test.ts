import assert from 'node:assert/strict'
import { constants } from 'node:fs'
import type { Syscalls } from '@libvisor/fs'
import { describe, test } from 'vitest'
import { append, bytes, fails, get, names, put, text } from './calls.ts'
import { startSubject, subjects } from './fixture.ts'
import type { SubjectName } from './fixture.ts'

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_DIRECTORY, O_NOFOLLOW } = constants
const { S_IFMT, S_IFDIR, S_IFREG, S_IFLNK } = constants

const all = Object.keys(subjects) as SubjectName[]

/** Runs one body natively and on every driver. */
function rule(title: string, body: (sync: Syscalls) => void, where: readonly SubjectName[] = all): void {
  describe(title, () => {
    for (const name of where) {
      test(subjects[name], async () => {
        await using subject = await startSubject(name)
        body(subject.sync)
      })
    }
  })
}

/** Where an absolute link leads is the guest's root. */
const guests = all.filter((name) => name !== 'native')

rule('`file/..` is ENOTDIR and `missing/..` is ENOENT', (sync) => {
  put(sync, '/file', '')
  fails('ENOTDIR', () => sync.stat('/file/..'))
  fails('ENOTDIR', () => sync.stat('/file/.'))
  fails('ENOENT', () => sync.stat('/missing/..'))
})

rule('`link/..` is the parent of what the link leads to', (sync) => {
  sync.mkdir('/a', 0o755)
  sync.mkdir('/a/b', 0o755)
  put(sync, '/a/found', 'here')
  sync.symlink('a/b', '/link')
  assert.equal(get(sync, '/link/../found'), 'here')
})

rule(
  '`..` at the root stays at the root',
  (sync) => {
    put(sync, '/file', 'x')
    assert.equal(get(sync, '/../../file'), 'x')
  },
  guests,
)

rule(
  'an absolute link is resolved in the root of the guest',
  (sync) => {
    put(sync, '/file', 'x')
    sync.symlink('/file', '/link')
    assert.equal(get(sync, '/link'), 'x')
    assert.equal(sync.readlink('/link'), '/file')
    assert.equal(sync.realpath('/link'), '/file')
  },
  guests,
)

rule('40 links resolve, 41 are ELOOP', (sync) => {
  put(sync, '/0', 'end')
  for (let i = 1; i <= 41; i++) sync.symlink(`${i - 1}`, `/${i}`)
  assert.equal(get(sync, '/40'), 'end')
  fails('ELOOP', () => sync.stat('/41'))
  sync.symlink('self', '/self')
  fails('ELOOP', () => sync.stat('/self'))
  fails('ELOOP', () => sync.open('/self', O_RDONLY, 0))
})

rule('a trailing slash follows the link and requires a directory', (sync) => {
  sync.mkdir('/dir', 0o755)
  put(sync, '/file', '')
  sync.symlink('dir', '/toDir')
  sync.symlink('file', '/toFile')
  sync.symlink('dir/', '/toDirSlash')
  sync.symlink('file/', '/toFileSlash')
  assert.equal(sync.lstat('/toDir').mode & S_IFMT, S_IFLNK)
  assert.equal(sync.lstat('/toDir/').mode & S_IFMT, S_IFDIR)
  assert.equal(sync.lstat('/toDirSlash/').mode & S_IFMT, S_IFDIR)
  fails('ENOTDIR', () => sync.lstat('/toFile/'))
  fails('ENOTDIR', () => sync.stat('/file/'))
  fails('ENOTDIR', () => sync.stat('/toFileSlash'))
  fails('ENOTDIR', () => sync.unlink('/file/'))
  fails('ENOTDIR', () => sync.unlink('/toDir/'))
  fails('ENOTDIR', () => sync.rmdir('/toDir/'))
  fails('ENOTDIR', () => sync.rename('/file/', '/other'))
  fails('EISDIR', () => sync.open('/new/', O_CREAT | O_WRONLY, 0o644))
  fails('ENOENT', () => sync.symlink('x', '/new/'))
  fails('ENOENT', () => sync.link('/file', '/new/'))
  sync.mkdir('/made/', 0o755)
  assert.equal(sync.stat('/made').mode & S_IFMT, S_IFDIR)
  sync.rename('/made/', '/moved/')
  assert.deepEqual(names(sync, '/moved/'), [])
})

rule('O_CREAT through a dangling link makes its target; O_EXCL and mkdir over it are EEXIST', (sync) => {
  sync.mkdir('/dir', 0o755)
  sync.symlink('dir/target', '/link')
  fails('EEXIST', () => sync.open('/link', O_CREAT | O_EXCL | O_WRONLY, 0o644))
  fails('EEXIST', () => sync.mkdir('/link', 0o755))
  put(sync, '/link', 'made')
  assert.equal(get(sync, '/dir/target'), 'made')
  assert.equal(sync.lstat('/link').mode & S_IFMT, S_IFLNK)
  sync.symlink('missing/target', '/deep')
  fails('ENOENT', () => sync.open('/deep', O_CREAT | O_WRONLY, 0o644))
})

rule('a name over 255 bytes is ENAMETOOLONG, counted in bytes; an empty path is ENOENT', (sync) => {
  const long = 'é'.repeat(127)
  put(sync, `/${long}`, 'x')
  assert.equal(get(sync, `/${long}`), 'x')
  fails('ENAMETOOLONG', () => sync.stat(`/${long}éx`))
  fails('ENAMETOOLONG', () => sync.mkdir(`/${'x'.repeat(256)}`, 0o755))
  fails('ENAMETOOLONG', () => sync.stat(`/${'x/'.repeat(2100)}`))
  fails('ENOENT', () => sync.stat(''))
})

rule('names that are not UTF-8 survive', (sync) => {
  put(sync, '/caf\udce9', 'latin')
  put(sync, '/\u{1f600}', 'emoji')
  sync.symlink('caf\udce9', '/link')
  assert.deepEqual(names(sync, '/').toSorted(), ['caf\udce9', 'link', '\u{1f600}'].toSorted())
  assert.equal(get(sync, '/link'), 'latin')
  assert.equal(sync.readlink('/link'), 'caf\udce9')
  sync.rename('/caf\udce9', '/\udcff')
  assert.equal(get(sync, '/\udcff'), 'latin')
})

rule('rename() refuses what the kernel refuses', (sync) => {
  sync.mkdir('/dir', 0o755)
  sync.mkdir('/dir/sub', 0o755)
  sync.mkdir('/empty', 0o755)
  put(sync, '/file', 'x')
  fails('EINVAL', () => sync.rename('/dir', '/dir/sub/dir'))
  fails('EISDIR', () => sync.rename('/file', '/dir'))
  fails('ENOTDIR', () => sync.rename('/dir', '/file'))
  fails('ENOTEMPTY', () => sync.rename('/empty', '/dir'))
  fails('ENOTEMPTY', () => sync.rename('/dir/sub', '/dir'))
  fails('ENOENT', () => sync.rename('/missing', '/other'))
  fails('ENOENT', () => sync.rename('/file', '/missing/other'))
  fails('EBUSY', () => sync.rename('/dir/.', '/other'))
  fails('EBUSY', () => sync.rename('/dir', '/empty/..'))
  assert.equal(get(sync, '/file'), 'x')
  assert.deepEqual(names(sync, '/dir'), ['sub'])
})

rule('rename() replaces files and empty directories, and does nothing between names of one inode', (sync) => {
  sync.mkdir('/dir', 0o755)
  put(sync, '/dir/in', 'in')
  sync.mkdir('/empty', 0o755)
  put(sync, '/a', 'a')
  put(sync, '/b', 'b')
  sync.rename('/dir', '/empty')
  assert.equal(get(sync, '/empty/in'), 'in')
  fails('ENOENT', () => sync.stat('/dir'))
  sync.rename('/a', '/b')
  assert.equal(get(sync, '/b'), 'a')
  sync.link('/b', '/c')
  sync.rename('/b', '/c')
  assert.deepEqual(names(sync, '/'), ['b', 'c', 'empty'])
  sync.symlink('b', '/link')
  sync.rename('/link', '/moved')
  assert.equal(sync.lstat('/moved').mode & S_IFMT, S_IFLNK)
})

rule('unlink(), rmdir() and link() refuse the wrong type', (sync) => {
  sync.mkdir('/dir', 0o755)
  put(sync, '/dir/file', '')
  fails('EISDIR', () => sync.unlink('/dir'))
  fails('EISDIR', () => sync.unlink('/dir/.'))
  fails('ENOTDIR', () => sync.rmdir('/dir/file'))
  fails('ENOTEMPTY', () => sync.rmdir('/dir'))
  fails('EINVAL', () => sync.rmdir('/dir/.'))
  fails('ENOTEMPTY', () => sync.rmdir('/dir/..'))
  fails('EPERM', () => sync.link('/dir', '/again'))
  fails('EEXIST', () => sync.link('/dir/file', '/dir'))
  fails('EEXIST', () => sync.mkdir('/dir', 0o755))
  fails('EEXIST', () => sync.mkdir('/dir/.', 0o755))
  fails('ENOTDIR', () => sync.readdir('/dir/file'))
  fails('EINVAL', () => sync.readlink('/dir'))
  fails('ENOTDIR', () => sync.mkdir('/dir/file/sub', 0o755))
})

rule('O_APPEND ignores the position, and holes read as zeros', (sync) => {
  put(sync, '/log', 'one')
  const fd = sync.open('/log', O_RDWR | O_APPEND, 0)
  sync.write(fd, bytes('two'), 0)
  sync.write(fd, bytes('three'), -1)
  assert.equal(text(sync.read(fd, 100, 0)), 'onetwothree')
  sync.close(fd)
  const hole = sync.open('/hole', O_RDWR | O_CREAT, 0o644)
  sync.write(hole, bytes('end'), 5)
  assert.equal(text(sync.read(hole, 100, 0)), '\0\0\0\0\0end')
  assert.equal(sync.fstat(hole).size, 8)
  sync.ftruncate(hole, 6)
  sync.ftruncate(hole, 8)
  assert.equal(text(sync.read(hole, 100, 0)), '\0\0\0\0\0e\0\0')
  sync.close(hole)
})

rule('a descriptor has a position of its own', (sync) => {
  put(sync, '/file', 'abcdef')
  const first = sync.open('/file', O_RDONLY, 0)
  const second = sync.open('/file', O_RDWR, 0)
  assert.equal(text(sync.read(first, 2, -1)), 'ab')
  assert.equal(text(sync.read(first, 2, 4)), 'ef')
  assert.equal(text(sync.read(first, 9, -1)), 'cdef')
  assert.equal(sync.read(first, 9, -1).length, 0)
  assert.equal(sync.write(second, bytes('XY'), -1), 2)
  assert.equal(text(sync.read(second, 9, -1)), 'cdef')
  assert.equal(get(sync, '/file'), 'XYcdef')
  sync.close(first)
  sync.close(second)
})

rule('a descriptor that is opened the wrong way is EBADF, and a directory reads as EISDIR', (sync) => {
  put(sync, '/file', 'x')
  const reads = sync.open('/file', O_RDONLY, 0)
  const writes = sync.open('/file', O_WRONLY, 0)
  const directory = sync.open('/', O_RDONLY | O_DIRECTORY, 0)
  fails('EBADF', () => sync.write(reads, bytes('x'), -1))
  fails('EBADF', () => sync.read(writes, 1, -1))
  fails('EINVAL', () => sync.ftruncate(reads, 0))
  fails('EISDIR', () => sync.read(directory, 1, -1))
  for (const fd of [reads, writes, directory]) sync.close(fd)
  fails('EBADF', () => sync.close(reads))
  fails('EBADF', () => sync.fstat(9999))
})

rule('open() refuses directories for writing and follows its flags', (sync) => {
  sync.mkdir('/dir', 0o755)
  put(sync, '/file', 'x')
  sync.symlink('file', '/link')
  fails('EISDIR', () => sync.open('/dir', O_WRONLY, 0))
  fails('EISDIR', () => sync.open('/dir', O_RDONLY | O_CREAT, 0o644))
  fails('EISDIR', () => sync.open('/dir', O_RDONLY | O_TRUNC, 0))
  fails('ENOTDIR', () => sync.open('/file', O_RDONLY | O_DIRECTORY, 0))
  fails('ELOOP', () => sync.open('/link', O_RDONLY | O_NOFOLLOW, 0))
  fails('ENOTDIR', () => sync.open('/link', O_RDONLY | O_NOFOLLOW | O_DIRECTORY, 0))
  fails('EEXIST', () => sync.open('/file', O_WRONLY | O_CREAT | O_EXCL, 0o644))
  fails('EEXIST', () => sync.open('/dir', O_RDONLY | O_CREAT | O_EXCL, 0o644))
  fails('ENOENT', () => sync.open('/missing', O_RDONLY, 0))
  sync.close(sync.open('/file', O_WRONLY | O_TRUNC, 0))
  assert.equal(get(sync, '/file'), '')
})

rule('umask applies to open() and mkdir(), not to chmod()', (sync) => {
  sync.mkdir('/dir', 0o777)
  put(sync, '/file', '', 0o666)
  assert.equal(sync.stat('/dir').mode, S_IFDIR | 0o755)
  assert.equal(sync.stat('/file').mode, S_IFREG | 0o644)
  sync.chmod('/file', 0o666)
  sync.chmod('/dir', 0o1777)
  assert.equal(sync.stat('/file').mode, S_IFREG | 0o666)
  assert.equal(sync.stat('/dir').mode, S_IFDIR | 0o1777)
})

rule('making, removing and moving names moves the times of the directory', (sync) => {
  sync.mkdir('/dir', 0o755)
  const times = (): bigint => sync.stat('/dir').mtimeNs
  const old = (): void => sync.utimes('/dir', 1_000_000_000n, 1_000_000_000n)
  const moves = (call: () => void): void => {
    old()
    call()
    assert.notEqual(times(), 1_000_000_000n)
  }
  moves(() => put(sync, '/dir/a', 'x'))
  moves(() => sync.link('/dir/a', '/dir/b'))
  moves(() => sync.rename('/dir/b', '/dir/c'))
  moves(() => sync.symlink('c', '/dir/link'))
  moves(() => sync.unlink('/dir/c'))
  moves(() => sync.mkdir('/dir/sub', 0o755))
  moves(() => sync.rename('/dir/sub', '/sub'))
  moves(() => sync.rename('/sub', '/dir/sub'))
  moves(() => sync.rmdir('/dir/sub'))
  old()
  append(sync, '/dir/a', 'more')
  sync.chmod('/dir/a', 0o600)
  assert.equal(times(), 1_000_000_000n)
})

rule('rename() and chmod() move ctime, not mtime', (sync) => {
  put(sync, '/file', 'x')
  sync.utimes('/file', 5_000_000_000n, 7_000_000_000n)
  const before = sync.stat('/file')
  assert.equal(before.atimeNs, 5_000_000_000n)
  assert.equal(before.mtimeNs, 7_000_000_000n)
  sync.chmod('/file', 0o600)
  sync.rename('/file', '/moved')
  const after = sync.stat('/moved')
  assert.equal(after.mtimeNs, 7_000_000_000n)
  assert.ok(after.ctimeNs >= before.ctimeNs)
  assert.equal(after.ino, before.ino)
})

rule('nlink is right at every moment, and directories count their subdirectories', (sync) => {
  const nlink = (path: string): number => sync.stat(path).nlink
  sync.mkdir('/dir', 0o755)
  assert.equal(nlink('/dir'), 2)
  sync.mkdir('/dir/a', 0o755)
  sync.mkdir('/dir/b', 0o755)
  put(sync, '/dir/file', '')
  assert.equal(nlink('/dir'), 4)
  sync.rename('/dir/a', '/a')
  assert.equal(nlink('/dir'), 3)
  sync.rename('/a', '/dir/b')
  assert.equal(nlink('/dir'), 3)
  sync.rmdir('/dir/b')
  assert.equal(nlink('/dir'), 2)
  sync.link('/dir/file', '/dir/again')
  assert.equal(nlink('/dir/file'), 2)
  put(sync, '/dir/other', '')
  sync.rename('/dir/other', '/dir/again')
  assert.equal(nlink('/dir/file'), 1)
})

rule('an open, unlinked file stays readable and writable, with nlink 0', (sync) => {
  put(sync, '/file', 'content')
  const fd = sync.open('/file', O_RDWR, 0)
  sync.unlink('/file')
  fails('ENOENT', () => sync.stat('/file'))
  assert.equal(sync.fstat(fd).nlink, 0)
  sync.write(fd, bytes('C'), 0)
  assert.equal(text(sync.read(fd, 100, 0)), 'Content')
  const { ino } = sync.fstat(fd)
  put(sync, '/file', 'new')
  assert.notEqual(sync.stat('/file').ino, ino)
  sync.close(fd)
})

rule('truncate() cuts and extends, and refuses directories', (sync) => {
  put(sync, '/file', 'abcdef')
  sync.truncate('/file', 3)
  assert.equal(get(sync, '/file'), 'abc')
  sync.truncate('/file', 5)
  assert.equal(get(sync, '/file'), 'abc\0\0')
  sync.mkdir('/dir', 0o755)
  fails('EISDIR', () => sync.truncate('/dir', 0))
  fails('ENOENT', () => sync.truncate('/missing', 0))
})

rule('lutimes() and lchown() change the link itself', (sync) => {
  put(sync, '/file', 'x')
  sync.symlink('file', '/link')
  const { mtimeNs } = sync.stat('/file')
  sync.lutimes('/link', 3_000_000_000n, 4_000_000_000n)
  assert.equal(sync.lstat('/link').mtimeNs, 4_000_000_000n)
  assert.equal(sync.stat('/file').mtimeNs, mtimeNs)
  const { uid, gid } = sync.lstat('/link')
  sync.lchown('/link', uid, gid)
  assert.equal(sync.lstat('/link').size, 4)
})

rule('readdir() gives names sorted, with their types', (sync) => {
  put(sync, '/b', '')
  sync.mkdir('/c', 0o755)
  sync.symlink('b', '/a')
  assert.deepEqual(sync.readdir('/'), [
    { name: 'a', type: S_IFLNK },
    { name: 'b', type: S_IFREG },
    { name: 'c', type: S_IFDIR },
  ])
  assert.deepEqual(sync.readdir('/c'), [])
})

rule('access() tells what exists', (sync) => {
  put(sync, '/file', '', 0o600)
  sync.access('/file', 0)
  sync.access('/file', constants.R_OK | constants.W_OK)
  fails('EACCES', () => sync.access('/file', constants.X_OK))
  fails('ENOENT', () => sync.access('/missing', 0))
})

rule('a large file is written and read in pieces', (sync) => {
  const piece = new Uint8Array(300_000).map((_, i) => i & 0xff)
  const fd = sync.open('/large', O_RDWR | O_CREAT, 0o644)
  for (let i = 0; i < 10; i++) assert.equal(sync.write(fd, piece, -1), piece.length)
  assert.equal(sync.fstat(fd).size, 3_000_000)
  const across = sync.read(fd, 600_000, 900_000)
  assert.equal(across.length, 600_000)
  assert.deepEqual(across.subarray(0, 300_000), piece)
  assert.deepEqual(across.subarray(300_000), piece)
  sync.ftruncate(fd, 1_200_000)
  assert.equal(sync.read(fd, 400_000, 1_000_000).length, 200_000)
  sync.ftruncate(fd, 2_500_000)
  assert.ok(sync.read(fd, 400_000, 1_200_000).every((byte) => byte === 0))
  sync.close(fd)
})

import assert from 'node:assert/strict'
import fs, { constants } from 'node:fs'
import { hostDir, memory, overlay, synthetic } from '@libvisor/fs'
import type { WatchEvent } from '@libvisor/fs'
import { temporaryDirectory } from '@libvisor/testkit'
import { describe, test } from 'vitest'
import { append, bytes, fails, get, names, put, text } from './calls.ts'
import { implementations, makeIdentity } from './fixture.ts'
import type { Fixture, Mounts } from './fixture.ts'

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, S_IFMT, S_IFCHR, S_IFSOCK } = constants

/** Runs a body over the implementation in this thread and the one in another. */
function both(title: string, body: (start: (typeof implementations)['local' | 'remote']) => Promise<void>): void {
  describe(title, () => {
    for (const [name, start] of Object.entries(implementations)) test(name, () => body(start))
  })
}

/** The same, for bodies that need one process. */
function bothWith(
  title: string,
  mounts: Mounts,
  body: (fixture: Fixture) => void | Promise<void>,
  identity = {},
): void {
  both(title, async (start) => {
    await using fixture = await start(mounts, makeIdentity(identity))
    await body(fixture)
  })
}

const user = { uid: 1000, gid: 1000, groups: [1000, 50] }

bothWith('descriptors are the lowest free from 3 up', { '/': memory({ '/a': 'a' }) }, ({ sync }) => {
  const open = (): number => sync.open('/a', O_RDONLY, 0)
  assert.deepEqual([open(), open(), open()], [3, 4, 5])
  sync.close(4)
  sync.close(3)
  assert.deepEqual([open(), open(), open()], [3, 4, 6])
})

bothWith('descriptors 0 to 2 are the stdio of the guest', { '/': memory(), '/dev': synthetic.dev() }, ({ sync }) => {
  assert.equal(text(sync.read(0, 3, -1)), 'inp')
  const stdin = sync.open('/dev/stdin', O_RDONLY, 0)
  assert.equal(stdin, 3)
  assert.equal(text(sync.read(stdin, 100, -1)), 'ut')
  assert.equal(sync.read(0, 100, -1).length, 0)
  assert.equal(sync.write(1, bytes('out'), -1), 3)
  fails('EBADF', () => sync.write(0, bytes('x'), -1))
  fails('EBADF', () => sync.read(1, 1, -1))
  fails('ESPIPE', () => sync.write(1, bytes('x'), 7))
})

bothWith(
  'a process of a user is held to permission bits',
  {
    '/': memory(),
  },
  ({ sync, identity }) => {
    const asRoot = (call: () => void): void => {
      identity.uid = 0
      call()
      identity.uid = user.uid
    }
    asRoot(() => {
      sync.mkdir('/private', 0o700)
      put(sync, '/private/file', 'x')
      put(sync, '/readable', 'x', 0o644)
      put(sync, '/grouped', 'x', 0o640)
      sync.chown('/grouped', 0, 50)
      sync.mkdir('/shared', 0o777)
      sync.chmod('/shared', 0o1777)
      put(sync, '/shared/rooted', 'x')
      sync.mkdir('/mine', 0o755)
      sync.chown('/mine', user.uid, user.gid)
    })
    fails('EACCES', () => sync.stat('/private/file'))
    fails('EACCES', () => sync.readdir('/private'))
    fails('EACCES', () => put(sync, '/new', 'x'))
    fails('EACCES', () => append(sync, '/readable', 'x'))
    fails('EACCES', () => sync.truncate('/readable', 0))
    fails('EACCES', () => sync.access('/readable', constants.W_OK))
    assert.equal(get(sync, '/readable'), 'x')
    assert.equal(get(sync, '/grouped'), 'x')
    fails('EPERM', () => sync.chmod('/readable', 0o777))
    fails('EPERM', () => sync.chown('/mine', 0, 0))
    fails('EPERM', () => sync.utimes('/readable', 0n, 0n))
    fails('EPERM', () => sync.unlink('/shared/rooted'))
    fails('EPERM', () => sync.rename('/shared/rooted', '/shared/stolen'))
    fails('EACCES', () => sync.unlink('/readable'))
    put(sync, '/mine/file', 'x', 0o000)
    assert.equal(sync.stat('/mine/file').uid, user.uid)
    fails('EACCES', () => get(sync, '/mine/file'))
    sync.chown('/mine/file', -1, 50)
    assert.equal(sync.stat('/mine/file').gid, 50)
    put(sync, '/shared/own', 'x')
    sync.unlink('/shared/own')
  },
  user,
)

bothWith('what changes in the identity counts from the next call', { '/': memory() }, ({ sync, identity }) => {
  identity.umask = 0o077
  put(sync, '/a', '', 0o666)
  identity.umask = 0
  put(sync, '/b', '', 0o666)
  assert.equal(sync.stat('/a').mode & 0o777, 0o600)
  assert.equal(sync.stat('/b').mode & 0o777, 0o666)
})

bothWith(
  'asynchronous calls settle in a later turn, with the same results and errors',
  { '/': memory({ '/a': 'content' }) },
  async ({ process }) => {
    let settled = false
    const opening = process.async.open('/a', O_RDONLY, 0).finally(() => (settled = true))
    await Promise.resolve()
    await Promise.resolve()
    assert.equal(settled, false)
    const fd = await opening
    assert.equal(text(await process.async.read(fd, 100, -1)), 'content')
    await assert.rejects(process.async.stat('/missing'), { code: 'ENOENT' })
    const [first, second] = await Promise.all([process.async.stat('/a'), process.async.stat('/')])
    assert.equal(first.size, 7)
    assert.equal(second.nlink, 2)
    await process.async.close(fd)
    await assert.rejects(process.async.close(fd), { code: 'EBADF' })
  },
)

bothWith('/dev holds devices', { '/dev': synthetic.dev() }, ({ sync }) => {
  const on = <Result>(name: string, flags: number, use: (fd: number) => Result): Result => {
    const fd = sync.open(`/dev/${name}`, flags, 0)
    try {
      return use(fd)
    } finally {
      sync.close(fd)
    }
  }
  assert.deepEqual(names(sync, '/dev'), [
    'fd',
    'full',
    'null',
    'random',
    'shm',
    'stderr',
    'stdin',
    'stdout',
    'tty',
    'urandom',
    'zero',
  ])
  assert.equal(sync.stat('/dev/null').mode & S_IFMT, S_IFCHR)
  assert.equal(sync.stat('/dev/null').rdev, fs.statSync('/dev/null').rdev)
  on('null', O_RDWR, (fd) => {
    assert.equal(sync.write(fd, bytes('x'), -1), 1)
    assert.equal(sync.read(fd, 10, -1).length, 0)
  })
  on('zero', O_RDONLY, (fd) => assert.deepEqual(sync.read(fd, 3, -1), new Uint8Array(3)))
  on('full', O_WRONLY, (fd) => fails('ENOSPC', () => sync.write(fd, bytes('x'), -1)))
  on('urandom', O_RDONLY, (fd) => assert.deepEqual(sync.read(fd, 3, -1), Uint8Array.of(0, 1, 2)))
  fails('ENXIO', () => sync.open('/dev/tty', O_RDWR, 0))
})

bothWith(
  '/etc tells who the guest is',
  {
    '/etc': overlay({
      lower: [
        synthetic.etc({
          hostname: 'api',
          hosts: { db: '10.0.0.2' },
          user: { name: 'node', uid: 1000, gid: 1000, home: '/home/node' },
        }),
        memory({ '/app.conf': 'lower' }),
      ],
      upper: memory(),
    }),
  },
  ({ sync }) => {
    assert.equal(get(sync, '/etc/hostname'), 'api\n')
    assert.match(get(sync, '/etc/hosts'), /^127\.0\.0\.1\tlocalhost$/m)
    assert.match(get(sync, '/etc/hosts'), /^10\.0\.0\.2\tdb$/m)
    assert.match(get(sync, '/etc/passwd'), /^node:x:1000:1000::\/home\/node:/m)
    assert.deepEqual(names(sync, '/etc'), ['app.conf', 'group', 'hostname', 'hosts', 'passwd', 'resolv.conf'])
  },
)

bothWith(
  'mounts cover what is below them, and stand where nothing is',
  {
    '/': memory({ '/data/covered': 'x', '/other': '' }),
    '/data': memory({ '/file': 'mounted' }),
    '/deep/in/the/tree': memory({ '/file': 'deep' }),
  },
  ({ sync }) => {
    assert.deepEqual(names(sync, '/'), ['data', 'deep', 'other'])
    assert.deepEqual(names(sync, '/data'), ['file'])
    assert.equal(get(sync, '/deep/in/the/tree/file'), 'deep')
    assert.equal(get(sync, '/deep/in/../in/the/tree/../tree/file'), 'deep')
    assert.deepEqual(names(sync, '/deep'), ['in'])
    fails('EROFS', () => put(sync, '/deep/new', ''))
    fails('EBUSY', () => sync.rmdir('/data'))
    fails('EBUSY', () => sync.rename('/data', '/moved'))
    fails('EXDEV', () => sync.rename('/data/file', '/file'))
    fails('EXDEV', () => sync.link('/data/file', '/file'))
    sync.symlink('/data/file', '/link')
    assert.equal(get(sync, '/link'), 'mounted')
    assert.notEqual(sync.stat('/data').dev, sync.stat('/').dev)
  },
)

both('a directory of the host that is mounted for reading is EROFS to those who write', async (start) => {
  using directory = temporaryDirectory({ file: 'x', 'dir/a': '' })
  await using fixture = await start({ '/': hostDir(directory.path) })
  const { sync } = fixture
  assert.equal(get(sync, '/file'), 'x')
  fails('EROFS', () => put(sync, '/new', ''))
  fails('EROFS', () => append(sync, '/file', ''))
  fails('EROFS', () => sync.mkdir('/new', 0o755))
  fails('EEXIST', () => sync.mkdir('/dir', 0o755))
  fails('EROFS', () => sync.unlink('/file'))
  fails('EROFS', () => sync.rename('/file', '/other'))
  fails('EROFS', () => sync.chmod('/file', 0o600))
  fails('EROFS', () => sync.truncate('/file', 0))
  fails('EROFS', () => sync.access('/file', constants.W_OK))
  fails('ENOENT', () => sync.open('/missing', O_WRONLY, 0))
  assert.deepEqual(directory.list(), ['dir/', 'dir/a', 'file'])
})

both('links lead nowhere out of a directory of the host', async (start) => {
  using outside = temporaryDirectory({ secret: 'secret' })
  using directory = temporaryDirectory({ 'in/file': 'inside' })
  fs.symlinkSync(outside.path, directory.resolve('absolute'))
  fs.symlinkSync(`../../../../../..${outside.path}`, directory.resolve('relative'))
  fs.symlinkSync('/in/file', directory.resolve('rooted'))
  fs.symlinkSync('../in', directory.resolve('in/up'))
  await using fixture = await start({ '/': hostDir(directory.path, { mode: 'rw' }) })
  const { sync, process } = fixture
  for (const link of ['/absolute', '/relative']) {
    fails('ENOENT', () => sync.stat(`${link}/secret`))
    fails('ENOENT', () => sync.stat(link))
    assert.equal(process.resolve(`${link}/secret`, 'read', true), undefined)
    fails('ENOENT', () => put(sync, `${link}/made`, ''))
  }
  assert.equal(get(sync, '/rooted'), 'inside')
  assert.deepEqual(process.resolve('/rooted', 'read', true), { path: directory.resolve('in/file'), identical: false })
  assert.deepEqual(process.resolve('/in/up/up/file', 'read', true)?.path, directory.resolve('in/file'))
  assert.equal(sync.realpath('/in/up/up/file'), '/in/file')
  assert.deepEqual(outside.list(), ['secret'])
})

both('calls pass to the host where the files are its own, and not where they are not', async (start) => {
  const cwd = temporaryDirectory({ file: 'x', 'dir/file': 'y' })
  using directory = cwd
  const file = directory.resolve('file')
  await using fixture = await start({ '/': overlay({ lower: hostDir('/'), upper: memory() }) })
  const { sync, process } = fixture
  assert.deepEqual(process.resolve(file, 'read', true), { path: file, identical: true })
  assert.equal(process.resolve(file, 'write', true), undefined)
  assert.equal(process.differsFromHost(), false)
  const missing = directory.resolve('dir/missing')
  assert.deepEqual(process.resolve(missing, 'read', true), { path: missing, identical: true })
  append(sync, file, '+')
  assert.deepEqual(process.resolve(missing, 'read', true), { path: missing, identical: true })
  assert.equal(process.resolve(directory.resolve('missing'), 'read', true), undefined)
  assert.equal(process.resolve(file, 'read', true), undefined)
  assert.equal(process.differsFromHost(), true)
  const other = directory.resolve('dir/file')
  assert.deepEqual(process.resolve(other, 'read', true), { path: other, identical: true })
  assert.deepEqual(process.resolve(directory.resolve('dir'), 'read', true)?.identical, true)
  assert.equal(process.resolve(directory.path, 'read', true), undefined)
  sync.unlink(other)
  assert.equal(process.resolve(other, 'read', true), undefined)
  assert.equal(fs.readFileSync(file, 'utf8'), 'x')
})

both('a writable directory of the host takes whole calls for writing', async (start) => {
  using directory = temporaryDirectory({ file: 'x' })
  await using fixture = await start({ '/': memory(), '/data': hostDir(directory.path, { mode: 'rw' }) })
  const { process, identity } = fixture
  identity.umask = process.local ? 0o022 : identity.umask
  const resolved = process.resolve('/data/new', 'write', true)
  assert.deepEqual(resolved, { path: directory.resolve('new'), identical: false })
  assert.equal(process.resolve('/data/missing/new', 'write', true), undefined)
  assert.equal(process.resolve('/elsewhere', 'write', true), undefined)
  fs.symlinkSync('/elsewhere', directory.resolve('link'))
  assert.equal(process.resolve('/data/link', 'write', true), undefined)
  assert.equal(process.resolve('/data/link', 'write', false)?.path, directory.resolve('link'))
})

both('a path that led to the host leads there no more once its name is something else', async (start) => {
  using directory = temporaryDirectory({ file: 'x', 'dir/file': 'x' })
  await using fixture = await start({ '/': memory(), '/data': hostDir(directory.path, { mode: 'rw' }) })
  const { sync, process } = fixture
  const ask = (path: string): string | undefined => process.resolve(path, 'read', true)?.path
  const known = (path: string): string | undefined => process.recall(path, 'read', true)?.path
  for (let turn = 0; turn < 2; turn++) assert.equal(ask('/data/file'), directory.resolve('file'))
  assert.equal(known('/data/file'), directory.resolve('file'))
  sync.unlink('/data/file')
  sync.symlink('/elsewhere', '/data/file')
  assert.equal(known('/data/file'), undefined)
  assert.equal(ask('/data/file'), undefined)
  for (let turn = 0; turn < 2; turn++) assert.equal(ask('/data/dir/file'), directory.resolve('dir/file'))
  sync.rename('/data/dir', '/data/moved')
  sync.symlink('/', '/data/dir')
  assert.equal(known('/data/dir/file'), undefined)
  assert.equal(ask('/data/dir/file'), undefined)
})

test('what is written into a file is known to lead where reading it does, where that may be written to', async () => {
  using directory = temporaryDirectory({ file: 'x' })
  const file = directory.resolve('file')
  const uid = process.getuid?.() ?? 0
  const umask = process.umask()
  const identity = makeIdentity({ uid, umask }) as { umask: number }
  const mounts = {
    '/': memory(),
    [directory.path]: hostDir(directory.path, { mode: 'rw' }),
    '/fixed': hostDir(directory.path),
  }
  await using fixture = implementations.local(mounts, identity as ReturnType<typeof makeIdentity>) as Fixture
  const files = fixture.process
  for (let turn = 0; turn < 2; turn++) {
    for (const path of ['/fixed/file', file]) assert.equal(files.resolve(path, 'read', true)?.path, file)
  }
  assert.equal(files.recall('/fixed/file', 'content', true), undefined)
  assert.equal(files.resolve('/fixed/file', 'content', true), undefined)
  assert.deepEqual(files.recall(file, 'content', true), { path: file, identical: true })
  assert.equal(files.recall(file, 'write', true), undefined)
  assert.equal(files.isSameToWrite(file), true)
  identity.umask = umask ^ 0o777
  assert.equal(files.isSameToWrite(file), false)
  assert.equal(files.recall(file, 'content', true), undefined)
  identity.umask = umask
  assert.equal(files.isSameToWrite(file), true)
  files.resolve(file, 'write', true)
  assert.equal(files.isSameToWrite(file), false)
  assert.equal(files.recall(file, 'content', true), undefined)
})

both('a watcher hears of what changes in its directory, also from other descriptors', async (start) => {
  await using fixture = await start({ '/': memory({ '/dir/sub/file': 'x' }) })
  const { sync, process } = fixture
  const events: WatchEvent[] = []
  const watcher = process.watch('/dir', true, (event) => events.push(event))
  const shallow: string[] = []
  const other = process.watch('/dir', false, ({ name }) => shallow.push(name))
  put(sync, '/dir/new', 'x')
  append(sync, '/dir/sub/file', 'x')
  sync.rename('/dir/new', '/dir/newer')
  put(sync, '/elsewhere', 'x')
  // What comes from another thread comes with the next turns of the event loop, before the next reply.
  await process.async.stat('/')
  other?.[Symbol.dispose]()
  watcher?.[Symbol.dispose]()
  sync.unlink('/dir/newer')
  await process.async.stat('/')
  assert.deepEqual(events, [
    { type: 'rename', name: 'new' },
    { type: 'change', name: 'new' },
    { type: 'change', name: 'sub/file' },
    { type: 'rename', name: 'new' },
    { type: 'rename', name: 'newer' },
  ])
  assert.deepEqual(shallow, ['new', 'new', 'new', 'newer'])
  fails('ENOENT', () => process.watch('/missing', false, () => {}))
})

bothWith('a socket file is made once, and opening it is ENXIO', { '/': memory() }, ({ sync }) => {
  sync.mksock('/socket')
  assert.equal(sync.lstat('/socket').mode, S_IFSOCK | 0o755)
  fails('EADDRINUSE', () => sync.mksock('/socket'))
  fails('ENXIO', () => sync.open('/socket', O_RDWR, 0))
  sync.unlink('/socket')
  fails('ENOENT', () => sync.stat('/socket'))
})

both('a descriptor of the host can be adopted where the files are, and nowhere else', async (start) => {
  using directory = temporaryDirectory({ file: 'from the host' })
  await using fixture = await start({ '/': memory() })
  const { sync, process } = fixture
  if (!process.local) {
    assert.throws(() => process.adopt(0, '/adopted'), { code: 'VISOR_UNSUPPORTED' })
    return
  }
  const fd = process.adopt(fs.openSync(directory.resolve('file'), 'r'), '/adopted')
  assert.equal(fd, 3)
  assert.equal(text(sync.read(fd, 4, -1)), 'from')
  assert.equal(text(sync.read(fd, 100, -1)), ' the host')
  sync.close(fd)
})

bothWith('large reads and writes arrive whole', { '/': memory() }, ({ sync }) => {
  const data = new Uint8Array(3_000_000).map((_, i) => (i * 7) & 0xff)
  const fd = sync.open('/large', O_RDWR | O_CREAT, 0o644)
  assert.equal(sync.write(fd, data.subarray(1), -1), data.length - 1)
  assert.deepEqual(sync.read(fd, data.length, 0), data.slice(1))
  sync.close(fd)
})

bothWith('nothing is left of 1000 files that were opened and closed', { '/': memory() }, ({ sync }) => {
  for (let i = 0; i < 1000; i++) {
    put(sync, '/file', `${i}`)
    sync.unlink('/file')
  }
  assert.equal(sync.statfs('/').files - sync.statfs('/').ffree, 1)
  assert.equal(sync.open('/', O_RDONLY, 0), 3)
})

test('a path that was asked for is the same for as long as nothing covers it, and for who asked', async () => {
  using directory = temporaryDirectory({ file: 'text' })
  const { path } = directory
  const file = directory.resolve('file')
  const uid = process.getuid?.() ?? 0
  const identity = makeIdentity({ uid }) as { uid: number }
  await using fixture = implementations.local(
    { '/': memory(), [path]: overlay({ lower: [hostDir(path)], upper: memory() }) },
    identity as ReturnType<typeof makeIdentity>,
  ) as Fixture
  const ask = (): void => void fixture.process.resolve(file, 'read', true)
  assert.equal(fixture.process.isSame(file), false)
  for (let index = 0; index < 3; index++) ask()
  assert.equal(fixture.process.isSame(file), true)
  assert.equal(fixture.process.isSame(path), false)
  identity.uid = uid + 1
  assert.equal(fixture.process.isSame(file), false)
  identity.uid = uid
  assert.equal(fixture.process.isSame(file), true)
  append(fixture.sync, file, 'more')
  assert.equal(fixture.process.isSame(file), false)
  ask()
  assert.equal(fixture.process.isSame(file), false)
})

both(
  'a directory that was walked through is another one once its name, or who may pass it, has changed',
  async (start) => {
    using directory = temporaryDirectory({ 'dir/sub/file': 'old', 'other/sub/file': 'new', 'plain/file': 'x' })
    const { path } = directory
    const uid = 1000
    const mounts = { '/': overlay({ lower: [hostDir('/')], upper: memory() }), '/data': hostDir(path, { mode: 'rw' }) }
    await using fixture = await start(mounts, makeIdentity())
    const { sync } = fixture
    const identity = fixture.identity as { uid: number }
    for (const root of [path, '/data']) {
      const read = (name: string): string => get(sync, `${root}/${name}`)
      for (let turn = 0; turn < 2; turn++) assert.equal(read('dir/sub/file'), 'old')
      sync.rename(`${root}/dir`, `${root}/moved`)
      fails('ENOENT', () => read('dir/sub/file'))
      assert.equal(read('moved/sub/file'), 'old')
      sync.symlink('other', `${root}/dir`)
      assert.equal(read('dir/sub/file'), 'new')
      sync.unlink(`${root}/dir`)
      sync.rename(`${root}/other`, `${root}/dir`)
      assert.equal(read('dir/sub/file'), 'new')
      sync.mkdir(`${root}/made`, 0o755)
      put(sync, `${root}/made/file`, 'made')
      assert.equal(read('made/file'), 'made')
      sync.unlink(`${root}/made/file`)
      fails('ENOENT', () => read('made/file'))
      sync.rmdir(`${root}/made`)
      put(sync, `${root}/made`, 'file')
      fails('ENOTDIR', () => read('made/file'))
      sync.unlink(`${root}/made`)
    }
    if (process.getuid?.() !== 0) return
    sync.chmod(path, 0o755)
    identity.uid = uid
    for (let turn = 0; turn < 2; turn++) assert.equal(sync.stat(`${path}/plain/file`).size, 1)
    identity.uid = 0
    sync.chmod(`${path}/plain`, 0o700)
    identity.uid = uid
    fails('EACCES', () => sync.stat(`${path}/plain/file`))
    identity.uid = 0
    sync.chmod(`${path}/plain`, 0o755)
    identity.uid = uid
    assert.equal(sync.stat(`${path}/plain/file`).size, 1)
  },
)

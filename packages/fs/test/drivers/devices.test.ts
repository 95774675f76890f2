/** `/dev` of a guest next to the kernel's. */
import assert from 'node:assert/strict'
import { constants } from 'node:fs'
import { hostDir, memory, synthetic } from '@libvisor/fs'
import type { Syscalls } from '@libvisor/fs'
import { describe, test } from 'vitest'
import { bytes, fails, get, names, outcome, put } from '../state/calls.ts'
import { makeFileSystem, makeIdentity, makeStdio, memoryChannel } from '../state/fixture.ts'
import { nativeSyscalls } from '../state/native-syscalls.ts'

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_APPEND, O_DIRECTORY, R_OK, W_OK, X_OK, S_IFMT, S_IFCHR } =
  constants

const mounts = { '/': memory(), '/dev': synthetic.dev(), '/proc': synthetic.proc() }

/** Runs a body natively and over a synthetic `/dev`. */
function device(title: string, body: (sync: Syscalls) => void): void {
  describe(title, () => {
    test('natively', () => body(nativeSyscalls('')))
    test('in a guest', () => {
      using files = makeFileSystem(mounts)
      body(files.process(makeIdentity(), makeStdio('input')).sync)
    })
  })
}

function withDevice<Result>(sync: Syscalls, path: string, flags: number, use: (fd: number) => Result): Result {
  const fd = sync.open(path, flags, 0)
  try {
    return use(fd)
  } finally {
    sync.close(fd)
  }
}

device('/dev/null is empty and takes everything', (sync) => {
  withDevice(sync, '/dev/null', O_RDWR, (fd) => {
    assert.equal(sync.read(fd, 10, -1).length, 0)
    assert.equal(sync.read(fd, 10, 100).length, 0)
    assert.equal(sync.write(fd, bytes('gone'), -1), 4)
    assert.equal(sync.write(fd, bytes('gone'), 7), 4)
    fails('EINVAL', () => sync.ftruncate(fd, 5))
    fails('EINVAL', () => sync.fsync(fd))
  })
  put(sync, '/dev/null', 'truncating it does nothing')
  fails('EINVAL', () => sync.truncate('/dev/null', 5))
  assert.equal(sync.stat('/dev/null').size, 0)
})

device('/dev/zero gives zeros without end', (sync) => {
  withDevice(sync, '/dev/zero', O_RDWR, (fd) => {
    assert.deepEqual(sync.read(fd, 5, -1), new Uint8Array(5))
    assert.deepEqual(sync.read(fd, 5, 1000), new Uint8Array(5))
    assert.equal(sync.read(fd, 50 * 2 ** 20, -1).length, 50 * 2 ** 20)
    assert.equal(sync.write(fd, bytes('gone'), -1), 4)
  })
})

device('/dev/full is a disk without room, of zeros', (sync) => {
  withDevice(sync, '/dev/full', O_RDWR, (fd) => {
    assert.deepEqual(sync.read(fd, 3, -1), new Uint8Array(3))
    fails('ENOSPC', () => sync.write(fd, bytes('x'), -1))
    fails('ENOSPC', () => sync.write(fd, bytes('x'), 10))
    fails('ENOSPC', () => sync.write(fd, new Uint8Array(0), -1))
  })
  withDevice(sync, '/dev/full', O_WRONLY | O_APPEND, (fd) => fails('ENOSPC', () => sync.write(fd, bytes('x'), -1)))
})

for (const path of ['/dev/random', '/dev/urandom']) {
  device(`${path} gives as much as is asked for, always something else`, (sync) => {
    withDevice(sync, path, O_RDWR, (fd) => {
      assert.notDeepEqual(sync.read(fd, 64, -1), sync.read(fd, 64, -1))
      assert.equal(sync.read(fd, 2 ** 20, -1).length, 2 ** 20)
      assert.equal(sync.write(fd, bytes('seed'), -1), 4)
    })
  })
}

device('devices have the numbers, types and permissions of Linux', (sync) => {
  const seen = ['null', 'zero', 'full', 'random', 'urandom', 'tty'].map((name) => {
    const { mode, rdev, nlink, uid } = sync.lstat(`/dev/${name}`)
    assert.equal(mode & S_IFMT, S_IFCHR)
    return [name, (mode & 0o777).toString(8), rdev, nlink, uid]
  })
  assert.deepEqual(seen, [
    ['null', '666', 0x103, 1, 0],
    ['zero', '666', 0x105, 1, 0],
    ['full', '666', 0x107, 1, 0],
    ['random', '666', 0x108, 1, 0],
    ['urandom', '666', 0x109, 1, 0],
    ['tty', '666', 0x500, 1, 0],
  ])
  for (const name of ['null', 'zero']) {
    fails('EEXIST', () => sync.open(`/dev/${name}`, O_WRONLY | O_CREAT | O_EXCL, 0))
    fails('ENOTDIR', () => sync.open(`/dev/${name}`, O_RDONLY | O_DIRECTORY, 0))
    fails('ENOTDIR', () => sync.open(`/dev/${name}/`, O_RDONLY, 0))
    fails('ENOTDIR', () => sync.readdir(`/dev/${name}`))
    sync.access(`/dev/${name}`, R_OK | W_OK)
    fails('EACCES', () => sync.access(`/dev/${name}`, X_OK))
  }
})

device('links to open files are links through /proc', (sync) => {
  assert.equal(sync.readlink('/dev/fd'), '/proc/self/fd')
  for (const [fd, name] of ['stdin', 'stdout', 'stderr'].entries()) {
    assert.equal(sync.readlink(`/dev/${name}`), `/proc/self/fd/${fd}`)
  }
  assert.equal(
    outcome(() => sync.open('/dev/fd/999', O_RDONLY, 0)),
    'ENOENT',
  )
})

test('/dev/tty is a terminal that a guest does not have', () => {
  using files = makeFileSystem(mounts)
  const { sync } = files.process(makeIdentity(), makeStdio())
  fails('ENXIO', () => sync.open('/dev/tty', O_RDWR, 0))
})

for (const [title, specs] of [
  ['with a /proc of its own', mounts],
  ['with the /proc of the host', { '/': hostDir('/'), '/dev': synthetic.dev() }],
] as const) {
  test(`standard streams are the guest's own, ${title}`, () => {
    using files = makeFileSystem(specs)
    const output = memoryChannel()
    const { sync } = files.process(makeIdentity(), [memoryChannel('typed'), output, memoryChannel()])
    assert.equal(get(sync, '/dev/stdin'), 'typed')
    const fd = sync.open('/dev/stdout', O_WRONLY | O_CREAT, 0o644)
    assert.equal(sync.write(fd, bytes('said'), -1), 4)
    sync.close(fd)
    put(sync, '/dev/fd/1', ' more')
    assert.equal(Buffer.concat(output.written).toString(), 'said more')
  })
}

test('there is room for shared memory', () => {
  using files = makeFileSystem(mounts)
  const { sync } = files.process(makeIdentity({ uid: 1000, gid: 1000, groups: [1000] }), makeStdio())
  put(sync, '/dev/shm/segment', 'x')
  assert.deepEqual(names(sync, '/dev/shm'), ['segment'])
})

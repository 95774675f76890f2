/** Limits and read-only mounts, next to those of the kernel's tmpfs where this user may mount one. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs, { constants } from 'node:fs'
import { hostDir, memory, nodeFs, overlay, volume } from '@libvisor/fs'
import type { MountSpec, Syscalls } from '@libvisor/fs'
import { temporaryDirectory } from '@libvisor/testkit'
import { Volume } from 'memfs'
import { describe, test } from 'vitest'
import { bytes, fails, get, outcome, put } from '../state/calls.ts'
import { makeIdentity, makeStdio } from '../state/fixture.ts'
import { nativeSyscalls } from '../state/native-syscalls.ts'
import { volumesIn } from './drivers.ts'
import { makeMounted } from './subjects.ts'

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_APPEND, O_TRUNC } = constants

const BLOCK = 4096
const limits = { sizeBytes: 16 * BLOCK, inodes: 10 }

/** Whether this user may mount a tmpfs: root, outside of most containers. */
const mayMount = ((): boolean => {
  using directory = temporaryDirectory()
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', directory.path], { stdio: 'ignore' })
    execFileSync('umount', [directory.path], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

/** A tmpfs of the kernel at `/m`. */
function mountTmpfs(options: string): Disposable & { readonly sync: Syscalls; readonly path: string } {
  const directory = temporaryDirectory()
  const path = directory.resolve('m')
  fs.mkdirSync(path)
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path])
  return {
    sync: nativeSyscalls(directory.path),
    path,
    [Symbol.dispose]() {
      execFileSync('umount', ['--lazy', path])
      directory[Symbol.dispose]()
    },
  }
}

function inGuest(spec: MountSpec, directory: string, body: (sync: Syscalls) => void): void {
  using files = makeMounted(spec, directory)
  body(files.process(makeIdentity(), makeStdio()).sync)
}

/** What has a limit of 16 blocks and 10 inodes. Those with `upper` have further inodes for what lies below. */
const limited: Readonly<Record<string, (directory: string) => MountSpec>> = {
  memory: () => memory({}, limits),
  'the upper layer of an overlay': () => overlay({ lower: memory(), upper: memory({}, limits) }),
}

/** Runs a body over tmpfs and over every mount with the same limits. */
function limitedAlike(title: string, body: (sync: Syscalls) => void, others = limited): void {
  describe(title, () => {
    test.skipIf(!mayMount)('natively, where a tmpfs can be mounted', () => {
      using tmpfs = mountTmpfs(`size=${limits.sizeBytes},nr_inodes=${limits.inodes}`)
      body(tmpfs.sync)
    })
    for (const [name, mount] of Object.entries(others)) {
      test(name, () => {
        using directory = temporaryDirectory()
        inGuest(mount(directory.path), directory.path, body)
      })
    }
  })
}

const withVolume = { ...limited, 'a volume': () => volume('limited', limits) }

/** Blocks and inodes that are left. */
function left(sync: Syscalls): [blocks: number, inodes: number] {
  const { bsize, bfree, ffree } = sync.statfs('/m')
  return [(bfree * bsize) / BLOCK, ffree]
}

limitedAlike(
  'a write that fits in part is short, and the next one ENOSPC',
  (sync) => {
    const fd = sync.open('/m/file', O_RDWR | O_CREAT, 0o644)
    assert.equal(sync.write(fd, new Uint8Array(100_000), -1), 16 * BLOCK)
    fails('ENOSPC', () => sync.write(fd, bytes('x'), -1))
    assert.equal(sync.write(fd, bytes('over what is there'), 100), 18)
    assert.equal(sync.fstat(fd).size, 16 * BLOCK)
    assert.deepEqual(left(sync), [0, 8])
    sync.ftruncate(fd, 5000)
    assert.deepEqual(left(sync), [14, 8])
    sync.close(fd)
  },
  withVolume,
)

limitedAlike(
  'appending is short at the limit, too',
  (sync) => {
    const fd = sync.open('/m/file', O_WRONLY | O_CREAT | O_APPEND, 0o644)
    assert.equal(sync.write(fd, new Uint8Array(60_000), -1), 60_000)
    assert.equal(sync.write(fd, new Uint8Array(60_000), -1), 16 * BLOCK - 60_000)
    fails('ENOSPC', () => sync.write(fd, bytes('x'), -1))
    sync.close(fd)
    assert.equal(sync.stat('/m/file').size, 16 * BLOCK)
    const again = sync.open('/m/file', O_WRONLY | O_TRUNC, 0)
    sync.close(again)
    assert.deepEqual(left(sync), [16, 8])
  },
  withVolume,
)

limitedAlike('holes take no room', (sync) => {
  const fd = sync.open('/m/file', O_RDWR | O_CREAT, 0o644)
  sync.ftruncate(fd, 1_000_000_000)
  assert.deepEqual(left(sync), [16, 8])
  sync.write(fd, bytes('0123456789'), 100 * BLOCK - 5)
  assert.deepEqual(left(sync), [14, 8])
  assert.equal(sync.fstat(fd).blocks, 16)
  sync.close(fd)
})

limitedAlike('an unlinked file takes its room until it is closed', (sync) => {
  const fd = sync.open('/m/file', O_RDWR | O_CREAT, 0o644)
  sync.write(fd, new Uint8Array(8 * BLOCK), -1)
  sync.unlink('/m/file')
  assert.deepEqual(left(sync), [8, 8])
  sync.close(fd)
  assert.deepEqual(left(sync), [16, 9])
})

limitedAlike('files, directories, links and further names are inodes', (sync) => {
  sync.mkdir('/m/dir', 0o755)
  put(sync, '/m/file', '')
  sync.link('/m/file', '/m/same')
  sync.symlink('short', '/m/link')
  assert.deepEqual(left(sync), [16, 5])
  sync.symlink('x'.repeat(200), '/m/long')
  assert.deepEqual(left(sync), [15, 4])
  for (let i = 0; i < 4; i++) put(sync, `/m/${i}`, '')
  fails('ENOSPC', () => sync.open('/m/more', O_WRONLY | O_CREAT, 0o644))
  fails('ENOSPC', () => sync.mkdir('/m/more', 0o755))
  fails('ENOSPC', () => sync.symlink('x', '/m/more'))
  fails('ENOSPC', () => sync.link('/m/file', '/m/more'))
  fails('ENOENT', () => sync.lstat('/m/more'))
  sync.rename('/m/0', '/m/1')
  assert.deepEqual(left(sync), [15, 1])
  sync.unlink('/m/same')
  sync.unlink('/m/long')
  sync.rmdir('/m/dir')
  assert.deepEqual(left(sync), [16, 4])
})

test('a copy-up that does not fit leaves nothing in the upper layer', () => {
  using directory = temporaryDirectory()
  const lower = memory({ '/dir/large': new Uint8Array(20 * BLOCK), '/dir/small': 'small' })
  inGuest(overlay({ lower, upper: memory({}, limits) }), directory.path, (sync) => {
    fails('ENOSPC', () => sync.open('/m/dir/large', O_RDWR, 0))
    assert.equal(sync.stat('/m/dir/large').size, 20 * BLOCK)
    assert.deepEqual(left(sync), [16, 9])
    put(sync, '/m/dir/small', 'changed')
    assert.deepEqual(left(sync), [15, 7])
  })
})

test('a volume counts what was in it before, and names that are removed', () => {
  using directory = temporaryDirectory()
  volumesIn(directory.path).create('limited', limits)
  directory.write({ 'volumes/limited/_data/sub/before': 'x'.repeat(10 * BLOCK) })
  inGuest(volume('limited'), directory.path, (sync) => {
    assert.deepEqual(left(sync), [6, 7])
    sync.rename('/m/sub/before', '/m/moved')
    sync.link('/m/moved', '/m/again')
    sync.unlink('/m/moved')
    assert.deepEqual(left(sync), [6, 7])
    sync.truncate('/m/again', BLOCK)
    assert.deepEqual(left(sync), [15, 7])
    fails('ENOSPC', () => sync.truncate('/m/again', 17 * BLOCK))
    sync.unlink('/m/again')
    sync.rmdir('/m/sub')
    assert.deepEqual(left(sync), [16, 9])
  })
})

/** Read-only mounts of a file, a directory with a file, and a link. */
const readOnly: Readonly<Record<string, (directory: string) => MountSpec>> = {
  memory: () => memory({ '/file': 'x', '/dir/file': 'x' }, { mode: 'ro' }),
  'a directory of the host': (directory) => hostDir(`${directory}/tree`),
  'an overlay': (directory) => overlay({ lower: hostDir(`${directory}/tree`), upper: memory(), mode: 'ro' }),
  'an overlay with its changes on the host': (directory) =>
    overlay({ lower: memory(), upper: hostDir(`${directory}/tree`, { mode: 'rw' }), mode: 'ro' }),
  'a volume': () => volume('fixed', { mode: 'ro' }),
  'an object': () => nodeFs(Volume.fromJSON({ '/file': 'x', '/dir/file': 'x' }), { mode: 'ro' }),
  'an object that says so': () =>
    nodeFs(Object.assign(Volume.fromJSON({ '/file': 'x', '/dir/file': 'x' }), { readonly: true })),
}

const changes: Readonly<Record<string, (sync: Syscalls) => unknown>> = {
  'open to truncate': (sync) => sync.open('/m/file', O_WRONLY | O_TRUNC, 0),
  'open to write': (sync) => sync.open('/m/file', O_RDWR, 0),
  'open to write what is missing': (sync) => sync.open('/m/missing', O_RDWR, 0),
  'open what is there with O_CREAT': (sync) => sync.close(sync.open('/m/file', O_RDONLY | O_CREAT, 0o644)),
  'open what is missing with O_CREAT': (sync) => sync.open('/m/missing', O_RDONLY | O_CREAT, 0o644),
  'open what is there with O_EXCL': (sync) => sync.open('/m/file', O_WRONLY | O_CREAT | O_EXCL, 0o644),
  'open a directory to write': (sync) => sync.open('/m/dir', O_WRONLY, 0),
  'mkdir of what is there': (sync) => sync.mkdir('/m/dir', 0o755),
  mkdir: (sync) => sync.mkdir('/m/missing', 0o755),
  'mkdir with a slash': (sync) => sync.mkdir('/m/missing/', 0o755),
  rmdir: (sync) => sync.rmdir('/m/dir'),
  'rmdir of what is missing': (sync) => sync.rmdir('/m/missing'),
  'rmdir of a file': (sync) => sync.rmdir('/m/file'),
  unlink: (sync) => sync.unlink('/m/file'),
  'unlink of what is missing': (sync) => sync.unlink('/m/missing'),
  'unlink of a directory': (sync) => sync.unlink('/m/dir'),
  rename: (sync) => sync.rename('/m/file', '/m/other'),
  'rename of what is missing': (sync) => sync.rename('/m/missing', '/m/other'),
  'rename to itself': (sync) => sync.rename('/m/file', '/m/file'),
  'rename to another mount': (sync) => sync.rename('/m/file', '/other/file'),
  link: (sync) => sync.link('/m/file', '/m/other'),
  'link of what is missing': (sync) => sync.link('/m/missing', '/m/other'),
  'link over what is there': (sync) => sync.link('/m/file', '/m/dir'),
  symlink: (sync) => sync.symlink('file', '/m/link'),
  'symlink over what is there': (sync) => sync.symlink('file', '/m/file'),
  chmod: (sync) => sync.chmod('/m/file', 0o600),
  'chmod of what is missing': (sync) => sync.chmod('/m/missing', 0o600),
  chown: (sync) => sync.chown('/m/file', 1, 1),
  lchown: (sync) => sync.lchown('/m/file', 1, 1),
  utimes: (sync) => sync.utimes('/m/file', 1n, 1n),
  truncate: (sync) => sync.truncate('/m/file', 0),
  'truncate of what is missing': (sync) => sync.truncate('/m/missing', 0),
  'truncate of a directory': (sync) => sync.truncate('/m/dir', 0),
  'access to write': (sync) => sync.access('/m/file', constants.W_OK),
  'access to read': (sync) => sync.access('/m/file', constants.R_OK),
}

/** As a real kernel answered (6.18, tmpfs), for those who cannot mount one. */
const expected: Readonly<Record<string, string | undefined>> = {
  'open what is missing with O_CREAT': 'EROFS',
  'open to write what is missing': 'ENOENT',
  'open what is there with O_CREAT': undefined,
  'open what is there with O_EXCL': 'EEXIST',
  'open a directory to write': 'EISDIR',
  'mkdir of what is there': 'EEXIST',
  'rename to another mount': 'EXDEV',
  'link of what is missing': 'ENOENT',
  'link over what is there': 'EEXIST',
  'symlink over what is there': 'EEXIST',
  'chmod of what is missing': 'ENOENT',
  'truncate of what is missing': 'ENOENT',
  'truncate of a directory': 'EISDIR',
  'access to read': undefined,
}

describe('what would change a read-only mount fails as the kernel has it', () => {
  const all = (sync: Syscalls): Record<string, unknown> =>
    Object.fromEntries(Object.entries(changes).map(([name, change]) => [name, outcome(() => change(sync))]))
  const answers = Object.fromEntries(
    Object.keys(changes).map((name) => [name, name in expected ? expected[name] : 'EROFS']),
  )

  test.skipIf(!mayMount)('natively, where a tmpfs can be mounted', () => {
    using tmpfs = mountTmpfs('size=1m')
    fs.mkdirSync(`${tmpfs.path}/dir`)
    fs.writeFileSync(`${tmpfs.path}/file`, 'x')
    fs.mkdirSync(`${tmpfs.path}/../other`)
    execFileSync('mount', ['-o', 'remount,ro', tmpfs.path])
    assert.deepEqual(all(tmpfs.sync), answers)
  })

  for (const [name, mount] of Object.entries(readOnly)) {
    test(name, () => {
      using directory = temporaryDirectory({ 'tree/file': 'x', 'tree/dir/file': 'x' })
      volumesIn(directory.path).create('fixed')
      directory.write({ 'volumes/fixed/_data/file': 'x', 'volumes/fixed/_data/dir/file': 'x' })
      inGuest(mount(directory.path), directory.path, (sync) => {
        assert.deepEqual(all(sync), answers)
        assert.equal(get(sync, '/m/file'), 'x')
      })
    })
  }
})

test('nothing can be changed through a descriptor of a read-only mount', () => {
  using directory = temporaryDirectory()
  inGuest(memory({ '/file': 'x' }, { mode: 'ro' }), directory.path, (sync) => {
    const fd = sync.open('/m/file', O_RDONLY, 0)
    fails('EROFS', () => sync.fchmod(fd, 0o600))
    fails('EROFS', () => sync.fchown(fd, 1, 1))
    fails('EROFS', () => sync.futimes(fd, 1n, 1n))
    const { atimeNs } = sync.fstat(fd)
    sync.read(fd, 1, -1)
    assert.equal(sync.fstat(fd).atimeNs, atimeNs)
    sync.close(fd)
  })
})

import assert from 'node:assert/strict'
import { hostDir, memory, overlay } from '@libvisor/fs'
import type { StatRecord, Syscalls } from '@libvisor/fs'
import { temporaryDirectory } from '@libvisor/testkit'
import { test } from 'vitest'
import { append, fails, get, names, put } from './calls.ts'
import { makeFileSystem, makeIdentity, makeStdio } from './fixture.ts'
import type { Mounts } from './fixture.ts'

function start(mounts: Mounts): { fileSystem: ReturnType<typeof makeFileSystem>; sync: Syscalls } {
  const fileSystem = makeFileSystem(mounts)
  return { fileSystem, sync: fileSystem.process(makeIdentity(), makeStdio()).sync }
}

/** All that can be told of a tree, but for access times, which telling moves. */
function picture(sync: Syscalls, directory = ''): unknown[] {
  return names(sync, directory === '' ? '/' : directory).flatMap((name) => {
    const at = `${directory}/${name}`
    const { atimeNs: _atimeNs, ...record }: StatRecord = sync.lstat(at)
    const isDirectory = (record.mode & 0o170000) === 0o040000
    return [{ at, ...record }, ...(isDirectory ? picture(sync, at) : [])]
  })
}

test('exporting a layer and importing it gives the same layer, whiteouts, links and moved directories included', () => {
  using lower = temporaryDirectory({ 'gone/file': 'x', 'moved/deep/file': 'moved', 'opaque/old': 'x', file: 'lower' })
  const mounts = { '/': overlay({ lower: hostDir(lower.path), upper: memory() }), '/tmp': memory({ '/kept': 'x' }) }
  const { fileSystem: first, sync } = start(mounts)
  using _first = first
  sync.unlink('/gone/file')
  sync.rmdir('/gone')
  sync.rename('/moved', '/elsewhere')
  sync.unlink('/opaque/old')
  sync.rmdir('/opaque')
  sync.mkdir('/opaque', 0o700)
  append(sync, '/file', '+')
  sync.link('/file', '/again')
  sync.symlink('file', '/link')
  put(sync, '/tmp/new', 'new')
  const { fileSystem: second, sync: restored } = start(mounts)
  using _second = second
  second.importState(structuredClone(first.exportState()))
  assert.deepEqual(picture(restored), picture(sync))
  assert.equal(get(restored, '/again'), 'lower+')
  assert.equal(get(restored, '/elsewhere/deep/file'), 'moved')
  append(restored, '/again', '!')
  assert.equal(get(restored, '/file'), 'lower+!')
  assert.equal(get(sync, '/file'), 'lower+')
  fails('ENOENT', () => restored.stat('/gone'))
  assert.deepEqual(names(restored, '/opaque'), [])
  put(restored, '/fresh', '')
  const inodes = names(restored, '/').map((name) => restored.lstat(`/${name}`).ino)
  assert.equal(new Set(inodes).size, inodes.length - 1)
})

test('importing takes away what was there, and an empty layer shows the host again', () => {
  using lower = temporaryDirectory({ file: 'lower' })
  const { fileSystem, sync } = start({ '/': overlay({ lower: hostDir(lower.path), upper: memory() }) })
  using _ = fileSystem
  const empty = fileSystem.exportState()
  append(sync, '/file', '+')
  put(sync, '/new', '')
  fileSystem.importState(empty)
  assert.equal(get(sync, '/file'), 'lower')
  assert.deepEqual(names(sync, '/'), ['file'])
})

test('a layer without a mount is refused, and nothing is imported', () => {
  const { fileSystem: first } = start({ '/': memory({ '/a': 'a' }), '/other': memory() })
  const { fileSystem: second, sync } = start({ '/': memory({ '/b': 'b' }) })
  assert.throws(() => second.importState(first.exportState()), { code: 'VISOR_OPTION_INVALID', message: /'\/other'/ })
  assert.deepEqual(names(sync, '/'), ['b'])
  first[Symbol.dispose]()
  second[Symbol.dispose]()
})

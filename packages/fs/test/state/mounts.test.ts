import assert from 'node:assert/strict'
import fs from 'node:fs'
import { MessageChannel, Worker } from 'node:worker_threads'
import { createErrors, hostIntrinsics, linux } from '@libvisor/abi'
import {
  connectFileSystem,
  createFileView,
  createSocketFiles,
  decodeName,
  encodeName,
  hostDir,
  memory,
  overlay,
} from '@libvisor/fs'
import type { FileSystem } from '@libvisor/fs'
import { temporaryDirectory } from '@libvisor/testkit'
import * as fc from 'fast-check'
import { describe, test } from 'vitest'
import { fails, get, names } from './calls.ts'
import { makeFileSystem, makeIdentity, makeStdio, startLocal } from './fixture.ts'

describe('mount specs', () => {
  test('a directory of the host that is not there is named in the error', () => {
    assert.throws(() => makeFileSystem({ '/data': hostDir('/no/such/directory') }), {
      code: 'VISOR_MOUNT_UNREADABLE',
      message: /'\/no\/such\/directory'.*'\/data'/,
    })
  })

  test('places that are no absolute paths are refused', () => {
    for (const place of ['relative', '/a/../b', '/./a']) {
      assert.throws(() => makeFileSystem({ [place]: memory() }), { code: 'VISOR_OPTION_INVALID' })
    }
  })

  test('an upper layer that cannot be written to is refused', () => {
    const mounts = { '/': overlay({ lower: memory(), upper: hostDir('/') }) }
    assert.throws(() => makeFileSystem(mounts), { code: 'VISOR_OPTION_INVALID' })
  })

  test('a single file of the host can be mounted', async () => {
    using directory = temporaryDirectory({ file: 'mounted' })
    await using fixture = startLocal({ '/': memory(), '/etc/app.conf': hostDir(directory.resolve('file')) })
    assert.equal(get(fixture.sync, '/etc/app.conf'), 'mounted')
    assert.deepEqual(names(fixture.sync, '/etc'), ['app.conf'])
  })
})

describe('what the host changes', () => {
  test('is seen at once, but for what a name is, which may be out of date for 200 ms', () => {
    using directory = temporaryDirectory({ 'dir/file': 'x', other: 'other' })
    let now = 1000
    let callback = 1
    const clock = { nowMs: () => now, callback: () => callback }
    using fileSystem = makeFileSystem({ '/': hostDir(directory.path) }, clock)
    const { sync } = fileSystem.process(makeIdentity(), makeStdio())
    assert.equal(get(sync, '/dir/file'), 'x')
    directory.write({ 'dir/file': 'changed', 'dir/new': 'new' })
    assert.equal(get(sync, '/dir/file'), 'changed')
    assert.equal(get(sync, '/dir/new'), 'new')
    fs.rmSync(directory.resolve('dir/file'))
    fails('ENOENT', () => get(sync, '/dir/file'))
    fs.symlinkSync('../other', directory.resolve('dir/file'))
    now += 200
    callback++
    assert.equal(get(sync, '/dir/file'), 'other')
  })

  test('never leads out of the directory, not even for as long as a name is remembered', () => {
    using outside = temporaryDirectory({ file: 'secret' })
    using directory = temporaryDirectory({ file: 'x' })
    using fileSystem = makeFileSystem({ '/': hostDir(directory.path) }, { nowMs: () => 0 })
    const { sync } = fileSystem.process(makeIdentity(), makeStdio())
    assert.equal(get(sync, '/file'), 'x')
    fs.rmSync(directory.resolve('file'))
    fs.symlinkSync(outside.resolve('file'), directory.resolve('file'))
    fails('ELOOP', () => get(sync, '/file'))
  })
})

describe("the loader's view", () => {
  const errors = createErrors({ personality: linux, intrinsics: hostIntrinsics })

  test('tells kinds, contents and real paths, and fails with the errors of Node', async () => {
    await using fixture = startLocal({ '/': memory({ '/app/main.js': 'main', '/app/large': 'x'.repeat(20_000) }) })
    fixture.sync.symlink('app', '/link')
    fixture.sync.mksock('/socket')
    const view = createFileView(fixture.process, errors)
    assert.equal(view.kind('/link/main.js'), 'file')
    assert.equal(view.kind('/link'), 'directory')
    assert.equal(view.kind('/socket'), 'other')
    assert.equal(view.kind('/missing'), undefined)
    assert.equal(Buffer.from(view.read('/link/main.js')).toString(), 'main')
    assert.equal(view.read('/app/large').length, 20_000)
    assert.equal(view.realpath('/link/main.js'), '/app/main.js')
    assert.equal(view.hostPath('/app/main.js'), undefined)
    assert.equal(view.differsFromHost(), true)
    const native = assert.throws.bind(assert)
    native(() => view.read('/missing'), { code: 'ENOENT', syscall: 'open', path: '/missing', errno: -2 })
    native(() => view.realpath('/missing'), { code: 'ENOENT', syscall: 'lstat', path: '/missing' })
    native(() => view.read('/app'), { code: 'EISDIR', syscall: 'read' })
  })

  test('reads files that say they are empty', async () => {
    await using fixture = startLocal({ '/': hostDir('/') })
    const view = createFileView(fixture.process, errors)
    assert.match(Buffer.from(view.read('/proc/self/status')).toString(), /^Pid:\t\d+$/m)
    assert.equal(view.hostPath('/proc/self/status'), '/proc/self/status')
  })
})

test('a socket file is found by its inode, and removed only by whoever made it', async () => {
  await using fixture = startLocal({ '/': memory({ '/file': '' }) })
  const { sync } = fixture
  const sockets = createSocketFiles(fixture.process, fixture.identity)
  sockets.bind('/a')
  sync.link('/a', '/b')
  assert.equal(sockets.lookup('/a'), sockets.lookup('/b'))
  fails('EADDRINUSE', () => sockets.bind('/a'))
  fails('ENOENT', () => sockets.lookup('/missing'))
  fails('ECONNREFUSED', () => sockets.lookup('/file'))
  sync.unlink('/a')
  sync.mksock('/a')
  sockets.unlink('/a')
  assert.notEqual(sync.stat('/a'), undefined)
  sockets.unlink('/never')
})

describe('another thread', () => {
  /** Starts a thread that copies `/file`, and says that it is done in the first element. */
  function startClient(fileSystem: FileSystem): { readonly done: Int32Array; readonly signal: Int32Array } {
    const { port1, port2 } = new MessageChannel()
    const { memory } = fileSystem.serve(port1, { identity: makeIdentity(), stdio: makeStdio() })
    const done = new Int32Array(new SharedArrayBuffer(4))
    const worker = new Worker(new URL('client-worker.ts', import.meta.url), {
      workerData: { port: port2, memory, done },
      transferList: [port2],
      execArgv: [],
    })
    worker.unref()
    return { done, signal: new Int32Array(memory.signal) }
  }

  test('is answered while this one blocks, when this one pumps', () => {
    using fileSystem = makeFileSystem({ '/': memory({ '/file': 'from the owner' }) })
    const { done } = startClient(fileSystem)
    let answered = 0
    for (let waits = 0; waits < 4000 && Atomics.wait(done, 0, 0, 5) === 'timed-out'; waits++) {
      answered += fileSystem.pump()
    }
    assert.ok(answered >= 3)
    const { sync } = fileSystem.process(makeIdentity(), makeStdio())
    assert.equal(get(sync, '/copy'), 'from the owner')
  })

  test('waits on when it is woken for an answer that it already has', () => {
    using fileSystem = makeFileSystem({ '/': memory({ '/file': 'from the owner' }) })
    const { done, signal } = startClient(fileSystem)
    // The server counts, and wakes afterwards: by then the client may have read the count, and wait for its next answer.
    let woken = 0
    let isAsking = false
    for (let waits = 0; waits < 4000 && Atomics.wait(done, 0, 0, 1) === 'timed-out'; waits++) {
      // It is answered only when it has been woken for nothing.
      if (isAsking) isAsking = fileSystem.pump() === 0
      else if (Atomics.notify(signal, 0) > 0) isAsking = woken++ >= 0
    }
    assert.ok(woken >= 1)
    const { sync } = fileSystem.process(makeIdentity(), makeStdio())
    assert.equal(get(sync, '/copy'), 'from the owner')
  })

  test('that has gone leaves nothing open', async () => {
    using fileSystem = makeFileSystem({ '/': memory({ '/file': 'x' }) })
    const { port1, port2 } = new MessageChannel()
    using serving = fileSystem.serve(port1, { identity: makeIdentity(), stdio: makeStdio() })
    const client = connectFileSystem({ port: port2, memory: serving.memory, identity: makeIdentity() })
    assert.equal(await client.async.open('/file', 0, 0), 3)
    const pending = client.async.stat('/file')
    client[Symbol.dispose]()
    await assert.rejects(pending, { code: 'EBADF' })
    fails('EBADF', () => client.sync.stat('/file'))
  })
})

test('every name has a string, and the string gives the name back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ min: 1, maxLength: 40 }), (name) => {
      assert.deepEqual(Buffer.from(encodeName(decodeName(name)) as string), Buffer.from(name))
    }),
    { seed: 1 },
  )
  assert.equal(decodeName(Buffer.from('\u{1f600}\ufffd')), '\u{1f600}\ufffd')
})

test('a file system that is disposed of closes what its processes have open', () => {
  using directory = temporaryDirectory({ file: 'x' })
  const fileSystem = makeFileSystem({ '/': hostDir(directory.path) })
  const process = fileSystem.process(makeIdentity(), makeStdio())
  const hostFd = process.hostFd(process.sync.open('/file', 0, 0))
  assert.notEqual(hostFd, undefined)
  fileSystem[Symbol.dispose]()
  fileSystem[Symbol.dispose]()
  assert.throws(() => fs.fstatSync(hostFd ?? -1), { code: 'EBADF' })
})

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, test } from 'vitest'
import { createErrors, hostIntrinsics, linux } from '@libvisor/abi'
import { createFileView, hostDir, memory, overlay } from '@libvisor/fs'
import type { FileSystem, HostFs } from '@libvisor/fs'
import { temporaryDirectory } from '@libvisor/testkit'
import { makeFileSystem, makeIdentity, makeStdio } from './fixture.ts'
import type { Mounts } from './fixture.ts'

const errors = createErrors({ personality: linux, intrinsics: hostIntrinsics })

/** A host whose clock is far from the times of files, and in which the test says when a callback ends. */
function createTurns() {
  let callback = 0
  const host: Partial<HostFs> = {
    wallMs: () => Date.now() + 60_000,
    callback: () => callback,
    turn: () => callback,
    nowMs: () => 0,
  }
  return { host, next: () => void callback++ }
}

function open(fileSystem: FileSystem, uid = 0) {
  const process = fileSystem.process(makeIdentity({ uid }), makeStdio())
  return { sync: process.sync, view: createFileView(process, errors) }
}

/** Asks a question that counts how often it had to be answered. */
function createQuestion(ask: (view: ReturnType<typeof open>['view']) => unknown) {
  const question = {
    made: 0,
    ask: (view: ReturnType<typeof open>['view']) =>
      view.derive('question', '', () => {
        question.made++
        return ask(view)
      }),
  }
  return question
}

const overHost = (path: string): Mounts => ({ '/': overlay({ lower: hostDir(path), upper: memory() }) })

/** Asks before and after something of the host is moved away and another thing takes its place: who has asked must hear what a newcomer hears. */
function assertMadeAgain(
  root: string,
  moved: string,
  change: (path: string) => void,
  question: ReturnType<typeof createQuestion>,
) {
  const { host, next } = createTurns()
  const turning = { ...host, nowMs: () => performance.now() * 1e6 }
  using fileSystem = makeFileSystem(overHost(root), turning)
  const { view } = open(fileSystem)
  question.ask(view)
  next()
  question.ask(view)
  assert.equal(question.made, 1)
  fs.renameSync(moved, `${moved}.moved`)
  change(moved)
  next()
  const ask = (asked: typeof view) => {
    try {
      return question.ask(asked)
    } catch (error) {
      return (error as Error).message
    }
  }
  using fresh = makeFileSystem(overHost(root), turning)
  assert.deepEqual(ask(view), ask(open(fresh).view))
  assert.ok(question.made > 1)
}

describe('an answer that was made of files', () => {
  test('is made once for all guests whose files are the same, and counts in later callbacks', () => {
    using directory = temporaryDirectory({ 'app/main.js': '' })
    const { host, next } = createTurns()
    const question = createQuestion((view) => [view.kind('/app/main.js'), view.kind('/app/other.js')])
    for (const name of ['one', 'two', 'three']) {
      using fileSystem = makeFileSystem(overHost(directory.path), host)
      assert.deepEqual(question.ask(open(fileSystem).view), ['file', undefined], name)
      next()
    }
    assert.equal(question.made, 1)
  })

  test('is made again when a name comes or goes on the host', () => {
    using directory = temporaryDirectory({ 'app/main.js': '', 'elsewhere.js': '' })
    const { host, next } = createTurns()
    using fileSystem = makeFileSystem(overHost(directory.path), host)
    const { view } = open(fileSystem)
    const question = createQuestion(() => [view.kind('/app/main.js'), view.kind('/app/other.js')])
    question.ask(view)
    directory.write({ 'app/other.js': '' })
    next()
    assert.deepEqual(question.ask(view), ['file', 'file'])
    fs.rmSync(directory.resolve('app/main.js'))
    next()
    // What a name is may be known for a moment; that it counts as changed is what matters here.
    question.ask(view)
    assert.equal(question.made, 3)
    next()
    question.ask(view)
    assert.equal(question.made, 3)
  })

  test('is made again when a link on the way leads elsewhere', () => {
    using directory = temporaryDirectory({ 'a/main.js': '', 'b/other.js': '' })
    fs.symlinkSync('a', directory.resolve('current'))
    const { host, next } = createTurns()
    using fileSystem = makeFileSystem(overHost(directory.path), { ...host, nowMs: () => performance.now() * 1e6 })
    const { view } = open(fileSystem)
    const question = createQuestion(() => [view.kind('/current/main.js'), view.realpath('/current')])
    assert.deepEqual(question.ask(view), ['file', '/a'])
    fs.rmSync(directory.resolve('current'))
    fs.symlinkSync('b', directory.resolve('current'))
    next()
    assert.deepEqual(question.ask(view), [undefined, '/b'])
  })

  describe.each(['a', 'a/b', 'a/b/c', 'a/b/c/d', 'a/b/c/d/e'])('is made again when %s', (exchanged) => {
    const changes: Record<string, (path: string) => void> = {
      'has become a link to where it is now': (path) => fs.symlinkSync(`${path}.moved`, path),
      'is another directory with the same names': (path) => fs.cpSync(`${path}.moved`, path, { recursive: true }),
      'is gone': () => {},
    }
    test.each(Object.keys(changes))('%s', (change) => {
      using directory = temporaryDirectory({ 'a/b/c/d/e/main.js': '', 'a/b/c/d/e/package.json': '{}' })
      const known = ['/a/b/c/d/e/package.json', '/a/b/c/d/e/main.js']
      const question = createQuestion((view) => [...known.map((path) => view.realpath(path)), view.text(known[0]!)])
      assertMadeAgain(directory.path, directory.resolve(exchanged), changes[change]!, question)
    })
  })

  describe('about the only file of a directory is made again when it', () => {
    const changes: Record<string, (path: string) => void> = {
      'is gone': () => {},
      'has become a link to where it is now': (path) => fs.symlinkSync(`${path}.moved`, path),
      'is a directory': (path) => fs.mkdirSync(path),
      'is another file': (path) => fs.writeFileSync(path, ''),
    }
    test.each(Object.keys(changes))('%s', (change) => {
      using directory = temporaryDirectory({ 'a/b/main.js': '' })
      const question = createQuestion((view) => [view.kind('/a/b/main.js'), view.realpath('/a/b/main.js')])
      assertMadeAgain(directory.path, directory.resolve('a/b/main.js'), changes[change]!, question)
    })
  })

  test('is made again for a user when permissions on the way change', () => {
    using directory = temporaryDirectory({ 'a/b/c/d/main.js': '' })
    fs.chmodSync(directory.path, 0o755)
    const { host, next } = createTurns()
    using fileSystem = makeFileSystem(overHost(directory.path), host)
    const { view } = open(fileSystem, 4242)
    const question = createQuestion(() => view.kind('/a/b/c/d/main.js'))
    question.ask(view)
    for (const path of ['a', 'a/b', 'a/b/c', 'a/b/c/d']) {
      const { made } = question
      fs.chmodSync(directory.resolve(path), 0o711)
      next()
      question.ask(view)
      assert.equal(question.made, made + 1, path)
    }
  })

  test('is made again when the text of a file has changed, and of no other', () => {
    using directory = temporaryDirectory({ 'package.json': '{}', 'other.json': '{}' })
    const { host, next } = createTurns()
    using fileSystem = makeFileSystem(overHost(directory.path), host)
    const { view } = open(fileSystem)
    const question = createQuestion(() => view.text('/package.json'))
    assert.equal(question.ask(view), '{}')
    fs.writeFileSync(directory.resolve('other.json'), '{ "changed": true }')
    next()
    question.ask(view)
    assert.equal(question.made, 1)
    fs.writeFileSync(directory.resolve('package.json'), '{ "changed": true }')
    next()
    assert.equal(question.ask(view), '{ "changed": true }')
  })

  test('does not count for a guest whose own layer shows something else on the way', () => {
    using directory = temporaryDirectory({ 'app/lib/main.js': '' })
    const { host } = createTurns()
    const question = createQuestion((view) => [view.kind('/app/lib/main.js'), view.kind('/app/lib/other.js')])
    const changes: ((sync: ReturnType<typeof open>['sync']) => unknown)[] = [
      (sync) => sync.unlink('/app/lib/main.js'),
      (sync) => sync.close(sync.open('/app/lib/other.js', fs.constants.O_CREAT, 0o644)),
      (sync) => sync.rename('/app/lib', '/app/moved'),
      (sync) => {
        sync.rename('/app', '/old')
        sync.mkdir('/app', 0o755)
      },
    ]
    const expected = [
      [undefined, undefined],
      ['file', 'file'],
      [undefined, undefined],
      [undefined, undefined],
    ]
    using untouched = makeFileSystem(overHost(directory.path), host)
    question.ask(open(untouched).view)
    changes.forEach((change, index) => {
      using fileSystem = makeFileSystem(overHost(directory.path), host)
      const { sync, view } = open(fileSystem)
      question.ask(view)
      change(sync)
      assert.deepEqual(question.ask(view), expected[index])
    })
    assert.equal(question.made, 1 + changes.length)
    assert.deepEqual(question.ask(open(untouched).view), ['file', undefined])
  })

  test('counts for a guest that has written elsewhere, in the same directory, too', () => {
    using directory = temporaryDirectory({ 'app/main.js': '' })
    const { host } = createTurns()
    const question = createQuestion((view) => view.kind('/app/main.js'))
    using untouched = makeFileSystem(overHost(directory.path), host)
    question.ask(open(untouched).view)
    using fileSystem = makeFileSystem(overHost(directory.path), host)
    const { sync, view } = open(fileSystem)
    sync.close(sync.open('/app/started.log', fs.constants.O_CREAT, 0o644))
    assert.equal(question.ask(view), 'file')
    assert.equal(question.made, 1)
  })

  test('of files in memory is made each time', () => {
    const question = createQuestion((view) => view.kind('/main.js'))
    for (const files of [{ '/main.js': '' }, {}]) {
      using fileSystem = makeFileSystem({ '/': memory(files) })
      assert.equal(question.ask(open(fileSystem).view), '/main.js' in files ? 'file' : undefined)
    }
    assert.equal(question.made, 2)
  })

  test('through a mount in memory does not count for another guest, and not under other mounts', () => {
    using directory = temporaryDirectory({ 'app/main.js': '' })
    const { host } = createTurns()
    const question = createQuestion((view) => view.kind('/app/main.js'))
    const answers = [{}, { '/app': memory() }, { '/app': memory({ '/main.js': '' }) }].map((further) => {
      using fileSystem = makeFileSystem({ ...overHost(directory.path), ...further }, host)
      return question.ask(open(fileSystem).view)
    })
    assert.deepEqual(answers, ['file', undefined, 'file'])
  })

  test('is made for each user whose permissions may differ', () => {
    using directory = temporaryDirectory({ 'app/main.js': '' })
    fs.chmodSync(directory.resolve('app'), 0o700)
    const { host } = createTurns()
    const question = createQuestion((view) => view.kind('/app/main.js'))
    const answers = [0, 4242, 4243].map((uid) => {
      using fileSystem = makeFileSystem(overHost(directory.path), host)
      return question.ask(open(fileSystem, uid).view)
    })
    assert.equal(question.made, 3)
    if (process.getuid?.() === 0) assert.deepEqual(answers, ['file', undefined, undefined])
  })

  test('is not kept when it is spoilt, when something threw, or when a directory was changed a moment ago', () => {
    using directory = temporaryDirectory({ 'main.js': '' })
    const { host } = createTurns()
    using fileSystem = makeFileSystem(overHost(directory.path), host)
    const { view } = open(fileSystem)
    let made = 0
    const spoilt = () => view.derive('spoilt', '', (spoil) => (spoil(), made++))
    assert.deepEqual([spoilt(), spoilt()], [0, 1])
    const throwing = () => view.derive('throwing', '', () => assert.fail(`${made++}`))
    assert.throws(throwing, /2/)
    assert.throws(throwing, /3/)
    using fresh = makeFileSystem(overHost(directory.path), { ...host, wallMs: Date.now })
    const { view: unsettled } = open(fresh)
    const asked = () => unsettled.derive('unsettled', '', () => [unsettled.kind('/main.js'), made++])
    assert.notDeepEqual(asked(), asked())
  })

  test('within another one is part of what that is made of', () => {
    using directory = temporaryDirectory({ 'a/one.js': '', 'b/two.js': '' })
    const { host, next } = createTurns()
    using fileSystem = makeFileSystem(overHost(directory.path), host)
    const { view } = open(fileSystem)
    const inner = () => view.derive('inner', '', () => view.kind('/a/late.js'))
    const outer = createQuestion(() => [inner(), view.kind('/b/two.js')])
    inner()
    assert.deepEqual(outer.ask(view), [undefined, 'file'])
    directory.write({ 'a/late.js': '' })
    next()
    assert.deepEqual(outer.ask(view), ['file', 'file'])
  })

  test('is asked again after the guest has changed a directory of the host itself, in the same callback', () => {
    using directory = temporaryDirectory({ 'main.js': '' })
    const { host } = createTurns()
    using fileSystem = makeFileSystem({ '/': hostDir(directory.path, { mode: 'rw' }) }, host)
    const { sync, view } = open(fileSystem)
    const question = createQuestion(() => view.kind('/late.js'))
    assert.equal(question.ask(view), undefined)
    sync.close(sync.open('/late.js', fs.constants.O_CREAT, 0o644))
    assert.equal(question.ask(view), 'file')
  })
})

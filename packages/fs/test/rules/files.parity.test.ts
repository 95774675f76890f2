/** Rules 27–35: descriptors, times, inodes, and what calls give. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import hostFs from 'node:fs'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { describeError } from '../shim/worlds.ts'
import { fails, rule } from './rule.ts'

const { O_APPEND, O_CREAT, O_RDWR } = hostFs.constants

rule(
  27,
  'O_APPEND ignores the position, holes are zeros, a wrong descriptor is EBADF, a directory’s EISDIR',
  ({ fs, dir }) => {
    const path = `${dir}/file`
    fs.writeFileSync(path, 'one')
    const appending = fs.openSync(path, O_RDWR | O_APPEND)
    fs.writeSync(appending, 'two', 0)
    assert.equal(fs.readFileSync(path, 'utf8'), 'onetwo')
    fs.closeSync(appending)
    const holed = fs.openSync(`${dir}/holes`, O_RDWR | O_CREAT)
    fs.writeSync(holed, 'end', 5)
    assert.equal(fs.readFileSync(`${dir}/holes`, 'latin1'), '\0\0\0\0\0end')
    fs.ftruncateSync(holed, 2)
    fs.ftruncateSync(holed, 4)
    assert.equal(fs.readFileSync(`${dir}/holes`, 'latin1'), '\0\0\0\0')
    fs.closeSync(holed)
    const [reads, writes, directory] = [fs.openSync(path, 'r'), fs.openSync(path, 'a'), fs.openSync(dir, 'r')]
    fails('EBADF', () => fs.writeSync(reads, 'x'))
    fails('EBADF', () => fs.readSync(writes, Buffer.alloc(1)))
    fails('EINVAL', () => fs.ftruncateSync(reads, 0))
    fails('EISDIR', () => fs.readSync(directory, Buffer.alloc(1)))
    for (const fd of [reads, writes, directory]) fs.closeSync(fd)
    fails('EBADF', () => fs.fstatSync(reads))
  },
)

rule(28, 'umask applies to files and mkdir(), mkdtemp() is 0700, and uid 0 passes permission bits', ({ fs, dir }) => {
  const mask = process.umask()
  const modeOf = (path: string): number => fs.statSync(path).mode & 0o7777
  fs.writeFileSync(`${dir}/file`, '', { mode: 0o666 })
  fs.mkdirSync(`${dir}/made`, { mode: 0o777 })
  fs.closeSync(fs.openSync(`${dir}/opened`, 'w', 0o777))
  assert.deepEqual(
    ['file', 'made', 'opened'].map((name) => modeOf(`${dir}/${name}`)),
    [0o666 & ~mask, 0o777 & ~mask, 0o777 & ~mask],
  )
  assert.equal(modeOf(fs.mkdtempSync(`${dir}/x-`)), 0o700)
  fs.chmodSync(`${dir}/file`, 0)
  assert.equal(modeOf(`${dir}/file`), 0)
  const isRoot = process.getuid!() === 0
  if (isRoot) fs.writeFileSync(`${dir}/file`, 'written')
  else fails('EACCES', () => fs.writeFileSync(`${dir}/file`, 'written'))
  fails('EACCES', () => fs.accessSync(`${dir}/file`, fs.constants.X_OK))
})

/** Waits until the clock of files has moved on. */
function tick(fs: typeof hostFs, dir: string): void {
  const now = (): bigint => {
    fs.writeFileSync(`${dir}/.clock`, '')
    return fs.statSync(`${dir}/.clock`, { bigint: true }).mtimeNs
  }
  for (const start = now(); now() === start;);
}

rule(
  29,
  'times have nanoseconds; names move the directory’s mtime; rename() and chmod() move ctime, not mtime',
  ({ fs, dir }) => {
    const path = `${dir}/sub/file`
    fs.mkdirSync(`${dir}/sub`)
    fs.writeFileSync(path, '')
    const times = (of: string): { mtimeNs: bigint; ctimeNs: bigint } => fs.statSync(of, { bigint: true })
    fs.utimesSync(path, 1_700_000_000, 1_500_000_000.25)
    assert.equal(times(path).mtimeNs, 1_500_000_000_250_000_000n)
    const changes = (act: () => void, of: string): { mtime: boolean; ctime: boolean } => {
      const before = times(of)
      tick(fs, dir)
      act()
      const after = times(of === path && !fs.existsSync(path) ? `${path}2` : of)
      return { mtime: after.mtimeNs !== before.mtimeNs, ctime: after.ctimeNs !== before.ctimeNs }
    }
    const both = { mtime: true, ctime: true }
    assert.deepEqual(
      changes(() => fs.chmodSync(path, 0o600), path),
      { mtime: false, ctime: true },
    )
    assert.deepEqual(
      changes(() => fs.renameSync(path, `${path}2`), path),
      { mtime: false, ctime: true },
    )
    assert.deepEqual(
      changes(() => fs.renameSync(`${path}2`, path), `${dir}/sub`),
      both,
    )
    assert.deepEqual(
      changes(() => fs.writeFileSync(`${dir}/sub/new`, ''), `${dir}/sub`),
      both,
    )
    assert.deepEqual(
      changes(() => fs.unlinkSync(`${dir}/sub/new`), `${dir}/sub`),
      both,
    )
    assert.deepEqual(
      changes(() => fs.writeFileSync(path, 'x'), `${dir}/sub`),
      { mtime: false, ctime: false },
    )
    assert.deepEqual(
      changes(() => fs.appendFileSync(path, 'x'), path),
      both,
    )
    assert.deepEqual(
      changes(() => fs.linkSync(path, `${dir}/sub/again`), path),
      { mtime: false, ctime: true },
    )
  },
)

rule(
  30,
  'nlink is right, numbers of open inodes are not used again, directories count their subdirectories',
  ({ fs, dir }) => {
    const nlink = (name: string): number => fs.statSync(`${dir}/${name}`).nlink
    fs.mkdirSync(`${dir}/d/e`, { recursive: true })
    fs.mkdirSync(`${dir}/d/f`)
    fs.writeFileSync(`${dir}/d/file`, '')
    assert.equal(nlink('d'), 4)
    fs.renameSync(`${dir}/d/e`, `${dir}/e`)
    assert.equal(nlink('d'), 3)
    fs.renameSync(`${dir}/e`, `${dir}/d/f`)
    assert.equal(nlink('d'), 3)
    fs.rmdirSync(`${dir}/d/f`)
    assert.equal(nlink('d'), 2)
    fs.linkSync(`${dir}/d/file`, `${dir}/again`)
    assert.equal(nlink('again'), 2)
    const fd = fs.openSync(`${dir}/again`, 'r')
    fs.writeFileSync(`${dir}/other`, '')
    fs.renameSync(`${dir}/other`, `${dir}/again`)
    assert.equal(fs.fstatSync(fd).nlink, 1)
    fs.unlinkSync(`${dir}/d/file`)
    assert.equal(fs.fstatSync(fd).nlink, 0)
    const { ino } = fs.fstatSync(fd)
    for (let index = 0; index < 20; index++) fs.writeFileSync(`${dir}/${index}`, '')
    assert.ok(!fs.readdirSync(dir).some((name) => fs.statSync(`${dir}/${name}`).ino === ino))
    fs.closeSync(fd)
  },
)

rule(
  31,
  'strings, bytes and `file:` URLs are one path, and names that are not UTF-8 survive',
  async ({ fs, promises, dir }) => {
    const path = `${dir}/ü %#`
    fs.writeFileSync(path, 'content')
    for (const form of [path, Buffer.from(path), pathToFileURL(path)]) {
      assert.equal(fs.readFileSync(form, 'utf8'), 'content')
      assert.equal((await promises.stat(form)).size, 7)
    }
    const name = Buffer.from([0x66, 0xff, 0xfe, 0x6f])
    const odd = Buffer.concat([Buffer.from(`${dir}/`), name])
    fs.writeFileSync(odd, 'odd')
    fs.symlinkSync(name, `${dir}/link`)
    assert.ok(fs.readdirSync(dir, 'buffer').some((entry) => entry.equals(name)))
    assert.deepEqual(fs.readlinkSync(`${dir}/link`, 'buffer'), name)
    assert.equal(fs.readFileSync(`${dir}/link`, 'utf8'), 'odd')
    fs.renameSync(odd, Buffer.concat([odd, Buffer.of(0x80)]))
    assert.equal(fs.existsSync(odd), false)
  },
)

rule(
  32,
  'errors have Node’s prototype, code, errno, syscall, path, dest, message and order, and no path of the host',
  async (scene) => {
    const { fs, promises, dir, lower, upper } = scene
    const [from, to] = [`${dir}/missing`, `${dir}/to`]
    const message = `ENOENT: no such file or directory, rename '${from}' -> '${to}'`
    const expected = { errno: -2, code: 'ENOENT', syscall: 'rename', path: from, dest: to, name: 'Error', message }
    const failures: Error[] = []
    const keep = (error: unknown): void => void failures.push(error as Error)
    try {
      fs.renameSync(from, to)
    } catch (error) {
      keep(error)
    }
    await promises.rename(from, to).catch(keep)
    await promisify(fs.rename)(from, to).catch(keep)
    assert.equal(failures.length, 3)
    for (const error of failures) {
      const described = {
        ...expected,
        keys: ['errno', 'code', 'syscall', 'path', 'dest'],
        prototype: 'Error',
        info: undefined,
      }
      assert.deepEqual(describeError(error), described)
      for (const host of [lower, upper]) if (host !== undefined) assert.ok(!String(error.stack).includes(host))
    }
    for (const name of ['stat', 'readdir', 'readFile', 'unlink'] as const) {
      await promises[name](`${from}/x`).then(
        () => assert.fail(),
        (error: NodeJS.ErrnoException) => {
          assert.deepEqual([error.code, error.path], ['ENOENT', `${from}/x`])
        },
      )
    }
  },
)

rule(33, 'results are instances of Node’s own classes', async ({ fs, promises, dir }) => {
  const path = `${dir}/file`
  fs.writeFileSync(path, 'x')
  assert.ok(fs.statSync(path) instanceof hostFs.Stats)
  assert.equal(fs.statSync(path, { bigint: true }).constructor, hostFs.statSync('/', { bigint: true }).constructor)
  assert.ok(fs.readdirSync(dir, { withFileTypes: true })[0] instanceof hostFs.Dirent)
  using directory = fs.opendirSync(dir)
  assert.ok(directory instanceof hostFs.Dir)
  await using handle = await promises.open(path)
  await using own = await hostFs.promises.open(import.meta.filename)
  assert.ok(handle instanceof own.constructor)
  const reading = fs.createReadStream(path)
  const writing = fs.createWriteStream(`${dir}/new`)
  assert.ok(reading instanceof hostFs.ReadStream && writing instanceof hostFs.WriteStream)
  reading.destroy()
  writing.destroy()
  await Promise.all([once(reading, 'close'), once(writing, 'close')])
  const watcher = fs.watch(dir)
  const model = hostFs.watch('/')
  assert.equal(watcher.constructor, model.constructor)
  watcher.close()
  model.close()
})

rule(
  34,
  'callbacks and promises settle in a later turn, and not before a pending setImmediate',
  async ({ fs, promises, dir, isVirtual }) => {
    fs.writeFileSync(`${dir}/file`, 'x')
    const calls: Record<string, (done: () => void) => void> = {
      stat: (done) => fs.stat(`${dir}/file`, done),
      readFile: (done) => fs.readFile(`${dir}/file`, done),
      exists: (done) => fs.exists(`${dir}/file`, done),
      missing: (done) => fs.stat(`${dir}/missing`, done),
      promise: (done) => void promises.readFile(`${dir}/file`).then(done),
      rejection: (done) => void promises.stat(`${dir}/missing`).catch(done),
    }
    for (const [name, call] of Object.entries(calls)) {
      const order: string[] = []
      await new Promise<void>((resolve) => {
        process.nextTick(() => order.push('tick'))
        setImmediate(() => order.push('immediate'))
        call(() => {
          order.push('settled')
          resolve()
        })
        order.push('returned')
      })
      // Whether real I/O is done before the loop comes to its immediates is up to the threads that do it.
      const settled = isVirtual ? ['immediate', 'settled'] : order.slice(2)
      assert.deepEqual(order, ['returned', 'tick', ...settled], name)
    }
  },
)

rule(35, 'descriptors are the lowest free small integers, and 0–2 are there from the start', ({ fs, dir }) => {
  fs.writeFileSync(`${dir}/file`, 'x')
  const opened = Array.from({ length: 4 }, () => fs.openSync(`${dir}/file`, 'r'))
  assert.deepEqual(
    opened.toSorted((a, b) => a - b),
    opened,
  )
  assert.ok(opened.every((fd) => fd > 2))
  fs.closeSync(opened[2]!)
  fs.closeSync(opened[1]!)
  assert.equal(fs.openSync(`${dir}/file`, 'r'), opened[1])
  assert.equal(fs.openSync(dir, 'r'), opened[2])
  for (const fd of opened) fs.closeSync(fd)
  for (const fd of [0, 1, 2]) fs.fstatSync(fd)
})

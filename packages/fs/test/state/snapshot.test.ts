import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { constants } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { hostDir, memory, readSnapshot } from '@libvisor/fs'
import type { Syscalls } from '@libvisor/fs'
import { temporaryDirectory } from '@libvisor/testkit'
import { describe, test } from 'vitest'
import { append, bytes, fails, get, names, put } from './calls.ts'
import { applied, archive, makeLower, over, start, tar, view } from './snapshot-fixture.ts'

const { O_CREAT, O_RDWR } = constants
const isRoot = process.platform === 'linux' && process.getuid?.() === 0

/** Whatever a layer can hold. */
function writeEverything(sync: Syscalls): void {
  sync.unlink('/gone/file')
  sync.rmdir('/gone')
  sync.rename('/moved', '/elsewhere')
  put(sync, '/elsewhere/deep/new', 'new')
  sync.unlink('/elsewhere/deep/file')
  sync.unlink('/opaque/old')
  sync.rmdir('/opaque')
  sync.mkdir('/opaque', 0o700)
  put(sync, '/opaque/new', 'new')
  append(sync, '/file', '+')
  sync.link('/file', '/kept/again')
  sync.symlink('../file', '/kept/link')
  sync.unlink('/kept/second')
  put(sync, '/name\udce9\udcff', 'bytes')
  sync.mkdir('/dir\udce9', 0o755)
  put(sync, '/dir\udce9/\ufffd', 'replacement')
  sync.link('/name\udce9\udcff', '/dir\udce9/again')
  sync.symlink('to/\udcff', '/dir\udce9/link')
  put(sync, '/caf\u00e9 \u{1f600}', 'unicode')
  put(sync, '/new\nline', 'line')
  sync.mkdir(`/${'d'.repeat(200)}`, 0o750)
  put(sync, `/${'d'.repeat(200)}/${'f'.repeat(250)}`, 'long')
  sync.symlink('t'.repeat(300), '/long-target')
  put(sync, '/setuid', 'set')
  sync.chown('/setuid', 3_000_000, 2_500_000)
  sync.chmod('/setuid', 0o6755)
  sync.mkdir('/sticky', 0o777)
  sync.chmod('/sticky', 0o1777)
  sync.utimes('/sticky', -1n, -1_500_000_001n)
  sync.utimes('/setuid', 1n, 1_900_000_000_123_456_789n)
  put(sync, '/large', '')
  const fd = sync.open('/large', O_RDWR, 0)
  sync.write(fd, bytes('begin'), 0)
  sync.write(fd, bytes('end'), 3 * 2 ** 20 + 5)
  sync.close(fd)
}

describe('a layer as a tar stream', () => {
  test('exporting a layer and importing it gives the same layer [RULE 16]', async () => {
    using lower = makeLower()
    using first = start(over(lower))
    writeEverything(first.sync)
    using second = start(over(lower))
    const layer = await archive(first.files.snapshot())
    second.files.restore(await readSnapshot({ '/': layer }))
    assert.deepEqual(view(second.sync), view(first.sync))
    for (const path of view(first.sync).keys()) {
      const [{ atimeNs, ctimeNs, birthtimeNs }, original] = [second.sync.lstat(path), first.sync.lstat(path)]
      // What a moved directory was copied from has times that showing it has moved.
      if (path.startsWith('/elsewhere/')) continue
      const times = { ctimeNs: original.ctimeNs, birthtimeNs: original.birthtimeNs }
      assert.deepEqual({ ctimeNs, birthtimeNs }, times, path)
      assert.equal(typeof atimeNs, 'bigint')
    }
    assert.equal(second.sync.stat('/file').ino, second.sync.stat('/kept/again').ino)
    const again = await archive(second.files.snapshot())
    using third = start(over(lower))
    third.files.restore(await readSnapshot({ '/': again }))
    assert.deepEqual(view(third.sync), view(first.sync))
  })

  test('what was imported is exported again byte by byte', async () => {
    using lower = makeLower()
    using first = start(over(lower))
    writeEverything(first.sync)
    const layer = await archive(await readSnapshot({ '/': await archive(first.files.snapshot()) }))
    using second = start(over(lower))
    second.files.restore(await readSnapshot({ '/': layer }))
    assert.deepEqual(Buffer.from(await archive(second.files.snapshot())), Buffer.from(layer))
  })

  test('is listed by GNU tar without complaint, whiteouts in the form of OCI', async () => {
    using lower = makeLower()
    using guest = start(over(lower))
    writeEverything(guest.sync)
    const listing = tar(['-tvf', '-', '--quoting-style=escape'], await archive(guest.files.snapshot()))
    assert.match(listing, / \.wh\.gone\n/)
    assert.match(listing, / \.wh\.moved\n/)
    assert.match(listing, / opaque\/\.wh\.\.wh\.\.opq\n/)
    assert.match(listing, / kept\/\.wh\.second\n/)
    assert.match(listing, /^drwx------ 0\/0 .* opaque\/\n/m)
    assert.match(listing, /^-rwsr-sr-x 3000000\/2500000 +3 2030-03-17 17:46 setuid\n/m)
    assert.match(listing, /^drwxrwxrwt .* 1969-12-31 23:59 sticky\/\n/m)
    assert.match(listing, / name\\351\\377 link to dir\\351\/again\n/)
    assert.match(listing, / dir\\351\/link -> to\/\\377\n/)
    assert.match(listing, / kept\/again link to file\n| file link to kept\/again\n/)
    assert.doesNotMatch(listing, /elsewhere\/\.wh/)
  })

  test.skipIf(!isRoot)('applied by hand to what lies beneath is what the guest saw', async () => {
    using lower = makeLower()
    using guest = start(over(lower))
    writeEverything(guest.sync)
    const layer = await archive(guest.files.snapshot())
    assert.deepEqual(applied(layer, lower.path), view(guest.sync))
  })

  test('of a memory mount is a plain archive of its files', async () => {
    using guest = start({ '/': memory({ '/a/b': 'b' }) })
    guest.sync.mksock('/socket')
    const listing = tar(['-t'], await archive(guest.files.snapshot()))
    assert.equal(listing, './\na/\na/b\n')
  })

  test('of a layer to which nothing was written is empty, and gives back what lies beneath', async () => {
    using lower = makeLower()
    using guest = start(over(lower))
    const layer = await archive(guest.files.snapshot())
    assert.equal(tar(['-t'], layer), '')
    put(guest.sync, '/new', '')
    guest.files.restore(await readSnapshot({ '/': layer }))
    assert.deepEqual(names(guest.sync, '/').sort(), ['file', 'gone', 'kept', 'moved', 'opaque'])
    assert.deepEqual(guest.files.diff(), { added: [], changed: [], deleted: [] })
  })

  test('a change of the root alone is kept', async () => {
    using lower = makeLower()
    using guest = start(over(lower))
    guest.sync.chmod('/', 0o711)
    const [kept, layer] = [guest.files.snapshot(), await archive(guest.files.snapshot())]
    guest.sync.chmod('/', 0o700)
    guest.files.restore(kept)
    assert.equal(guest.sync.stat('/').mode & 0o777, 0o711)
    guest.sync.chmod('/', 0o700)
    guest.files.restore(await readSnapshot({ '/': layer }))
    assert.equal(guest.sync.stat('/').mode & 0o777, 0o711)
  })

  test.skipIf(!isRoot)('of a renamed directory has fifos and devices with their numbers, and no sockets', async () => {
    using lower = temporaryDirectory({ 'moved/file': 'x' })
    const make = (...args: readonly string[]): unknown =>
      execFileSync(args[0] ?? '', args.slice(1), { cwd: lower.path })
    make('mkfifo', '-m', '640', 'moved/fifo')
    make('mknod', '-m', '666', 'moved/null', 'c', '1', '3')
    make('mknod', '-m', '600', 'moved/disk', 'b', '259', '1048000')
    make('mknod', '-m', '620', 'changed', 'c', '5', '1')
    using guest = start(over(lower))
    const { files, sync } = guest
    sync.rename('/moved', '/elsewhere')
    sync.mksock('/elsewhere/socket')
    sync.chmod('/changed', 0o600)
    put(sync, '/elsewhere/512', 'x'.repeat(512))
    const layer = await archive(files.snapshot())
    assert.match(tar(['-tv'], layer), /^prw-r----- .* elsewhere\/fifo$/m)
    assert.doesNotMatch(tar(['-t'], layer), /socket/)
    using other = start(over(lower))
    other.files.restore(await readSnapshot({ '/': layer }))
    assert.equal(other.sync.lstat('/elsewhere/fifo').mode, constants.S_IFIFO | 0o640)
    assert.match(tar(['-tv', '--numeric-owner'], layer), /^crw-rw-rw- 0\/0 +1,3 .* elsewhere\/null$/m)
    assert.match(tar(['-tv', '--numeric-owner'], layer), /^brw------- 0\/0 +259,1048000 .* elsewhere\/disk$/m)
    assert.match(tar(['-tv', '--numeric-owner'], layer), /^crw------- 0\/0 +5,1 .* changed$/m)
    for (const path of ['/elsewhere/null', '/elsewhere/disk', '/changed']) {
      const [restored, original] = [other.sync.lstat(path), sync.lstat(path)]
      assert.deepEqual([restored.mode, restored.rdev], [original.mode, original.rdev])
    }
    assert.equal(get(other.sync, '/elsewhere/null'), '')
    fails('ENXIO', () => other.sync.open('/elsewhere/disk', constants.O_RDONLY, 0))
    sync.unlink('/elsewhere/socket')
    const [restored, original] = [view(other.sync), view(sync)]
    restored.delete('/elsewhere')
    original.delete('/elsewhere')
    assert.deepEqual(restored, original)
  })

  test.skipIf(!isRoot)('of GNU tar has devices; 0/0 says that the name is gone, as overlayfs has it', async () => {
    using lower = temporaryDirectory({ gone: 'x', kept: 'x' })
    using upper = temporaryDirectory()
    execFileSync('mknod', [`${upper.path}/gone`, 'c', '0', '0'])
    using guest = start(over(lower))
    guest.files.restore(await readSnapshot({ '/': packed(['-C', upper.path, 'gone', '-C', '/dev', 'full']) }))
    assert.deepEqual(names(guest.sync, '/'), ['full', 'kept'])
    assert.equal(guest.sync.lstat('/full').rdev, 0x107)
    fails('ENOSPC', () => guest.sync.write(guest.sync.open('/full', constants.O_WRONLY, 0), bytes('x'), -1))
  })

  test('of GNU tar is read: parents that it does not name are those beneath, or new', async () => {
    using lower = temporaryDirectory({ 'have/x': 'x' })
    using source = temporaryDirectory({ 'have/deep/new': 'n', 'made/new': 'n', 'have/.wh.x': '' })
    using guest = start(over(lower))
    guest.sync.chmod('/have', 0o700)
    const args = ['-c', '-C', source.path, '--format=posix', 'have/deep/new', 'made/new', 'have/.wh.x']
    const layer = Buffer.from(tar(args, new Uint8Array(0)), 'latin1')
    guest.files.restore(await readSnapshot({ '/': layer }))
    assert.deepEqual(names(guest.sync, '/have'), ['deep'])
    assert.equal(get(guest.sync, '/have/deep/new'), 'n')
    assert.equal(guest.sync.stat('/made').mode & 0o777, 0o755)
    assert.equal(guest.sync.stat('/have').mode, (guest.sync.stat('/').mode & ~0o777) | 0o755)
  })
})

describe('what cannot be a layer is refused, and nothing is changed', () => {
  const refusals: readonly [name: string, layer: () => Promise<Uint8Array> | Uint8Array, message: RegExp][] = [
    ['bytes that are no archive', () => Buffer.alloc(2048, 'nonsense'), /The layer cannot be read/],
    ['nothing', () => new Uint8Array(0), /truncated/],
    ['an archive that is cut off', async () => (await someLayer()).subarray(0, 1600), /truncated/],
    ['an archive without its end', async () => (await someLayer()).subarray(0, -1024), /truncated/],
    ['a compressed archive', async () => gzipSync(await someLayer()), /The layer cannot be read/],
    ['a path that leads out', () => packed(['-P', '--transform=s,^,../,', '-C', '/etc', 'hostname']), /leads out/],
  ]
  test.each(refusals)('%s', async (_, layer, message) => {
    using guest = start({ '/': memory({ '/a': 'a' }) })
    await assert.rejects(async () => guest.files.restore(await readSnapshot({ '/': await layer() })), {
      code: 'VISOR_LAYER_INVALID',
      message,
    })
    assert.equal(get(guest.sync, '/a'), 'a')
  })

  test('a stream that fails', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield (await someLayer()).subarray(0, 512)
      throw new Error('the line is dead')
    }
    await assert.rejects(readSnapshot({ '/': broken() }), { code: 'VISOR_LAYER_INVALID', message: /the line is dead/ })
    await assert.rejects(readSnapshot({ '/': 'layer.tar' as never }), { name: 'TypeError', message: /at '\/'/ })
  })

  test('a mount that is not there, next to one that is', async () => {
    using guest = start({ '/': memory({ '/a': 'a' }), '/data': memory() })
    const layer = await someLayer()
    const snapshot = await readSnapshot({ '/data': layer, '/other': layer })
    assert.throws(() => guest.files.restore(snapshot), { code: 'VISOR_OPTION_INVALID', message: /'\/other'/ })
    assert.deepEqual(names(guest.sync, '/data'), [])
    assert.throws(() => guest.files.snapshot().tar('/nowhere'), {
      code: 'VISOR_OPTION_INVALID',
      message: /'\/nowhere'/,
    })
  })

  test('whiteouts where nothing lies beneath', async () => {
    using lower = makeLower()
    using first = start(over(lower))
    first.sync.unlink('/file')
    using second = start({ '/': memory({ '/a': 'a' }) })
    const snapshot = await readSnapshot({ '/': await archive(first.files.snapshot()) })
    assert.throws(() => second.files.restore(snapshot), { code: 'VISOR_OPTION_INVALID' })
    assert.throws(() => second.files.restore(first.files.snapshot()), { code: 'VISOR_OPTION_INVALID' })
    assert.equal(get(second.sync, '/a'), 'a')
  })

  test('a file with the name of a whiteout', () => {
    using guest = start({ '/': memory({ '/dir/.wh.x': 'a' }) })
    assert.throws(() => guest.files.snapshot().tar(), { code: 'VISOR_LAYER_INVALID', message: /'dir\/\.wh\.x'/ })
  })
})

describe('snapshots', () => {
  test('keep what there was, whatever is written later', () => {
    using guest = start({ '/': memory({ '/small': 'small', '/grows': 'grows', '/cut': 'to be cut' }) })
    const { files, sync } = guest
    const large = 'x'.repeat(2 ** 21 + 10)
    put(sync, '/large', large)
    const before = files.snapshot()
    const seen = view(sync)
    for (const [path, at] of [
      ['/small', 0],
      ['/grows', 5],
      ['/large', 2 ** 20 + 1],
      ['/large', 3],
    ] as const) {
      const fd = sync.open(path, O_RDWR, 0)
      sync.write(fd, bytes('Y'), at)
      sync.close(fd)
    }
    sync.truncate('/cut', 3)
    sync.truncate('/large', 2 ** 20 + 5)
    sync.rename('/small', '/renamed')
    put(sync, '/new', 'new')
    const between = files.snapshot()
    const seenBetween = view(sync)
    files.restore(before)
    assert.deepEqual(view(sync), seen)
    append(sync, '/small', 'again')
    files.restore(between)
    assert.deepEqual(view(sync), seenBetween)
    files.restore(before)
    assert.deepEqual(view(sync), seen)
  })

  test('a stream is of the moment of its snapshot, whatever is written while it is read', async () => {
    using guest = start({ '/': memory() })
    put(guest.sync, '/large', 'x'.repeat(20 * 2 ** 20))
    const stream = guest.files.snapshot().tar()
    const reader = stream.getReader()
    const parts = [(await reader.read()).value ?? new Uint8Array(0)]
    put(guest.sync, '/large', 'y'.repeat(20 * 2 ** 20))
    guest.sync.unlink('/large')
    for (let part = await reader.read(); !part.done; part = await reader.read()) parts.push(part.value)
    using other = start({ '/': memory() })
    other.files.restore(await readSnapshot({ '/': Buffer.concat(parts) }))
    assert.equal(other.sync.stat('/large').size, 20 * 2 ** 20)
    assert.match(get(other.sync, '/large').slice(0, 100), /^x+$/)
  })

  test('files that are open keep what they had', () => {
    using guest = start({ '/': memory({ '/a': 'one' }) })
    const { files, sync } = guest
    const before = files.snapshot()
    const fd = sync.open('/a', O_RDWR, 0)
    const created = sync.open('/b', O_RDWR | O_CREAT, 0o644)
    sync.write(fd, bytes('two'), 0)
    sync.write(created, bytes('b'), 0)
    files.restore(before)
    assert.equal(Buffer.from(sync.read(fd, 10, 0)).toString(), 'two')
    assert.equal(Buffer.from(sync.read(created, 10, 0)).toString(), 'b')
    sync.write(fd, bytes('three'), 0)
    assert.equal(get(sync, '/a'), 'one')
    fails('ENOENT', () => sync.stat('/b'))
    put(sync, '/c', '')
    assert.equal(new Set([sync.fstat(created).ino, sync.stat('/c').ino, sync.stat('/a').ino]).size, 3)
  })

  test('hold every writable layer in memory, and put back those that they hold', async () => {
    using lower = makeLower()
    using guest = start({
      ...over(lower),
      '/data': memory({ '/kept': 'k' }),
      '/host': hostDir(lower.path),
      '/dev': memory(),
    })
    const { files, sync } = guest
    const before = files.snapshot()
    assert.deepEqual(before.mounts, ['/', '/data', '/dev'])
    put(sync, '/new', 'n')
    put(sync, '/data/kept', 'changed')
    files.restore(await readSnapshot({ '/data': await archive(before, '/data') }))
    assert.equal(get(sync, '/data/kept'), 'k')
    assert.equal(get(sync, '/new'), 'n')
  })
})

describe('diff()', () => {
  test('tells what was added, changed and deleted, and not the directories in which', () => {
    using lower = makeLower()
    using guest = start(over(lower))
    const { files, sync } = guest
    assert.deepEqual(files.diff(), { added: [], changed: [], deleted: [] })
    writeEverything(sync)
    const { added, changed, deleted } = files.diff()
    assert.deepEqual(deleted, ['/gone', '/kept/second', '/moved', '/opaque/old'])
    assert.deepEqual(changed, ['/file', '/opaque'])
    const expected = ['/elsewhere', '/elsewhere/deep', '/elsewhere/deep/new', '/elsewhere/link', '/elsewhere/other']
    assert.deepEqual(
      added.filter((path) => path.startsWith('/elsewhere')),
      [...expected, '/elsewhere/same'],
    )
    assert.ok(added.includes('/kept/again'))
    assert.ok(added.includes('/name\udce9\udcff'))
  })

  test('does not tell what was opened for writing and left alone, and tells what was written with its old size and time', () => {
    using lower = makeLower()
    using guest = start(over(lower))
    const { files, sync } = guest
    sync.close(sync.open('/file', O_RDWR, 0))
    assert.deepEqual(files.diff().changed, [])
    const { atimeNs, mtimeNs } = sync.stat('/file')
    const fd = sync.open('/file', O_RDWR, 0)
    sync.write(fd, bytes('L'), 0)
    sync.futimes(fd, atimeNs, mtimeNs)
    sync.close(fd)
    assert.deepEqual(files.diff().changed, ['/file'])
  })

  test('of a memory mount compares with the files it was mounted with', () => {
    using guest = start({ '/': memory({ '/a': 'a', '/b': 'b', '/dir/c': 'c' }), '/tmp': memory() })
    const { files, sync } = guest
    assert.deepEqual(files.diff(), { added: [], changed: [], deleted: [] })
    put(sync, '/a', 'A')
    sync.unlink('/b')
    sync.rename('/dir', '/other')
    put(sync, '/tmp/x', '')
    assert.deepEqual(files.diff(), {
      added: ['/other', '/other/c', '/tmp/x'],
      changed: ['/a'],
      deleted: ['/b', '/dir'],
    })
  })

  test('compares with a snapshot, of this file system or read from a stream', async () => {
    using lower = makeLower()
    using guest = start(over(lower))
    const { files, sync } = guest
    put(sync, '/first', '1')
    sync.unlink('/kept/file')
    const kept = files.snapshot()
    const read = await readSnapshot({ '/': await archive(kept) })
    assert.deepEqual(files.diff(kept), { added: [], changed: [], deleted: [] })
    assert.deepEqual(files.diff(read), { added: [], changed: [], deleted: [] })
    put(sync, '/second', '2')
    put(sync, '/kept/file', 'new')
    append(sync, '/first', '+')
    sync.unlink('/file')
    const expected = { added: ['/kept/file', '/second'], changed: ['/first'], deleted: ['/file'] }
    assert.deepEqual(files.diff(kept), expected)
    assert.deepEqual(files.diff(read), expected)
    files.restore(kept)
    assert.deepEqual(files.diff(kept), { added: [], changed: [], deleted: [] })
  })

  test('a directory that became a file, and the other way round', () => {
    using lower = makeLower()
    using guest = start(over(lower))
    const { files, sync } = guest
    sync.unlink('/gone/file')
    sync.rmdir('/gone')
    put(sync, '/gone', 'now a file')
    sync.unlink('/file')
    sync.mkdir('/file', 0o755)
    put(sync, '/file/in', '')
    assert.deepEqual(files.diff(), { added: ['/file/in'], changed: ['/file', '/gone'], deleted: [] })
  })
})

async function someLayer(): Promise<Uint8Array> {
  using guest = start({ '/': memory({ '/b': 'b'.repeat(1000) }) })
  return archive(guest.files.snapshot())
}

function packed(args: readonly string[]): Uint8Array {
  return Buffer.from(tar(['-c', ...args], new Uint8Array(0)), 'latin1')
}

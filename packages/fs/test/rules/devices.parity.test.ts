/** Rules 4, 5, 7 and 13 of what is no file, directory or link: devices, fifos and sockets of a lower layer are copied up as nodes. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import type hostFs from 'node:fs'
import { fails, rule } from './rule.ts'
import type { PlaceName, RuleOptions } from './rule.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

/** Only root may make devices, so without it there is nothing to be tested. */
function given(exports: typeof hostFs, directory: string): void {
  exports.mkdirSync(`${directory}/dir`)
  const make = (...args: readonly string[]): unknown => execFileSync('mknod', args, { cwd: directory })
  make('-m', '666', 'dir/null', 'c', '1', '3')
  make('-m', '666', 'zero', 'c', '1', '5')
  make('-m', '600', 'block', 'b', '259', '1048000')
  make('-m', '640', 'fifo', 'p')
}

const places: readonly PlaceName[] = isRoot ? ['native', 'kernel', 'overlay'] : []
const devices: RuleOptions = { where: places, given }

/** What `stat` tells of a node, whatever it is copied to. */
function pick({ mode, uid, gid, rdev, size, nlink }: hostFs.Stats): unknown {
  return { mode, uid, gid, rdev, size, nlink }
}

rule(
  5,
  'copying up a device or a fifo keeps its type, number, owner and inode',
  ({ fs, dir }) => {
    for (const name of ['dir/null', 'zero', 'block', 'fifo']) {
      const path = `${dir}/${name}`
      const { ino, rdev, ...before } = fs.lstatSync(path)
      fs.chmodSync(path, 0o600)
      fs.utimesSync(path, 1, 2)
      const after = fs.lstatSync(path)
      assert.deepEqual([after.ino, after.rdev, after.mtimeMs], [ino, rdev, 2000])
      assert.equal(after.mode, (before.mode & ~0o777) | 0o600)
    }
    assert.deepEqual(
      fs.readdirSync(dir, { withFileTypes: true }).map((entry) => [entry.name, entry.isCharacterDevice()]),
      Object.entries({ block: false, dir: false, fifo: false, zero: true }),
    )
  },
  devices,
)

rule(
  4,
  'opening a device for writing changes nothing, and it does the same after it was copied up and renamed',
  ({ fs, dir, files }) => {
    const open = fs.openSync(`${dir}/dir/null`, 'r+')
    fs.writeFileSync(`${dir}/dir/null`, 'gone')
    assert.deepEqual(files?.diff() ?? { added: [], changed: [], deleted: [] }, { added: [], changed: [], deleted: [] })
    fs.chmodSync(`${dir}/dir/null`, 0o644)
    fs.renameSync(`${dir}/dir/null`, `${dir}/nothing`)
    fs.renameSync(`${dir}/zero`, `${dir}/dir/zeros`)
    assert.equal(fs.writeSync(open, 'gone'), 4)
    assert.equal(fs.fstatSync(open).mode & 0o777, 0o644)
    fs.closeSync(open)
    fs.writeFileSync(`${dir}/nothing`, 'gone')
    assert.equal(fs.readFileSync(`${dir}/nothing`, 'utf8'), '')
    const fd = fs.openSync(`${dir}/dir/zeros`, 'r')
    const buffer = Buffer.alloc(4, 1)
    assert.equal(fs.readSync(fd, buffer), 4)
    assert.deepEqual(buffer, Buffer.alloc(4))
    assert.deepEqual(pick(fs.fstatSync(fd)), pick(fs.lstatSync(`${dir}/dir/zeros`)))
    fs.closeSync(fd)
    fails('ENOENT', () => fs.lstatSync(`${dir}/dir/null`))
    assert.deepEqual(fs.readdirSync(`${dir}/dir`), ['zeros'])
  },
  devices,
)

rule(
  13,
  'a hard link to a device of the lower layer is one inode',
  ({ fs, dir }) => {
    fs.linkSync(`${dir}/zero`, `${dir}/again`)
    const [zero, again] = [fs.lstatSync(`${dir}/zero`), fs.lstatSync(`${dir}/again`)]
    assert.deepEqual(pick(again), pick(zero))
    assert.deepEqual([again.ino, again.nlink, again.rdev], [zero.ino, 2, 0x105])
  },
  devices,
)

rule(
  7,
  'an unlinked device is gone, and its name can be another file’s',
  ({ fs, dir }) => {
    fs.unlinkSync(`${dir}/zero`)
    fs.unlinkSync(`${dir}/fifo`)
    fails('ENOENT', () => fs.readFileSync(`${dir}/zero`))
    fs.writeFileSync(`${dir}/zero`, 'a file')
    assert.equal(fs.readFileSync(`${dir}/zero`, 'utf8'), 'a file')
    assert.deepEqual(fs.readdirSync(dir), ['block', 'dir', 'zero'])
    fs.rmSync(`${dir}/dir`, { recursive: true })
    assert.deepEqual(fs.readdirSync(dir), ['block', 'zero'])
  },
  devices,
)

rule(
  4,
  'cp() of a device copies what it gives; a device without a driver is ENXIO, and a fifo is refused',
  ({ fs, dir }) => {
    fs.cpSync(`${dir}/dir/null`, `${dir}/copy`)
    fs.copyFileSync(`${dir}/dir/null`, `${dir}/second`)
    assert.deepEqual([fs.readFileSync(`${dir}/copy`, 'utf8'), fs.lstatSync(`${dir}/second`).isFile()], ['', true])
    fails('ENXIO', () => fs.readFileSync(`${dir}/block`))
    fs.chmodSync(`${dir}/block`, 0o644)
    fails('ENXIO', () => fs.readFileSync(`${dir}/block`))
    fails('ERR_FS_CP_FIFO_PIPE', () => fs.cpSync(`${dir}/fifo`, `${dir}/third`))
  },
  devices,
)

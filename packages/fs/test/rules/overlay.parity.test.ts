/** Rules 1–16: what holds of overlays. Whatever holds of any directory with the same files is asserted there, too. */
import assert from 'node:assert/strict'
import hostFs from 'node:fs'
import { everyPlace, fails, layered, picture, rule } from './rule.ts'

/** The files of the lower layer. */
function given(exports: typeof hostFs, directory: string): void {
  exports.mkdirSync(`${directory}/dir/sub`, { recursive: true })
  exports.mkdirSync(`${directory}/empty`)
  exports.writeFileSync(`${directory}/file`, 'lower')
  exports.writeFileSync(`${directory}/dir/a`, 'a', { mode: 0o640 })
  exports.writeFileSync(`${directory}/dir/b`, 'b')
  exports.writeFileSync(`${directory}/dir/sub/c`, 'c')
  exports.symlinkSync('file', `${directory}/link`)
  exports.utimesSync(`${directory}/dir/a`, 1000, 2000)
  exports.utimesSync(`${directory}/dir`, 3000, 4000)
}

const everywhere = { where: everyPlace, given }
const inLayers = { where: layered, given }

rule(
  1,
  'the lower layer is never changed',
  ({ fs, dir, lower }) => {
    const before = picture(lower!)
    fs.writeFileSync(`${dir}/file`, 'upper')
    fs.chmodSync(`${dir}/dir/a`, 0o600)
    fs.utimesSync(`${dir}/dir`, 1, 1)
    fs.unlinkSync(`${dir}/dir/b`)
    fs.rmSync(`${dir}/dir/sub`, { recursive: true })
    fs.linkSync(`${dir}/file`, `${dir}/again`)
    fs.renameSync(`${dir}/link`, `${dir}/moved`)
    fs.mkdirSync(`${dir}/empty/new`)
    const fd = fs.openSync(`${dir}/dir/a`, 'r')
    fs.fchmodSync(fd, 0o700)
    fs.futimesSync(fd, 5, 6)
    fs.closeSync(fd)
    assert.deepEqual(picture(lower!), before)
  },
  inLayers,
)

rule(
  2,
  'a file of the upper layer hides the lower one; directories merge their names and have the upper’s metadata',
  ({ fs, dir }) => {
    fs.writeFileSync(`${dir}/dir/new`, 'new')
    fs.chmodSync(`${dir}/dir`, 0o700)
    assert.deepEqual(fs.readdirSync(`${dir}/dir`), ['a', 'b', 'new', 'sub'])
    assert.equal(fs.statSync(`${dir}/dir`).mode & 0o777, 0o700)
    fs.unlinkSync(`${dir}/file`)
    fs.mkdirSync(`${dir}/file`)
    assert.deepEqual(fs.readdirSync(`${dir}/file`), [])
    fs.rmSync(`${dir}/dir`, { recursive: true })
    fs.writeFileSync(`${dir}/dir`, 'a file now')
    assert.equal(fs.readFileSync(`${dir}/dir`, 'utf8'), 'a file now')
    fails('ENOTDIR', () => fs.readFileSync(`${dir}/dir/a`))
  },
  everywhere,
)

rule(
  3,
  'readdir() shows no duplicates and no whiteouts',
  ({ fs, dir }) => {
    fs.writeFileSync(`${dir}/dir/a`, 'again')
    fs.unlinkSync(`${dir}/dir/b`)
    fs.writeFileSync(`${dir}/dir/new`, '')
    assert.deepEqual(fs.readdirSync(`${dir}/dir`), ['a', 'new', 'sub'])
    assert.deepEqual(
      fs.readdirSync(`${dir}/dir`, { withFileTypes: true }).map((entry) => entry.isFile()),
      [true, true, false],
    )
    assert.equal(fs.readdirSync(dir, { recursive: true }).length, 8)
  },
  everywhere,
)

rule(
  4,
  'opening for write, truncate, chmod, chown, utimes and link copy up first',
  ({ fs, dir, lower, upper }) => {
    fs.closeSync(fs.openSync(`${dir}/file`, 'r+'))
    fs.truncateSync(`${dir}/dir/b`, 0)
    fs.chmodSync(`${dir}/dir/sub/c`, 0o600)
    fs.chownSync(`${dir}/dir/a`, process.getuid!(), process.getgid!())
    fs.lutimesSync(`${dir}/link`, 1, 2)
    fs.linkSync(`${dir}/file`, `${dir}/again`)
    assert.equal(fs.readFileSync(`${dir}/file`, 'utf8'), 'lower')
    assert.equal(fs.readFileSync(`${dir}/dir/b`, 'utf8'), '')
    assert.equal(fs.statSync(`${dir}/dir/sub/c`).mode & 0o777, 0o600)
    assert.equal(fs.lstatSync(`${dir}/link`).mtimeMs, 2000)
    assert.equal(fs.statSync(`${dir}/again`).nlink, 2)
    if (lower !== undefined) assert.equal(fs.readFileSync(`${dir}/dir/a`, 'utf8'), 'a')
    if (upper === undefined) return
    for (const name of ['file', 'dir/b', 'dir/sub/c', 'dir/a', 'link', 'again']) {
      assert.notEqual(hostFs.lstatSync(`${upper}/${name}`, { throwIfNoEntry: false }), undefined, name)
    }
  },
  everywhere,
)

rule(
  4,
  'a descriptor that was opened before the copy-up changes the copy, from what it is now',
  ({ fs, dir }) => {
    if (process.getuid!() !== 0) return
    for (const name of ['dir', 'dir/a']) {
      const fd = fs.openSync(`${dir}/${name}`, 'r')
      const { uid, gid } = fs.fstatSync(fd)
      for (const [owner, group] of [
        [65_534, 65_533],
        [uid, gid],
      ] as const) {
        fs.fchownSync(fd, owner, group)
        for (const stats of [fs.fstatSync(fd), fs.statSync(`${dir}/${name}`)]) {
          assert.deepEqual([stats.uid, stats.gid], [owner, group])
        }
      }
      fs.closeSync(fd)
    }
  },
  everywhere,
)

rule(
  5,
  'copying up makes the parents, and keeps mode, owner, times, and a link’s target',
  ({ fs, dir }) => {
    const pick = (path: string): unknown => {
      const { mode, uid, gid, mtimeMs, size } = fs.lstatSync(`${dir}/${path}`)
      return { mode, uid, gid, mtimeMs, size }
    }
    const before = [pick('dir/a'), pick('dir')]
    fs.closeSync(fs.openSync(`${dir}/dir/a`, 'r+'))
    assert.deepEqual([pick('dir/a'), pick('dir')], before)
    fs.renameSync(`${dir}/link`, `${dir}/moved`)
    assert.equal(fs.readlinkSync(`${dir}/moved`), 'file')
    assert.equal(fs.readFileSync(`${dir}/dir/a`, 'utf8'), 'a')
  },
  everywhere,
)

rule(
  6,
  'a copy-up that fails leaves nothing in the upper layer',
  ({ fs, dir, upper }) => {
    // The name is longer than names may be: the parents are not copied for it, or show nothing new.
    fails('ENAMETOOLONG', () => fs.linkSync(`${dir}/dir/sub/c`, `${dir}/dir/${'x'.repeat(256)}`))
    fails('EEXIST', () => fs.linkSync(`${dir}/dir/sub/c`, `${dir}/file`))
    fails('EISDIR', () => fs.openSync(`${dir}/dir/sub`, 'r+'))
    fails('ENOTEMPTY', () => fs.rmdirSync(`${dir}/dir`))
    fails('ENOENT', () => fs.renameSync(`${dir}/dir/missing`, `${dir}/dir/b`))
    assert.deepEqual(fs.readdirSync(`${dir}/dir`), ['a', 'b', 'sub'])
    if (upper !== undefined) assert.deepEqual(hostFs.readdirSync(upper), [])
  },
  everywhere,
)

rule(
  7,
  'an unlinked name of the lower layer is ENOENT and not in readdir()',
  ({ fs, dir }) => {
    fs.unlinkSync(`${dir}/dir/a`)
    fails('ENOENT', () => fs.statSync(`${dir}/dir/a`))
    fails('ENOENT', () => fs.unlinkSync(`${dir}/dir/a`))
    assert.deepEqual(fs.readdirSync(`${dir}/dir`), ['b', 'sub'])
    assert.equal(fs.existsSync(`${dir}/dir/a`), false)
  },
  everywhere,
)

rule(
  8,
  'rm -r and then mkdir gives an empty directory',
  ({ fs, dir }) => {
    fs.rmSync(`${dir}/dir`, { recursive: true })
    fs.mkdirSync(`${dir}/dir`)
    assert.deepEqual(fs.readdirSync(`${dir}/dir`), [])
    fs.writeFileSync(`${dir}/dir/sub`, 'a file now')
    assert.equal(fs.readFileSync(`${dir}/dir/sub`, 'utf8'), 'a file now')
    assert.equal(fs.statSync(`${dir}/dir/a`, { throwIfNoEntry: false }), undefined)
  },
  everywhere,
)

rule(
  9,
  'rmdir() with visible entries is ENOTEMPTY; with whiteouts only it succeeds',
  ({ fs, dir }) => {
    fails('ENOTEMPTY', () => fs.rmdirSync(`${dir}/dir/sub`))
    fs.unlinkSync(`${dir}/dir/sub/c`)
    assert.deepEqual(fs.readdirSync(`${dir}/dir/sub`), [])
    fs.rmdirSync(`${dir}/dir/sub`)
    assert.deepEqual(fs.readdirSync(`${dir}/dir`), ['a', 'b'])
  },
  everywhere,
)

rule(
  10,
  'what is gone can be replaced by another type',
  ({ fs, dir }) => {
    fs.unlinkSync(`${dir}/file`)
    fs.mkdirSync(`${dir}/file`)
    fs.rmdirSync(`${dir}/file`)
    fs.symlinkSync('dir', `${dir}/file`)
    assert.deepEqual(fs.readdirSync(`${dir}/file`), ['a', 'b', 'sub'])
    fs.unlinkSync(`${dir}/file`)
    fs.writeFileSync(`${dir}/file`, 'again')
    assert.equal(fs.readFileSync(`${dir}/file`, 'utf8'), 'again')
  },
  everywhere,
)

rule(
  11,
  'renaming a directory of the lower layer works whole, or is EXDEV; never in part',
  ({ fs, dir }) => {
    const tree = (path: string): string[] => fs.readdirSync(path, { recursive: true, encoding: 'utf8' }).toSorted()
    const before = tree(`${dir}/dir`)
    let moved = true
    try {
      fs.renameSync(`${dir}/dir`, `${dir}/moved`)
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EXDEV')
      moved = false
    }
    assert.deepEqual(tree(`${dir}/${moved ? 'moved' : 'dir'}`), before)
    assert.equal(fs.existsSync(`${dir}/${moved ? 'dir' : 'moved'}`), false)
    assert.equal(fs.readFileSync(`${dir}/${moved ? 'moved' : 'dir'}/sub/c`, 'utf8'), 'c')
  },
  everywhere,
)

rule(
  12,
  'renaming a directory of the upper layer only works',
  ({ fs, dir }) => {
    fs.mkdirSync(`${dir}/new`)
    fs.writeFileSync(`${dir}/new/file`, 'x')
    fs.renameSync(`${dir}/new`, `${dir}/empty`)
    assert.deepEqual(fs.readdirSync(`${dir}/empty`), ['file'])
    fs.renameSync(`${dir}/empty`, `${dir}/dir/sub/there`)
    assert.equal(fs.readFileSync(`${dir}/dir/sub/there/file`, 'utf8'), 'x')
    assert.deepEqual(fs.readdirSync(dir), ['dir', 'file', 'link'])
  },
  everywhere,
)

rule(
  13,
  'a hard link to a file of the lower layer is one inode with nlink 2',
  ({ fs, dir }) => {
    fs.linkSync(`${dir}/file`, `${dir}/dir/same`)
    const [a, b] = [fs.statSync(`${dir}/file`), fs.statSync(`${dir}/dir/same`)]
    assert.equal(a.ino, b.ino)
    assert.deepEqual([a.nlink, b.nlink], [2, 2])
    fs.appendFileSync(`${dir}/dir/same`, '!')
    assert.equal(fs.readFileSync(`${dir}/file`, 'utf8'), 'lower!')
  },
  everywhere,
)

rule(
  14,
  'there is one st_dev, and st_ino stays the same across copying up',
  ({ fs, dir }) => {
    const paths = ['', 'file', 'dir', 'dir/a', 'link'].map((name) => `${dir}/${name}`)
    const before = paths.map((path) => fs.lstatSync(path).ino)
    fs.appendFileSync(`${dir}/file`, 'x')
    fs.appendFileSync(`${dir}/dir/a`, 'x')
    fs.lutimesSync(`${dir}/link`, 1, 1)
    fs.writeFileSync(`${dir}/new`, '')
    assert.deepEqual(
      paths.map((path) => fs.lstatSync(path).ino),
      before,
    )
    // The kernel's own shows the device of the layer for files where the layers are on one file system or more.
    assert.equal(
      new Set(['new', 'file', 'dir', 'dir/a', 'dir/b'].map((name) => fs.lstatSync(`${dir}/${name}`).dev)).size,
      1,
    )
  },
  everywhere,
)

rule(
  15,
  'an open file that is unlinked stays readable, with nlink 0',
  ({ fs, dir, lower, native }) => {
    const read = fs.openSync(`${dir}/dir/a`, 'r')
    const written = fs.openSync(`${dir}/file`, 'r+')
    try {
      fs.unlinkSync(`${dir}/dir/a`)
      fs.unlinkSync(`${dir}/file`)
      assert.equal(fs.fstatSync(written).nlink, 0)
      // The kernel's overlay tells the links of the lower file.
      if (!native || lower === undefined) assert.equal(fs.fstatSync(read).nlink, 0)
      assert.equal(fs.readFileSync(read, 'utf8'), 'a')
      assert.equal(fs.readFileSync(written, 'utf8'), 'lower')
      fs.writeFileSync(`${dir}/file`, 'new')
      assert.notEqual(fs.statSync(`${dir}/file`).ino, fs.fstatSync(written).ino)
    } finally {
      fs.closeSync(read)
      fs.closeSync(written)
    }
  },
  everywhere,
)

rule(
  16,
  'exporting a layer and importing it gives the same layer',
  ({ fs, dir, files, again }) => {
    fs.unlinkSync(`${dir}/dir/b`)
    fs.appendFileSync(`${dir}/file`, '+')
    fs.linkSync(`${dir}/file`, `${dir}/again`)
    fs.rmSync(`${dir}/dir/sub`, { recursive: true })
    fs.mkdirSync(`${dir}/dir/sub`)
    fs.symlinkSync('nowhere', `${dir}/dangling`)
    using second = again!()
    second.files!.importState(structuredClone(files!.exportState()))
    const tree = (of: typeof hostFs): unknown =>
      of.readdirSync(dir, { recursive: true, encoding: 'utf8' }).map((name) => {
        const { mode, nlink, size, mtimeNs, ino } = of.lstatSync(`${dir}/${name}`, { bigint: true })
        return { name, mode, nlink, size, mtimeNs, ino }
      })
    assert.deepEqual(tree(second.fs), tree(fs))
    assert.equal(second.fs.readFileSync(`${dir}/again`, 'utf8'), 'lower+')
    assert.deepEqual(second.fs.readdirSync(`${dir}/dir/sub`), [])
    fails('ENOENT', () => second.fs.statSync(`${dir}/dir/b`))
  },
  // The kernel has no such thing: what must hold is that nothing tells the difference.
  { where: ['memory', 'overlay'], given },
)

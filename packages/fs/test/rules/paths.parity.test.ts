/** Rules 17–26: how paths are resolved, and what names refuse. */
import assert from 'node:assert/strict'
import type fs from 'node:fs'
import { fails, rule } from './rule.ts'

/** A directory, a file, and links. */
function given(exports: typeof fs, directory: string): void {
  exports.mkdirSync(`${directory}/dir/sub`, { recursive: true })
  exports.writeFileSync(`${directory}/dir/found`, 'here')
  exports.writeFileSync(`${directory}/file`, 'content')
  exports.mkdirSync(`${directory}/empty`)
  exports.symlinkSync('dir', `${directory}/to-dir`)
  exports.symlinkSync('dir/sub', `${directory}/to-sub`)
  exports.symlinkSync('file', `${directory}/to-file`)
}

rule(
  17,
  '`file/..` is ENOTDIR and `missing/..` is ENOENT; nothing is normalized lexically',
  ({ fs, dir }) => {
    fails('ENOTDIR', () => fs.statSync(`${dir}/file/..`))
    fails('ENOTDIR', () => fs.readFileSync(`${dir}/file/../file`))
    fails('ENOENT', () => fs.statSync(`${dir}/missing/..`))
    fails('ENOENT', () => fs.writeFileSync(`${dir}/missing/../new`, ''))
    assert.equal(fs.readFileSync(`${dir}/to-sub/../found`, 'utf8'), 'here')
    assert.equal(fs.readFileSync(`${dir}//dir/.///./found`, 'utf8'), 'here')
  },
  { given },
)

rule(
  18,
  '`..` at the root stays at the root',
  ({ fs, dir }) => {
    assert.equal(fs.readFileSync(`/../../..${dir}/file`, 'utf8'), 'content')
    assert.equal(fs.statSync('/..').ino, fs.statSync('/').ino)
    fs.symlinkSync(`${'../'.repeat(30)}${dir.slice(1)}/file`, `${dir}/up`)
    assert.equal(fs.readFileSync(`${dir}/up`, 'utf8'), 'content')
    assert.equal(fs.realpathSync('/../..'), '/')
  },
  { given },
)

rule(
  19,
  'absolute links start at the guest’s root; readlink() gives the text as it is',
  ({ fs, dir }) => {
    fs.symlinkSync(`${dir}//dir/./found`, `${dir}/absolute`)
    assert.equal(fs.readFileSync(`${dir}/absolute`, 'utf8'), 'here')
    assert.equal(fs.readlinkSync(`${dir}/absolute`), `${dir}//dir/./found`)
    assert.equal(fs.realpathSync(`${dir}/absolute`), `${dir}/dir/found`)
    fs.symlinkSync('dir/../nowhere/', `${dir}/odd`)
    assert.equal(fs.readlinkSync(`${dir}/odd`), 'dir/../nowhere/')
  },
  { given },
)

rule(20, '40 links resolve, 41 are ELOOP', ({ fs, dir }) => {
  fs.writeFileSync(`${dir}/0`, 'end')
  for (let i = 1; i <= 41; i++) fs.symlinkSync(`${i - 1}`, `${dir}/${i}`)
  assert.equal(fs.readFileSync(`${dir}/40`, 'utf8'), 'end')
  fails('ELOOP', () => fs.readFileSync(`${dir}/41`))
  fs.symlinkSync('self', `${dir}/self`)
  fails('ELOOP', () => fs.statSync(`${dir}/self`))
  fails('ELOOP', () => fs.writeFileSync(`${dir}/self`, ''))
})

rule(
  21,
  'a trailing slash follows the link and requires a directory',
  ({ fs, dir }) => {
    assert.ok(fs.lstatSync(`${dir}/to-dir`).isSymbolicLink())
    assert.ok(fs.lstatSync(`${dir}/to-dir/`).isDirectory())
    fails('ENOTDIR', () => fs.lstatSync(`${dir}/to-file/`))
    fails('ENOTDIR', () => fs.readFileSync(`${dir}/file/`))
    fails('ENOTDIR', () => fs.unlinkSync(`${dir}/file/`))
    fails('ENOTDIR', () => fs.unlinkSync(`${dir}/to-dir/`))
    fails('ENOTDIR', () => fs.rmdirSync(`${dir}/to-dir/`))
    fails('EISDIR', () => fs.openSync(`${dir}/new/`, 'w'))
    fails('ENOTDIR', () => fs.renameSync(`${dir}/file/`, `${dir}/other`))
    fs.mkdirSync(`${dir}/made/`)
    fs.renameSync(`${dir}/made/`, `${dir}/moved/`)
    assert.ok(fs.statSync(`${dir}/moved`).isDirectory())
    assert.ok(fs.existsSync(`${dir}/dir`))
  },
  { given },
)

rule(
  22,
  'O_CREAT through a dangling link makes its target; with O_EXCL it is EEXIST, and so is mkdir() over it',
  ({ fs, dir }) => {
    fs.symlinkSync('dir/target', `${dir}/dangling`)
    fails('EEXIST', () => fs.openSync(`${dir}/dangling`, 'wx'))
    fails('EEXIST', () => fs.writeFileSync(`${dir}/dangling`, 'x', { flag: 'wx' }))
    fails('EEXIST', () => fs.mkdirSync(`${dir}/dangling`))
    assert.equal(fs.existsSync(`${dir}/dir/target`), false)
    fs.writeFileSync(`${dir}/dangling`, 'made')
    assert.equal(fs.readFileSync(`${dir}/dir/target`, 'utf8'), 'made')
    assert.ok(fs.lstatSync(`${dir}/dangling`).isSymbolicLink())
    fs.symlinkSync('missing/target', `${dir}/deep`)
    fails('ENOENT', () => fs.writeFileSync(`${dir}/deep`, ''))
  },
  { given },
)

rule(
  23,
  'a name over 255 bytes or a path of 4096 or more is ENAMETOOLONG, an empty path ENOENT, a NUL invalid',
  (scene) => {
    const { fs, dir } = scene
    const longest = 'é'.repeat(127)
    fs.writeFileSync(`${dir}/${longest}x`, 'x')
    assert.equal(fs.readFileSync(`${dir}/${longest}x`, 'utf8'), 'x')
    fails('ENAMETOOLONG', () => fs.statSync(`${dir}/${longest}xy`))
    fails('ENAMETOOLONG', () => fs.writeFileSync(`${dir}/${'x'.repeat(256)}`, ''))
    fails('ENOENT', () => fs.statSync(`${dir}/missing/${'x'.repeat(255)}`))
    const padded = (length: number): string => `${dir}${'/'.repeat(length - dir.length)}`
    assert.ok(fs.statSync(padded(4095)).isDirectory())
    fails('ENAMETOOLONG', () => fs.statSync(padded(4096)))
    scene.chdir(dir)
    assert.ok(fs.statSync('./'.repeat(2047)).isDirectory())
    fails('ENAMETOOLONG', () => fs.statSync('./'.repeat(2048)))
    fails('ENOENT', () => fs.statSync(''))
    fails('ERR_INVALID_ARG_VALUE', () => fs.statSync(`${dir}/a\0b`))
  },
)

rule(
  24,
  'rename() refuses what the kernel refuses, and does nothing between names of one inode',
  ({ fs, dir }) => {
    fails('EINVAL', () => fs.renameSync(`${dir}/dir`, `${dir}/dir/sub/inside`))
    fails('EISDIR', () => fs.renameSync(`${dir}/file`, `${dir}/empty`))
    fails('ENOTDIR', () => fs.renameSync(`${dir}/empty`, `${dir}/file`))
    fails('ENOTEMPTY', () => fs.renameSync(`${dir}/empty`, `${dir}/dir`))
    fails('ENOTEMPTY', () => fs.renameSync(`${dir}/dir/sub`, `${dir}/dir`))
    fs.linkSync(`${dir}/file`, `${dir}/same`)
    fs.renameSync(`${dir}/file`, `${dir}/same`)
    assert.deepEqual([fs.statSync(`${dir}/file`).nlink, fs.existsSync(`${dir}/same`)], [2, true])
    fs.mkdirSync(`${dir}/new`)
    fs.renameSync(`${dir}/new`, `${dir}/empty`)
    assert.equal(fs.existsSync(`${dir}/new`), false)
    assert.notEqual(fs.statSync('/dev/shm').dev, fs.statSync(dir).dev)
    fails('EXDEV', () => fs.renameSync(`${dir}/file`, `/dev/shm/libvisor-${process.pid}`))
  },
  { given },
)

rule(
  25,
  'unlink() of a directory is EISDIR, rmdir() of a file ENOTDIR and of `.` EINVAL, a hard link to a directory EPERM',
  ({ fs, dir }) => {
    fails('EISDIR', () => fs.unlinkSync(`${dir}/dir`))
    fails('ENOTDIR', () => fs.rmdirSync(`${dir}/file`))
    fails('ENOTDIR', () => fs.rmdirSync(`${dir}/to-dir`))
    fails('EINVAL', () => fs.rmdirSync(`${dir}/empty/.`))
    fails('ENOTEMPTY', () => fs.rmdirSync(`${dir}/dir/sub/..`))
    fails('EPERM', () => fs.linkSync(`${dir}/dir`, `${dir}/again`))
    fs.unlinkSync(`${dir}/to-dir`)
    assert.ok(fs.existsSync(`${dir}/dir`))
  },
  { given },
)

rule(
  26,
  'rm() of a link to a directory removes the link and nothing behind it',
  async ({ fs, promises, dir }) => {
    fs.rmSync(`${dir}/to-dir`, { recursive: true })
    await promises.rm(`${dir}/to-sub`, { recursive: true, force: true })
    assert.deepEqual(fs.readdirSync(dir), ['dir', 'empty', 'file', 'to-file'])
    assert.equal(fs.readFileSync(`${dir}/dir/found`, 'utf8'), 'here')
    fs.symlinkSync('../dir', `${dir}/empty/back`)
    fs.rmSync(`${dir}/empty`, { recursive: true })
    assert.equal(fs.readFileSync(`${dir}/dir/found`, 'utf8'), 'here')
  },
  { given },
)

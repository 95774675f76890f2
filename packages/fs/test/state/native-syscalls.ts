/** The system calls on a real directory: what the model is compared with. Absolute links lead out of it. */
import fs from 'node:fs'
import { decodeName, encodeName, Errno } from '@libvisor/fs'
import type { StatRecord, Syscalls } from '@libvisor/fs'

function record(stats: fs.BigIntStats): StatRecord {
  const { atimeNs, mtimeNs, ctimeNs, birthtimeNs, ...rest } = stats
  const numbers = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, Number(value)]))
  return { ...numbers, atimeNs, mtimeNs, ctimeNs, birthtimeNs } as unknown as StatRecord
}

function typeOf(entry: fs.Dirent<Buffer>): number {
  const { S_IFREG, S_IFDIR, S_IFLNK, S_IFSOCK } = fs.constants
  if (entry.isFile()) return S_IFREG
  if (entry.isDirectory()) return S_IFDIR
  return entry.isSymbolicLink() ? S_IFLNK : S_IFSOCK
}

const seconds = (ns: bigint): number => Number(ns) / 1e9

/**
 * @param root - a real directory, which stands for `/`
 */
export function nativeSyscalls(root: string): Syscalls {
  const at = (path: string): Buffer | string => (path === '' ? '' : encodeName(root + path))
  const calls: Syscalls = {
    open: (path, flags, mode) => fs.openSync(at(path), flags, mode),
    close: (fd) => fs.closeSync(fd),
    read(fd, length, position) {
      const buffer = new Uint8Array(length)
      return buffer.slice(0, fs.readSync(fd, buffer, 0, length, position === -1 ? null : position))
    },
    write: (fd, data, position) => fs.writeSync(fd, data, 0, data.length, position === -1 ? null : position),
    fstat: (fd) => record(fs.fstatSync(fd, { bigint: true })),
    ftruncate: (fd, size) => fs.ftruncateSync(fd, size),
    fsync: (fd) => fs.fsyncSync(fd),
    fchmod: (fd, mode) => fs.fchmodSync(fd, mode),
    fchown: (fd, uid, gid) => fs.fchownSync(fd, uid, gid),
    futimes: (fd, atimeNs, mtimeNs) => fs.futimesSync(fd, seconds(atimeNs), seconds(mtimeNs)),
    stat: (path) => record(fs.statSync(at(path), { bigint: true })),
    lstat: (path) => record(fs.lstatSync(at(path), { bigint: true })),
    statfs: (path) => fs.statfsSync(at(path)),
    access: (path, mode) => fs.accessSync(at(path), mode),
    readdir: (path) =>
      fs
        .readdirSync(at(path), { withFileTypes: true, encoding: 'buffer' })
        .map((entry) => ({ name: decodeName(entry.name), type: typeOf(entry) })),
    mkdir: (path, mode) => void fs.mkdirSync(at(path), { mode }),
    rmdir: (path) => fs.rmdirSync(at(path)),
    unlink: (path) => fs.unlinkSync(at(path)),
    rename: (from, to) => fs.renameSync(at(from), at(to)),
    link: (existing, path) => fs.linkSync(at(existing), at(path)),
    symlink: (target, path) => fs.symlinkSync(encodeName(target), at(path)),
    readlink: (path) => decodeName(fs.readlinkSync(at(path), 'buffer')),
    realpath: (path) => fs.realpathSync.native(at(path) as string).slice(root.length) || '/',
    chmod: (path, mode) => fs.chmodSync(at(path), mode),
    lchmod() {
      throw Errno.of('ENOTSUP')
    },
    chown: (path, uid, gid) => fs.chownSync(at(path), uid, gid),
    lchown: (path, uid, gid) => fs.lchownSync(at(path), uid, gid),
    utimes: (path, atimeNs, mtimeNs) => fs.utimesSync(at(path), seconds(atimeNs), seconds(mtimeNs)),
    lutimes: (path, atimeNs, mtimeNs) => fs.lutimesSync(at(path), seconds(atimeNs), seconds(mtimeNs)),
    truncate(path, size) {
      const fd = fs.openSync(at(path), 'r+')
      try {
        fs.ftruncateSync(fd, size)
      } finally {
        fs.closeSync(fd)
      }
    },
    mksock() {
      throw Errno.of('ENOTSUP')
    },
  }
  const guarded = Object.entries(calls).map(([name, call]: [string, (...args: never[]) => unknown]) => [
    name,
    (...args: never[]) => {
      try {
        return call(...args)
      } catch (error) {
        const { code, syscall } = error as NodeJS.ErrnoException
        throw syscall === undefined ? error : Errno.of(code as Errno['code'])
      }
    },
  ])
  return Object.fromEntries(guarded) as unknown as Syscalls
}

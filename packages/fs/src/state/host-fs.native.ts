import type { FSWatcher } from 'node:fs'
import { host, original } from '@libvisor/abi'
import { callNative } from '@libvisor/core'
import type { WatchEvent } from '../types.ts'
import type { HostFs } from './host-fs.ts'
import { Derivations } from './derivations.ts'
import { makeSocketFile } from './host-sockets.native.ts'
import { KnownNames } from './known-names.ts'
import { KnownTexts } from './known-texts.ts'
import { decodeName } from './name-bytes.ts'
import { Witnesses } from './witnesses.ts'

/** There is one host: what one file system of the thread has learned of it all others may know. */
const names = new KnownNames()
const witnesses = new Witnesses()
const texts = new KnownTexts(witnesses)
const derivations = new Derivations(witnesses)

/** How often the event loop has gone round: what promises run is in no callback. */
const loopCount = (): number => original('perf_hooks').performance.nodeTiming.uvMetricsInfo.loopCount

const READ_POSITION = /^pos:\s*(\d+)/

/**
 * The host's own file system.
 *
 * @returns the originals, for `createFileSystem`
 * @example
 * ```ts
 * import { createHostFs } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 *
 * const host = createHostFs()
 * assert.equal(host.uid, process.getuid?.())
 * assert.equal(host.lstat('/no/such/file'), undefined)
 * ```
 */
export function createHostFs(): HostFs {
  const fs = original('fs')
  const { process } = host
  return {
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    umask: process.umask(),
    nowMs: host.monotonicMs,
    wallMs: host.Date.now,
    names,
    texts,
    witnesses,
    derivations,
    callback: host.callbackId,
    turn: () => host.callbackId() || loopCount() + 0.5,
    lstat: (path) => fs.lstatSync(path, { throwIfNoEntry: false }),
    lstatBig: (path) => fs.lstatSync(path, { bigint: true }),
    fstatBig: (fd) => fs.fstatSync(fd, { bigint: true }),
    statfs: (path) => fs.statfsSync(path),
    open: fs.openSync,
    close: fs.closeSync,
    read: (fd, buffer, position) => fs.readSync(fd, buffer, 0, buffer.length, position === -1 ? null : position),
    readText: (path) => fs.readFileSync(path, 'utf8'),
    write: (fd, buffer, position) => fs.writeSync(fd, buffer, 0, buffer.length, position === -1 ? null : position),
    position(fd) {
      const info = fs.openSync(`/proc/self/fdinfo/${fd}`, 'r')
      try {
        const buffer = Buffer.alloc(64)
        return Number(READ_POSITION.exec(buffer.toString('latin1', 0, fs.readSync(info, buffer)))?.[1] ?? 0)
      } finally {
        fs.closeSync(info)
      }
    },
    ftruncate: fs.ftruncateSync,
    fsync: fs.fsyncSync,
    fchmod: fs.fchmodSync,
    fchown: fs.fchownSync,
    futimes: fs.futimesSync,
    readdir: (path) => fs.readdirSync(path, { withFileTypes: true }),
    readdirBytes: (path) => fs.readdirSync(path, { withFileTypes: true, encoding: 'buffer' }),
    mkdir: (path, mode) => void fs.mkdirSync(path, { mode }),
    mksock: makeSocketFile,
    rmdir: (path) => fs.rmdirSync(path),
    unlink: fs.unlinkSync,
    rename: fs.renameSync,
    link: fs.linkSync,
    symlink: fs.symlinkSync,
    readlink: (path) => fs.readlinkSync(path, 'utf8'),
    readlinkBytes: (path) => fs.readlinkSync(path, 'buffer'),
    chmod: fs.chmodSync,
    lchown: fs.lchownSync,
    lutimes: fs.lutimesSync,
    access: fs.accessSync,
    realpath: (path) => fs.realpathSync.native(path),
    watch(path, recursive, listener) {
      const tell = (type: WatchEvent['type'], name: Buffer | null): void => {
        if (name !== null) listener({ type, name: decodeName(name) })
      }
      // On Linux the recursive watcher is JavaScript that calls exports of fs at any time.
      const watcher = callNative(
        () => fs.watch(path, { recursive, persistent: false, encoding: 'buffer' }, tell) as FSWatcher,
      )
      // What is watched has gone: nothing more will be told.
      watcher.on('error', () => watcher.close())
      return { [Symbol.dispose]: () => watcher.close() }
    },
  }
}

import { linuxFsConstants } from '@libvisor/abi'
import type { ErrorFactory } from '@libvisor/abi'
import type { FileView } from '@libvisor/core'
import { Errno } from '../types.ts'
import type { FileSystemProcess, Syscalls } from '../types.ts'
import { trace } from './trace.ts'
import { fileType } from './vnode.ts'

const { O_RDONLY } = linuxFsConstants

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Read beyond the size that `fstat` says, to see the end. Files of `/proc` say that they are empty. @units bytes */
const SLACK = 4096

/**
 * Makes what the loader sees of a guest's file system.
 *
 * @param process - the guest's
 * @param errors - makes the errors that the guest sees
 * @returns the view
 * @example
 * ```ts
 * import { createErrors, hostIntrinsics, linux } from '@libvisor/abi'
 * import { createFileSystem, createFileView, createHostFs, memory } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 *
 * using files = createFileSystem({
 *   mounts: { '/': memory({ '/app/main.js': 'export {}' }) },
 *   clock: { now: Date.now, nowNs: () => 0n, monotonicNs: () => 0n, zone: 'UTC' },
 *   entropy: { fill: (bytes) => void bytes.fill(4), float: () => 0.5, seeded: true },
 *   host: createHostFs(),
 *   later: setImmediate,
 * })
 * const silent = { kind: 'null', hostFd: undefined, readSync: () => new Uint8Array(0), writeSync: () => 0 } as const
 * const identity = { pid: 1, ppid: 0, uid: 0, gid: 0, groups: [], umask: 0o022, cwd: '/', hostname: 'guest' }
 * const process = files.process(identity, [silent, silent, silent])
 * const view = createFileView(process, createErrors({ personality: linux, intrinsics: hostIntrinsics }))
 * assert.equal(view.kind('/app/main.js'), 'file')
 * assert.equal(view.kind('/app/other.js'), undefined)
 * assert.throws(() => view.read('/app/other.js'), { code: 'ENOENT', syscall: 'open' })
 * ```
 */
export function createFileView(process: FileSystemProcess, errors: ErrorFactory): Required<FileView> {
  const { sync } = process

  const seen = <Result>(syscall: string, path: string, call: () => Result): Result => {
    try {
      return call()
    } catch (error) {
      throw error instanceof Errno ? errors.file(error.code, { syscall, path }) : error
    }
  }

  const view = {
    kind(path: string) {
      const type = process.typeOf(path)
      if (type === undefined) return undefined
      if (type === fileType.file) return 'file'
      return type === fileType.directory ? 'directory' : 'other'
    },

    text: (path: string) => process.hostText(path) ?? decoder.decode(view.read(path)),

    derive: <Answer>(about: string, of: string, make: (spoil: () => void) => Answer) => process.derive(about, of, make),

    read(path: string) {
      // Of a file that is read by descriptor it is not told where the bytes are.
      trace?.spoil()
      const fd = seen('open', path, () => sync.open(path, O_RDONLY, 0))
      try {
        return seen('read', path, () => readAll(sync, fd))
      } finally {
        sync.close(fd)
      }
    },

    realpath: (path: string) => seen('lstat', path, () => sync.realpath(path)),

    hostFd(fd: number) {
      try {
        return process.hostFd(fd)
      } catch {
        return undefined
      }
    },

    hostPath: (path: string) => process.resolve(path, 'read', true)?.path,

    differsFromHost: () => process.differsFromHost(),

    expire: () => process.expire(),
  }
  return Object.freeze(view)
}

function readAll(sync: Syscalls, fd: number): Uint8Array {
  const expected = sync.fstat(fd).size + SLACK
  const first = sync.read(fd, expected, -1)
  const pieces = [first]
  for (let last = first; last.length > 0; pieces.push(last)) last = sync.read(fd, expected, -1)
  if (pieces.length === 2) return first
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

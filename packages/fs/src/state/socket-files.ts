import type { Identity, SocketFiles } from '@libvisor/core'
import { Errno } from '../types.ts'
import type { FileSystemProcess, StatRecord } from '../types.ts'
import { access } from './permission.ts'
import { fileType } from './vnode.ts'

/**
 * Makes the socket files of a process: the names of unix sockets.
 *
 * @param process - whose files they are
 * @param identity - tells where relative paths start
 * @returns the files; their errors are {@link Errno}
 * @example
 * ```ts
 * import { createFileSystem, createHostFs, createSocketFiles, memory } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 *
 * using files = createFileSystem({
 *   mounts: { '/': memory() },
 *   clock: { now: Date.now, nowNs: () => 0n, monotonicNs: () => 0n, zone: 'UTC' },
 *   entropy: { fill: (bytes) => void bytes.fill(4), float: () => 0.5, seeded: true },
 *   host: createHostFs(),
 *   later: setImmediate,
 * })
 * const silent = { kind: 'null', hostFd: undefined, readSync: () => new Uint8Array(0), writeSync: () => 0 } as const
 * const identity = { pid: 1, ppid: 0, uid: 0, gid: 0, groups: [], umask: 0o022, cwd: '/', hostname: 'guest' }
 * const sockets = createSocketFiles(files.process(identity, [silent, silent, silent]), identity)
 * sockets.bind('/app.sock')
 * assert.throws(() => sockets.bind('/app.sock'), { code: 'EADDRINUSE' })
 * sockets.unlink('/app.sock')
 * assert.throws(() => sockets.lookup('/app.sock'), { code: 'ENOENT' })
 * ```
 */
export function createSocketFiles(
  { sync }: Pick<FileSystemProcess, 'sync'>,
  identity: Pick<Identity, 'cwd'>,
): SocketFiles {
  const bound = new Map<string, string>()
  const absolute = (path: string): string => (path.startsWith('/') ? path : `${identity.cwd}/${path}`)

  return Object.freeze({
    bind(name: string) {
      const path = absolute(name)
      sync.mksock(path)
      bound.set(name, inodeOf(sync.lstat(path)))
    },

    lookup(name: string) {
      const path = absolute(name)
      const record = sync.stat(path)
      if ((record.mode & fileType.mask) !== fileType.socket) throw Errno.of('ECONNREFUSED')
      sync.access(path, access.write)
      return inodeOf(record)
    },

    chmod(name: string, mode: number) {
      sync.chmod(absolute(name), mode)
    },

    unlink(name: string) {
      // As natively, a relative name is one of the directory that is the working one by now.
      const path = absolute(name)
      const inode = bound.get(name)
      bound.delete(name)
      try {
        if (inode !== undefined && inodeOf(sync.lstat(path)) === inode) sync.unlink(path)
      } catch (error) {
        // The name has gone before: nothing is left to be removed.
        if (!(error instanceof Errno)) throw error
      }
    },
  })
}

function inodeOf({ dev, ino }: StatRecord): string {
  return `${dev}:${ino}`
}

import type { SocketFiles } from '@libvisor/core'
import { Errno } from '../types.ts'
import type { FileSystemProcess, StatRecord } from '../types.ts'
import { access } from './permission.ts'
import { fileType } from './vnode.ts'

/**
 * Makes the socket files of a process: the names of unix sockets.
 *
 * @param process - whose files they are
 * @returns the files; their errors are {@link Errno}
 */
export function createSocketFiles({ sync }: Pick<FileSystemProcess, 'sync'>): SocketFiles {
  const bound = new Map<string, string>()

  return Object.freeze({
    bind(path: string) {
      sync.mksock(path)
      bound.set(path, inodeOf(sync.lstat(path)))
    },

    lookup(path: string) {
      const record = sync.stat(path)
      if ((record.mode & fileType.mask) !== fileType.socket) throw Errno.of('ECONNREFUSED')
      sync.access(path, access.write)
      return inodeOf(record)
    },

    unlink(path: string) {
      const inode = bound.get(path)
      bound.delete(path)
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

/** What an overlay does when something of a lower layer is written to: it is copied to the upper one. */
import { linuxFsConstants } from '@libvisor/abi'
import { Errno } from '../types.ts'
import type { StatRecord } from '../types.ts'
import { fileType } from './vnode.ts'
import type { OpenFile, Vnode } from './vnode.ts'

const { O_WRONLY } = linuxFsConstants

/** How much is copied at a time. @units bytes */
const COPY_PIECE = 1 << 20

/** Copies one inode, with its metadata; a directory without its entries. Leaves nothing when it fails. */
export function copyInode(
  lower: Vnode,
  record: StatRecord,
  upper: Vnode,
  name: string,
  source: OpenFile | undefined,
): Vnode {
  const { type } = lower
  if (type !== fileType.file && type !== fileType.directory && type !== fileType.link) throw Errno.of('EPERM')
  const { mode, uid, gid, atimeNs, mtimeNs } = record
  const { mtimeNs: directoryMtimeNs, atimeNs: directoryAtimeNs } = upper.stat()
  const copy = upper.create(name, { mode, uid, gid, ...(type === fileType.link && { target: lower.readlink() }) })
  try {
    if (source !== undefined) copyBytes(source, copy)
    copy.change({ mode: mode & 0o7777, uid, gid, atimeNs, mtimeNs })
    // Making the copy is no change of its directory that anybody could see.
    upper.change({ atimeNs: directoryAtimeNs, mtimeNs: directoryMtimeNs })
  } catch (error) {
    upper.remove(name, copy)
    throw error
  }
  return copy
}

function copyBytes(source: OpenFile, copy: Vnode): void {
  const file = copy.open(O_WRONLY)
  try {
    for (let position = 0; ;) {
      const piece = source.read(COPY_PIECE, position)
      if (piece.length === 0) break
      for (let written = 0; written < piece.length;) {
        written += file.write(piece.subarray(written), position + written)
      }
      position += piece.length
    }
  } finally {
    file.close()
  }
}

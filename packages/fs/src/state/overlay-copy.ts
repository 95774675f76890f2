/** What an overlay does when something of a lower layer is written to: it is copied to the upper one. */
import { linuxFsConstants } from '@libvisor/abi'
import { Errno } from '../types.ts'
import type { StatRecord } from '../types.ts'
import { sameDevice } from './device.ts'
import { fileType } from './vnode.ts'
import type { NodeInit, OpenFile, Vnode } from './vnode.ts'

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
  const { mode, uid, gid, atimeNs, mtimeNs } = record
  const { mtimeNs: directoryMtimeNs, atimeNs: directoryAtimeNs } = upper.stat()
  const copy = upper.create(name, { mode, uid, gid, ...particulars(lower, record) })
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

/** What some types have besides attributes. */
function particulars(lower: Vnode, { rdev }: StatRecord): Pick<NodeInit, 'device' | 'rdev' | 'target'> {
  switch (lower.type) {
    case fileType.link:
      return { target: lower.readlink() }
    case fileType.character:
      // A copy would say that the name is gone.
      if (rdev === 0) throw Errno.of('EPERM')
      return { rdev, device: sameDevice(lower) }
    case fileType.block:
      return { rdev, device: sameDevice(lower) }
    case fileType.fifo:
      return { device: sameDevice(lower) }
    default:
      return {}
  }
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

/** A layer as a tar stream, as OCI's image layers are: PAX records for what the header has no place for. */
import { createTarPacker } from 'modern-tar'
import type { TarHeader, TarPackController } from 'modern-tar'
import type { ContentState } from './memory-content.ts'
import { encodeName, maybeLossy } from './name-bytes.ts'
import { formatNotes, formatPaxTime } from './layer-tar-attributes.ts'
import type { LayerEntry } from './layer-tar-entries.ts'
import { writeDevices } from './tar-devices.ts'

/** What GNU tar calls entries that hold a long name. */
const LONG_NAME_ENTRY = '././@LongLink'

/** A hole is written in pieces of so many zeros. @units bytes */
const PIECE = 1 << 20

const types = {
  whiteout: 'file',
  directory: 'directory',
  fifo: 'fifo',
  file: 'file',
  link: 'link',
  symlink: 'symlink',
  'character-device': 'character-device',
  'block-device': 'block-device',
} as const

/**
 * Writes entries as a tar stream.
 *
 * @param entries - a directory before what is in it
 * @returns the stream; it is made as it is read
 */
export function packEntries(entries: readonly LayerEntry[]): ReadableStream<Uint8Array> {
  const { readable, controller } = createTarPacker()
  pack(entries, controller).catch((error: unknown) => controller.error(error))
  const devices = entries.filter(({ kind }) => kind === 'character-device' || kind === 'block-device')
  if (devices.length === 0) return readable
  return readable.pipeThrough(writeDevices(devices.map(({ inode }) => inode.rdev)))
}

async function pack(entries: Iterable<LayerEntry>, controller: TarPackController): Promise<void> {
  for (const entry of entries) {
    const { kind, inode, linkTo } = entry
    const path = kind === 'directory' ? `${entry.path === '' ? '.' : entry.path}/` : entry.path
    const linkpath = kind === 'symlink' ? inode.target : linkTo
    if (isEscaped(path)) await addBytes(controller, 'gnu-long-name', path)
    if (linkpath !== undefined && isEscaped(linkpath)) await addBytes(controller, 'gnu-long-link-name', linkpath)
    const content = kind === 'file' ? inode.content : undefined
    const body = controller.add(headerOf(entry, path, linkpath, content?.size ?? 0)).getWriter()
    if (content !== undefined) for (const piece of contentPieces(content)) await body.write(piece)
    await body.close()
  }
  controller.finalize()
}

function headerOf({ kind, inode }: LayerEntry, path: string, linkpath: string | undefined, size: number): TarHeader {
  const { mode, uid, gid, atimeNs, mtimeNs, ctimeNs, birthtimeNs } = inode
  const header: TarHeader = {
    name: presentable(path),
    type: types[kind],
    mode: mode & 0o7777,
    uid,
    gid,
    size,
    // The header has no place for less than zero; the record says it exactly.
    mtime: new Date(Math.max(0, Number(mtimeNs / 1_000_000n))),
    ...(linkpath !== undefined && { linkname: presentable(linkpath) }),
  }
  if (kind === 'whiteout') return header
  const notes = {
    birthtimeNs,
    ...(isAmbiguous(path) && { path }),
    ...(linkpath !== undefined && isAmbiguous(linkpath) && { linkpath }),
  }
  const pax = {
    mtime: formatPaxTime(mtimeNs),
    atime: formatPaxTime(atimeNs),
    ctime: formatPaxTime(ctimeNs),
    comment: formatNotes(notes),
  }
  return { ...header, pax }
}

/** A name that no string can be is an entry of its own, whose content are the bytes: GNU's way, which all readers know. */
async function addBytes(
  controller: TarPackController,
  type: 'gnu-long-link-name' | 'gnu-long-name',
  name: string,
): Promise<void> {
  const bytes = Buffer.concat([Buffer.from(encodeName(name)), Buffer.alloc(1)])
  const body = controller.add({ name: LONG_NAME_ENTRY, type, size: bytes.length, mtime: new Date(0) }).getWriter()
  await body.write(bytes)
  await body.close()
}

function isEscaped(name: string): boolean {
  return typeof encodeName(name) !== 'string'
}

/** Whether a reader that decodes the bytes as UTF-8 could not tell which they were. */
function isAmbiguous(name: string): boolean {
  return isEscaped(name) || maybeLossy(name)
}

/** What stands in the header of a name whose bytes are in an entry of their own: never so long that PAX would have to say it again. */
function presentable(name: string): string {
  return isEscaped(name) ? name.slice(-30).toWellFormed() : name
}

/**
 * The bytes of a file of a layer, from the first one to the last; holes are zeros.
 *
 * @param content - of an inode
 * @returns copies, which belong to the caller
 * @example
 * ```ts
 * import { contentPieces } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 *
 * const content = { size: 4, pieces: [Uint8Array.of(1, 2)] }
 * assert.deepEqual([...contentPieces(content)].flatMap((piece) => [...piece]), [1, 2, 0, 0])
 * ```
 */
export function* contentPieces({ size, pieces }: ContentState): Generator<Uint8Array> {
  let at = 0
  for (let index = 0; at < size; index++) {
    const wanted = Math.min(PIECE, size - at)
    const piece = pieces[index]?.subarray(0, wanted)
    // A copy: whoever reads the stream may keep it, change it, or transfer its memory.
    if (piece !== undefined && piece.length > 0) yield piece.slice()
    const missing = wanted - (piece?.length ?? 0)
    if (missing > 0) yield new Uint8Array(missing)
    at += wanted
  }
}

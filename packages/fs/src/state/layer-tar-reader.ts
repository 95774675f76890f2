/** A layer from a tar stream: of ours, or of any tool that writes OCI's image layers. */
import { VisorError } from '@libvisor/core'
import { createTarDecoder } from 'modern-tar'
import type { ParsedTarEntry, TarHeader } from 'modern-tar'
import type { InodeState, LayerState } from './layer-state.ts'
import { parseNotes, parsePaxTime } from './layer-tar-attributes.ts'
import { MemoryContent } from './memory-content.ts'
import { maybeLossy } from './name-bytes.ts'
import { readDevices } from './tar-devices.ts'
import { OPAQUE_MARKER, WHITEOUT_PREFIX } from './upper-layer.ts'
import { fileType } from './vnode.ts'

/** Where bytes come from: a stream of the web's or of Node's, or all of them at once. */
export type ByteSource = AsyncIterable<Uint8Array> | ReadableStream<Uint8Array> | Uint8Array

/** What other marks of aufs begin with; they mean nothing to a layer. */
const AUFS_PREFIX = `${WHITEOUT_PREFIX}${WHITEOUT_PREFIX}`

/**
 * Reads a layer.
 *
 * @param source - an uncompressed tar archive
 * @returns the layer; inode numbers are given where it is put
 * @throws {VisorError} VISOR_LAYER_INVALID when it is no tar archive, is cut off, or holds what a layer in memory cannot
 */
export async function unpackLayer(source: ByteSource): Promise<LayerState> {
  const devices: number[] = []
  const builder = new LayerBuilder(devices)
  const { readable, writable } = createTarDecoder({ strict: true })
  const bytes = ReadableStream.from(readDevices(onlyBytes(source instanceof Uint8Array ? [source] : source), devices))
  // Whatever goes wrong with the bytes is heard at the other end, too.
  bytes.pipeTo(writable).catch(() => {})
  try {
    for await (const entry of readable) await builder.add(entry)
  } catch (cause) {
    if (cause instanceof VisorError) throw cause
    throw new VisorError('VISOR_LAYER_INVALID', `The layer cannot be read: ${(cause as Error).message}`, {
      cause,
      hint: 'A layer is an uncompressed tar archive, with its end: decompress it first, with DecompressionStream for example.',
    })
  }
  return builder.layer()
}

async function* onlyBytes(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) {
    if (!ArrayBuffer.isView(bytes)) throw new TypeError(`a stream of bytes was expected, and it gave a ${typeof bytes}`)
    yield bytes
  }
}

/** An entry of the archive. */
interface PackedEntry {
  readonly header: TarHeader
  readonly rdev: number
  readonly content: InodeState['content']
  /** Where a link leads, when the header cannot say it. */
  readonly link: string | undefined
}

interface Directory {
  inode: InodeState
  readonly entries: Map<string, number>
  opaque: boolean
}

/** What a directory is of which a layer has no entry. */
const implied: InodeState = {
  ...{ mode: fileType.directory | 0o755, uid: 0, gid: 0, nlink: 2, rdev: 0 },
  ...{ atimeNs: 0n, mtimeNs: 0n, ctimeNs: 0n, birthtimeNs: 0n, implied: true },
}

class LayerBuilder {
  /** Inodes; of a directory its place only. */
  readonly #inodes: InodeState[] = [implied]
  readonly #directories = new Map<number, Directory>([[0, newDirectory(implied)]])
  #isEmpty = true
  /** The numbers of the devices that are still to come. */
  readonly #devices: number[]

  constructor(devices: number[]) {
    this.#devices = devices
  }

  async add({ header, body }: ParsedTarEntry): Promise<void> {
    const notes = parseNotes(header.pax?.['comment'])
    const isDevice = header.type === 'character-device' || header.type === 'block-device'
    const rdev = isDevice ? (this.#devices.shift() ?? 0) : 0
    if (Object.keys(header.pax ?? {}).some((key) => key.startsWith('GNU.sparse.'))) {
      throw invalid(`'${header.name}' is a sparse file`, 'Pack the layer without --sparse.')
    }
    const names = namesOf(notes.path ?? readable(header.name))
    const content = header.type === 'file' ? await contentOf(body) : await body.cancel()
    const name = names.pop()
    this.#isEmpty = false
    if (name === undefined) {
      if (header.type === 'directory') this.#directory(0).inode = inodeOf(header, fileType.directory)
      return
    }
    const parent = this.#find(names)
    if (name === OPAQUE_MARKER) parent.opaque = true
    else if (name.startsWith(AUFS_PREFIX)) return
    else if (name.startsWith(WHITEOUT_PREFIX)) this.#hide(parent, name.slice(WHITEOUT_PREFIX.length))
    else this.#put(parent, name, { header, rdev, content: content ?? undefined, link: notes.linkpath })
  }

  layer(): LayerState {
    const inodes = this.#inodes.slice()
    const links = new Map<number, number>()
    for (const { entries } of this.#directories.values()) {
      for (const index of entries.values()) links.set(index, (links.get(index) ?? 0) + 1)
    }
    for (const [index, inode] of inodes.entries()) inodes[index] = { ...inode, nlink: links.get(index) ?? 0 }
    for (const [index, { inode, entries, opaque }] of this.#directories) {
      const nlink = 2 + [...entries.values()].filter((child) => this.#directories.has(child)).length
      inodes[index] = { ...inode, nlink, entries: [...entries], ...(opaque && { opaque }) }
    }
    return reachable({ inodes, lastIno: 0, ...(this.#isEmpty && { pristine: true }) })
  }

  #put(parent: Directory, name: string, { header, rdev, content, link }: PackedEntry): void {
    switch (header.type) {
      case 'directory': {
        const found = this.#directories.get(parent.entries.get(name) ?? -1)
        if (found !== undefined) found.inode = inodeOf(header, fileType.directory)
        else this.#makeDirectory(parent, name, inodeOf(header, fileType.directory))
        return
      }
      case 'file':
        return this.#insert(parent, name, { ...inodeOf(header, fileType.file), ...(content && { content }) })
      case 'symlink': {
        const target = link ?? readable(header.linkname ?? '')
        return this.#insert(parent, name, { ...inodeOf(header, fileType.link), target })
      }
      case 'link': {
        const target = link ?? readable(header.linkname ?? '')
        const names = namesOf(target)
        const last = names.pop() ?? ''
        const index = this.#find(names).entries.get(last)
        if (index === undefined || this.#directories.has(index)) {
          throw invalid(`'${header.name}' is a hard link to '${target}', which is no file before it`)
        }
        parent.entries.set(name, index)
        return
      }
      case 'fifo':
        return this.#insert(parent, name, inodeOf(header, fileType.fifo))
      case 'character-device':
        // Such a device is how overlayfs itself says that a name is gone.
        if (rdev === 0) return this.#hide(parent, name)
        return this.#insert(parent, name, { ...inodeOf(header, fileType.character), rdev })
      case 'block-device':
        return this.#insert(parent, name, { ...inodeOf(header, fileType.block), rdev })
      default:
        throw invalid(`'${header.name}' is a ${header.type}, and layers in memory hold none`)
    }
  }

  #insert(parent: Directory, name: string, inode: InodeState): void {
    parent.entries.set(name, this.#inodes.push(inode) - 1)
  }

  /** What is in the layer itself counts, whichever comes first. */
  #hide(parent: Directory, name: string): void {
    if (name === '') throw invalid(`A whiteout has no name`)
    if (!parent.entries.has(name)) {
      this.#insert(parent, name, { ...implied, implied: false, mode: fileType.character, nlink: 1 })
    }
  }

  #find(names: readonly string[]): Directory {
    let directory = this.#directory(0)
    for (const name of names) {
      const index = directory.entries.get(name)
      directory = this.#directories.get(index ?? -1) ?? this.#makeDirectory(directory, name, implied)
    }
    return directory
  }

  #makeDirectory(parent: Directory, name: string, inode: InodeState): Directory {
    const directory = newDirectory(inode)
    const index = this.#inodes.push(inode) - 1
    this.#directories.set(index, directory)
    parent.entries.set(name, index)
    return directory
  }

  #directory(index: number): Directory {
    return this.#directories.get(index) as Directory
  }
}

function newDirectory(inode: InodeState): Directory {
  return { inode, entries: new Map(), opaque: false }
}

function inodeOf({ mode = 0o644, uid = 0, gid = 0, mtime, pax = {} }: TarHeader, type: number): InodeState {
  const mtimeNs = parsePaxTime(pax['mtime']) ?? BigInt(mtime?.getTime() ?? 0) * 1_000_000n
  const ctimeNs = parsePaxTime(pax['ctime']) ?? mtimeNs
  return {
    ...{ mode: type | (mode & 0o7777), uid, gid, nlink: 1, rdev: 0 },
    ...{ mtimeNs, ctimeNs, atimeNs: parsePaxTime(pax['atime']) ?? mtimeNs },
    birthtimeNs: parseNotes(pax['comment']).birthtimeNs ?? mtimeNs,
  }
}

async function contentOf(body: ReadableStream<Uint8Array>): Promise<InodeState['content']> {
  const content = new MemoryContent()
  for await (const bytes of body) content.write(bytes, content.size)
  return content.share()
}

/** A path of a header. Bytes that are not UTF-8 have been lost in it. */
function readable(path: string): string {
  if (maybeLossy(path))
    throw invalid(`'${path}' is not UTF-8`, 'Pack the layer with snapshot.tar(), which keeps all bytes.')
  return path
}

function namesOf(path: string): string[] {
  const names = path.split('/').filter((name) => name !== '' && name !== '.')
  if (names.includes('..')) throw invalid(`'${path}' leads out of the layer`)
  return names
}

function invalid(message: string, hint?: string): VisorError {
  return new VisorError('VISOR_LAYER_INVALID', message, hint === undefined ? {} : { hint })
}

/** Without inodes whose names were all given to others later. */
function reachable(layer: LayerState): LayerState {
  const places = new Map<number, number>([[0, 0]])
  const order = [0]
  const placeOf = (index: number): number => {
    let place = places.get(index)
    if (place === undefined) {
      place = order.push(index) - 1
      places.set(index, place)
    }
    return place
  }
  const inodes: InodeState[] = []
  for (const index of order) {
    const inode = layer.inodes[index] as InodeState
    const entries = inode.entries?.map(([name, child]) => [name, placeOf(child)] as const)
    inodes.push({ ...inode, ...(entries && { entries }) })
  }
  return { ...layer, inodes }
}

import { VisorError } from '@libvisor/core'
import { below, layerEntries, opaqueMarker } from './layer-tar-entries.ts'
import type { LayerEntry } from './layer-tar-entries.ts'
import { packEntries } from './layer-tar.ts'
import { unpackLayer } from './layer-tar-reader.ts'
import type { ByteSource } from './layer-tar-reader.ts'
import type { LayerState } from './layer-state.ts'
import { noLayer } from './snapshot-layers.ts'
import type { FileSystemState, LayerKeeper } from './snapshot-layers.ts'

let readState: (snapshot: Snapshot) => FileSystemState

/**
 * What was written to a guest's layers in memory, at one moment. Nothing changes it: it can be put back any number of
 * times, also in another guest with the same mounts.
 *
 * Directories of the host, volumes and synthetic files are not in it: they are not the guest's own.
 */
export class Snapshot {
  readonly #state: FileSystemState
  readonly #makePortable: LayerKeeper['makePortable'] | undefined

  static {
    readState = (snapshot) => snapshot.#state
  }

  /**
   * @param state - what was kept
   * @param makePortable - of the file system that kept it. @defaultValue the state says itself what is portable
   */
  constructor(state: FileSystemState, makePortable?: LayerKeeper['makePortable']) {
    this.#state = state
    this.#makePortable = makePortable
  }

  /** Where the layers are mounted. */
  get mounts(): readonly string[] {
    return Object.keys(this.#state.layers)
  }

  /**
   * Writes a layer as a tar stream in the form of OCI's image layers: what was removed is a whiteout (`.wh.name`), a directory
   * that took the place of another one is opaque (`.wh..wh..opq`). Other tools can apply it to what lies beneath.
   *
   * A directory of a lower layer that was renamed is in it with all that is in it. Sockets are left out. Inode numbers are not kept.
   *
   * @param mount - where the layer is mounted. @defaultValue all layers in one stream, by path from the guest's root; it is a
   *   view of the whole: to put layers back, pack each by itself
   * @returns the archive, uncompressed; it is made as it is read
   * @throws {VisorError} VISOR_OPTION_INVALID when no layer is mounted there
   * @throws {VisorError} VISOR_LAYER_INVALID when a name begins with `.wh.`, or a renamed directory holds a device
   */
  tar(mount?: string): ReadableStream<Uint8Array> {
    // What cannot be packed is said now, and not to whoever reads the stream.
    return packEntries([...(mount === undefined ? this.entries() : layerEntries(this.#portable(mount)))])
  }

  /**
   * Walks all layers in the order and the form of {@link Snapshot.tar}.
   *
   * @returns entries by path from the guest's root, a directory before what is in it
   * @throws {VisorError} as `tar` does
   */
  *entries(): Generator<LayerEntry> {
    for (const mount of [...this.mounts].sort()) {
      const prefix = mount.slice(1)
      for (const entry of layerEntries(this.#portable(mount))) {
        const { path, linkTo } = entry
        yield {
          ...entry,
          path: join(prefix, path),
          ...(linkTo !== undefined && { linkTo: join(prefix, linkTo) }),
        }
        // Files that are mounted over others hide what is beneath.
        if (path === '' && prefix !== '' && this.#state.layers[mount]?.overlay !== true) yield opaqueMarker(prefix)
      }
    }
  }

  #portable(mount: string): LayerState {
    const { layers, portable = {}, refused = {} } = this.#state
    const layer = layers[mount]
    if (layer === undefined) throw noLayer(mount, this.mounts)
    const refusal = refused[mount]
    if (refusal !== undefined) {
      const { message, hint } = refusal
      throw new VisorError('VISOR_LAYER_INVALID', message, hint === undefined ? {} : { hint })
    }
    return portable[mount] ?? this.#makePortable?.(mount, layer) ?? layer
  }
}

function join(directory: string, path: string): string {
  return directory === '' || path === '' ? directory + path : below(directory, path)
}

/**
 * What a snapshot holds, to be put back by a file system, or cloned to another thread.
 *
 * @param snapshot - of any origin
 * @throws {TypeError} when it is none
 * @example
 * ```ts
 * import { readSnapshot, stateOf } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 *
 * // The end of an archive: a layer without entries.
 * const snapshot = await readSnapshot({ '/data': new Uint8Array(1024) })
 * assert.deepEqual(Object.keys(stateOf(snapshot).layers), ['/data'])
 * ```
 */
export function stateOf(snapshot: Snapshot): FileSystemState {
  if (!(snapshot instanceof Snapshot)) throw new TypeError(`A snapshot was expected, not ${typeof snapshot}`)
  return readState(snapshot)
}

/**
 * Reads a snapshot from tar streams, such as {@link Snapshot.tar} and other tools for OCI's image layers write.
 *
 * @param layers - a stream of each layer, by where it is mounted
 * @returns the snapshot, to be put back with `restore()`
 * @throws {VisorError} VISOR_LAYER_INVALID when a stream is no tar archive, is cut off, or holds what a layer in memory cannot
 * @example
 * ```ts
 * import { readSnapshot } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 *
 * const snapshot = await readSnapshot({ '/': new Uint8Array(1024) })
 * const bytes = await new Response(snapshot.tar('/')).bytes()
 * const again = await readSnapshot({ '/': bytes })
 * assert.deepEqual(again.mounts, ['/'])
 * await assert.rejects(readSnapshot({ '/': bytes.subarray(0, 700) }), { code: 'VISOR_LAYER_INVALID' })
 * ```
 */
export async function readSnapshot(layers: Readonly<Record<string, ByteSource>>): Promise<Snapshot> {
  const read: Record<string, LayerState> = {}
  for (const [mount, source] of Object.entries(layers)) {
    if (!isByteSource(source)) {
      throw new TypeError(`The layer at '${mount}' must be a stream of bytes or a Uint8Array, not ${typeof source}`)
    }
    read[mount] = await unpackLayer(source)
  }
  return new Snapshot({ layers: read })
}

function isByteSource(source: unknown): boolean {
  return (
    typeof source === 'object' && source !== null && (source instanceof Uint8Array || Symbol.asyncIterator in source)
  )
}

/** The writable layers of a file system: what they hold is kept, put back, and compared. */
import { VisorError } from '@libvisor/core'
import type { Entropy } from '@libvisor/core'
import { Errno } from '../types.ts'
import { diffLayers, mergeChanges } from './layer-diff.ts'
import type { FileChanges } from './layer-diff.ts'
import { exportLayer, importLayer, isWhiteoutState } from './layer-state.ts'
import type { InodeState, LayerState } from './layer-state.ts'
import { MemoryDriver } from './memory.ts'
import type { MountSpec } from './mount-spec.ts'
import type { MountTable } from './mounts.ts'
import { OverlayDriver } from './overlay.ts'
import { makePortable } from './snapshot-portable.ts'
import { lookupLower } from './snapshot-lower.ts'
import { fill, knownDevices } from './synthetic.ts'
import { fileType } from './vnode.ts'
import type { Vnode } from './vnode.ts'

/** A layer in memory that is written to. */
interface WritableLayer {
  readonly driver: MemoryDriver
  readonly overlay: OverlayDriver | undefined
}

/** What was written to a guest's layers in memory, by where they are mounted. Can be cloned; nobody changes it. */
export interface FileSystemState {
  readonly layers: Readonly<Record<string, LayerState>>
  /** Of layers for which it is something else: the same for those who do not know this overlay. */
  readonly portable?: Readonly<Record<string, LayerState>>
  /** Why layers cannot be made portable. */
  readonly refused?: Readonly<Record<string, Refusal>>
}

/** Why something cannot be done. */
export interface Refusal {
  readonly message: string
  readonly hint: string | undefined
}

/** What is kept, put back and compared. */
export interface LayerKeeper {
  /** Keeps what the writable layers in memory hold. Contents are shared until somebody writes to them. */
  exportState(): FileSystemState
  /** A layer of this file system as others can apply it. */
  makePortable(mount: string, layer: LayerState): LayerState
  /**
   * Puts back what writable layers in memory held: all of a state, or nothing. Files that are open keep what they had.
   *
   * @param state - from a file system with the same mounts
   * @throws {VisorError} VISOR_OPTION_INVALID when a layer has no place here
   */
  importState(state: FileSystemState): void
  /**
   * Tells what has been changed in the writable layers in memory.
   *
   * @param since - compared with. @defaultValue what was mounted
   */
  diff(since?: FileSystemState): FileChanges
}

/** What a keeper depends on. */
export interface LayerKeeperOptions {
  readonly mounts: MountTable
  /** What was to be mounted: what the layers held at first. */
  readonly specs: Readonly<Record<string, MountSpec>>
  /** Where random bytes come from. */
  readonly entropy: Entropy
  /** Who owns the roots of memory mounts. */
  readonly owner: { readonly uid: number; readonly gid: number }
}

/** Stamps what is made for comparing. */
const noClock = { now: () => 0, nowNs: () => 0n, monotonicNs: () => 0n, zone: 'UTC' }

/**
 * Keeps the layers of a file system.
 *
 * @param options - the file system
 */
export function createLayerKeeper(options: LayerKeeperOptions): LayerKeeper {
  const { mounts } = options
  const layers = (): Map<string, WritableLayer> => new Map(writableLayers(mounts))
  return {
    exportState: () => ({
      layers: Object.fromEntries(Array.from(layers(), ([mount, layer]) => [mount, stateOfLayer(layer)])),
    }),

    makePortable(mount, layer) {
      const overlay = layers().get(mount)?.overlay
      return overlay === undefined ? layer : makePortable(layer, rootsOf(overlay))
    },

    importState(state) {
      const here = layers()
      const targets = Object.entries(state.layers).map(([mount, kept]) => {
        const layer = here.get(mount)
        if (layer === undefined) throw noLayer(mount, [...here.keys()])
        if (layer.overlay === undefined) refuseWhiteouts(mount, kept)
        return { layer, kept: withImplied(kept, layer) }
      })
      for (const { layer, kept } of targets) importLayer(layer.driver, kept, knownDevices(options.entropy))
      mounts.reload()
      // An empty layer can still have changed the root itself.
      for (const { layer, kept } of targets) {
        if (layer.overlay?.pristine === true && kept.pristine !== true) layer.overlay.covered()
      }
    },

    diff(since) {
      const parts: FileChanges[] = []
      for (const [mount, layer] of layers()) {
        const roots = layer.overlay === undefined ? [] : rootsOf(layer.overlay)
        const kept = since === undefined ? undefined : since.layers[mount]
        if (since !== undefined && kept === undefined) continue
        const before = kept === undefined ? firstState(layer, mount, options) : withImplied(kept, layer)
        const after = stateOfLayer(layer)
        const how = { mount, ignoreTimesBefore: kept === undefined }
        parts.push(compared(mount, () => diffLayers({ layer: before, roots }, { layer: after, roots }, how)))
      }
      return mergeChanges(parts)
    },
  }
}

/**
 * Keeps what a file system holds, to be sent to where it is not.
 *
 * @param files - keeps its layers
 * @returns plain data that can be cloned: what a `Snapshot` is made of
 * @example
 * ```ts
 * import { createFileSystem, createHostFs, exportPortable, memory, Snapshot } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 *
 * using files = createFileSystem({
 *   mounts: { '/': memory({ '/greeting': 'hello' }) },
 *   clock: { now: Date.now, nowNs: () => 0n, monotonicNs: () => 0n, zone: 'UTC' },
 *   entropy: { fill: (bytes) => void bytes.fill(4), float: () => 0.5, seeded: true },
 *   host: createHostFs(),
 *   later: setImmediate,
 * })
 * const snapshot = new Snapshot(structuredClone(exportPortable(files)))
 * assert.deepEqual(Array.from(snapshot.entries(), ({ path }) => path), ['', 'greeting'])
 * ```
 */
export function exportPortable(files: LayerKeeper): FileSystemState {
  const { layers } = files.exportState()
  const portable: Record<string, LayerState> = {}
  const refused: Record<string, Refusal> = {}
  for (const [mount, layer] of Object.entries(layers)) {
    try {
      const other = files.makePortable(mount, layer)
      if (other !== layer) portable[mount] = other
    } catch (error) {
      if (!(error instanceof VisorError)) throw error
      // The layer can be put back all the same.
      refused[mount] = { message: error.message, hint: error.hint }
    }
  }
  return { layers, portable, refused }
}

/** What is said when a layer is not there. */
export function noLayer(mount: string, mounts: readonly string[]): VisorError {
  return new VisorError('VISOR_OPTION_INVALID', `There is no writable layer in memory at '${mount}'`, {
    hint: mounts.length === 0 ? 'There is none anywhere.' : `There are layers at: ${mounts.join(', ')}.`,
  })
}

function* writableLayers(mounts: MountTable): Generator<readonly [mount: string, layer: WritableLayer]> {
  for (const [mount, driver] of mounts.memoryLayers()) {
    const mounted = mounts.points.find(({ path }) => path === mount)?.driver
    yield [mount, { driver, overlay: mounted instanceof OverlayDriver ? mounted : undefined }]
  }
}

function stateOfLayer({ driver, overlay }: WritableLayer): LayerState {
  const state = exportLayer(driver)
  return overlay === undefined ? state : { ...state, overlay: true, pristine: overlay.pristine }
}

/** What lies beneath may not be for this user to read. */
function compared(mount: string, compare: () => FileChanges): FileChanges {
  try {
    return compare()
  } catch (cause) {
    if (!(cause instanceof Errno)) throw cause
    throw new VisorError('VISOR_LAYER_INVALID', `The layer at '${mount}' cannot be compared: ${cause.code}`, { cause })
  }
}

/** What a layer held when it was mounted: made again, but for the times. */
function firstState(
  { driver, overlay }: WritableLayer,
  mount: string,
  { specs, owner }: LayerKeeperOptions,
): LayerState {
  const spec = Object.entries(specs).find(([path]) => samePath(path, mount))?.[1]
  const memory = spec?.kind === 'overlay' ? spec.upper : spec
  const files = memory?.kind === 'memory' ? memory.files : {}
  const first = new MemoryDriver({ dev: driver.dev, clock: noClock, ...owner })
  fill(first, files)
  const state = exportLayer(first)
  return overlay === undefined ? state : { ...state, overlay: true, pristine: Object.keys(files).length === 0 }
}

function samePath(path: string, mount: string): boolean {
  const names = path.split('/').filter((name) => name !== '')
  return `/${names.join('/')}` === mount
}

function rootsOf(overlay: OverlayDriver): readonly Vnode[] {
  return overlay.lowers.map(({ root }) => root)
}

function refuseWhiteouts(mount: string, state: LayerState): void {
  if (!state.inodes.some((inode) => inode.opaque === true || inode.redirect !== undefined || isWhiteoutState(inode)))
    return
  throw new VisorError(
    'VISOR_OPTION_INVALID',
    `The layer for '${mount}' hides files of layers beneath, and there are none`,
    {
      hint: `Mount an overlay at '${mount}'.`,
    },
  )
}

/** Gives directories of which a layer has no entry the attributes that they have beneath. */
function withImplied(state: LayerState, { driver, overlay }: WritableLayer): LayerState {
  if (!state.inodes.some(({ implied }) => implied === true)) return state
  const inodes = state.inodes.slice()
  const now = driver.clock.nowNs()
  const visit = (index: number, lowers: readonly Vnode[]): void => {
    const { implied, ...inode } = inodes[index] as InodeState
    if ((inode.mode & fileType.mask) !== fileType.directory) return
    if (implied === true) {
      const times = { atimeNs: now, mtimeNs: now, ctimeNs: now, birthtimeNs: now }
      const [lower] = lowers
      const found = lower?.type === fileType.directory ? lower.stat() : index === 0 ? driver.root.stat() : undefined
      const { mode = inode.mode, uid = driver.root.uid, gid = driver.root.gid } = found ?? {}
      const { atimeNs, mtimeNs, ctimeNs, birthtimeNs } = found ?? times
      inodes[index] = { ...inode, mode, uid, gid, atimeNs, mtimeNs, ctimeNs, birthtimeNs }
    }
    const shown = inode.opaque === true ? [] : lowers
    for (const [name, child] of inode.entries ?? []) visit(child, lookupLower(shown, name, true))
  }
  visit(0, overlay === undefined ? [] : rootsOf(overlay))
  return { ...state, inodes }
}

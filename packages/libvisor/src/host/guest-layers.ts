import type * as fsPromises from 'node:fs/promises'
import { Snapshot, stateOf } from '@libvisor/fs'
import type { FileChanges, FileSystemState } from '@libvisor/fs'
import { restoreFailure } from '../thread/failure.ts'
import type { LastFiles } from '../thread/protocol.ts'

/** What was written to the layers in memory of a guest: kept, put back, compared. */
export interface GuestLayers {
  /**
   * Keeps what the layers in memory hold, at one moment between two turns of the guest's event loop. It outlives the guest.
   *
   * @throws {VisorError} VISOR_GUEST_ENDED when the guest has ended, unless it was started with `keepFiles`
   */
  snapshot(): Promise<Snapshot>
  /**
   * Puts back what layers in memory held: all of a snapshot, or nothing. Files that are open keep what they had.
   *
   * @param snapshot - of this guest, of another one with the same mounts, or from `readSnapshot`
   * @throws {VisorError} VISOR_OPTION_INVALID when a layer has no place there
   * @throws {VisorError} VISOR_GUEST_ENDED when the guest has ended
   */
  restore(snapshot: Snapshot): Promise<void>
  /**
   * Tells what has been added, changed and deleted in layers in memory.
   *
   * @param since - compared with. @defaultValue what was mounted
   * @throws {VisorError} VISOR_GUEST_ENDED when the guest has ended, unless it was started with `keepFiles` and is compared
   *   with what was mounted
   */
  diff(since?: Snapshot): Promise<FileChanges>
}

/** The files of a guest: `node:fs/promises`, and its layers in memory. */
export type GuestFileSystem = typeof fsPromises & GuestLayers

/** What is asked of the guest. */
export type LayerRequest =
  | { readonly type: 'diff'; readonly since: FileSystemState | undefined }
  | { readonly type: 'restore'; readonly state: FileSystemState }
  | { readonly type: 'snapshot' }

/** How a guest is asked, or what is left of it. */
export interface GuestLayersOptions {
  readonly ask: (request: LayerRequest) => Promise<unknown>
  /** What the guest's layers held when it ended, if that was to be kept. */
  readonly last: () => LastFiles | undefined
}

/**
 * Makes the layers of a guest in another thread.
 *
 * @param options - how it is asked
 */
export function createGuestLayers({ ask, last }: GuestLayersOptions): GuestLayers {
  const kept = (): LastFiles | undefined => {
    const files = last()
    if (files?.failure !== undefined) throw restoreFailure(files.failure)
    return files
  }
  return {
    async snapshot() {
      return new Snapshot(kept()?.state ?? ((await ask({ type: 'snapshot' })) as FileSystemState))
    },
    async restore(snapshot) {
      // What is portable is for those who have another file system.
      await ask({ type: 'restore', state: { layers: stateOf(snapshot).layers } })
    },
    async diff(since) {
      const changes = since === undefined ? kept()?.changes : undefined
      const state = since && { layers: stateOf(since).layers }
      return changes ?? ((await ask({ type: 'diff', since: state })) as FileChanges)
    },
  }
}

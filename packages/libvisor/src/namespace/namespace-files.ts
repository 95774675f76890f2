import type * as fsPromises from 'node:fs/promises'
import { Snapshot, stateOf } from '@libvisor/fs'
import type { FileChanges, LayerKeeper } from '@libvisor/fs'

/** What was written to the layers in memory of a namespace in this thread: kept, put back, compared. */
export interface NamespaceLayers {
  /**
   * Keeps what the layers in memory hold. Costs no more than a note of each file: contents are shared until somebody
   * writes to them.
   */
  snapshot(): Snapshot
  /**
   * Puts back what layers in memory held: all of a snapshot, or nothing. Files that are open keep what they had.
   *
   * @param snapshot - of this namespace, of another one with the same mounts, or from `readSnapshot`
   * @throws {VisorError} VISOR_OPTION_INVALID when a layer has no place here
   */
  restore(snapshot: Snapshot): void
  /**
   * Tells what has been added, changed and deleted in layers in memory.
   *
   * @param since - compared with. @defaultValue what was mounted
   */
  diff(since?: Snapshot): FileChanges
}

/** The files of a namespace in this thread: `node:fs/promises`, and its layers in memory. */
export type NamespaceFiles = typeof fsPromises & NamespaceLayers

/**
 * Makes the files of a namespace in this thread.
 *
 * @param promises - `node:fs/promises` as the namespace sees it
 * @param layers - gives its layers
 */
export function createNamespaceFiles(promises: typeof fsPromises, layers: () => LayerKeeper): NamespaceFiles {
  return {
    ...promises,
    snapshot: () => new Snapshot(layers().exportState(), layers().makePortable),
    restore: (snapshot) => layers().importState(stateOf(snapshot)),
    diff: (since) => layers().diff(since && stateOf(since)),
  }
}

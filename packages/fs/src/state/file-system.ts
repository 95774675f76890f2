import type { Clock, Entropy, Identity, Stdio } from '@libvisor/core'
import type { FileSystemProcess } from '../types.ts'
import { ChangeFeed } from './change-feed.ts'
import type { HostFs } from './host-fs.ts'
import { LocalProcess } from './local-process.ts'
import { MountTable } from './mounts.ts'
import type { MountSpec } from './mount-spec.ts'

/** How many descriptors a process may have. @source the usual hard limit of `ulimit -n` */
const MAX_OPEN_FILES = 1_048_576

/** What a guest's file system is made of. */
export interface FileSystemOptions {
  /** What is mounted where, by absolute path of the guest. Without `/`, the root holds only the mount points. */
  readonly mounts: Readonly<Record<string, MountSpec>>
  /** Stamps files. */
  readonly clock: Clock
  /** Fills `/dev/random`. */
  readonly entropy: Entropy
  /** The originals. */
  readonly host: HostFs
  /** Runs a task in a later turn of the event loop. */
  readonly later: (task: () => void) => void
  /** Who owns the roots of memory mounts. @defaultValue the host's user */
  readonly owner?: { readonly uid: number; readonly gid: number }
  /** Descriptors per process. @defaultValue 1,048,576 */
  readonly maxOpenFiles?: number
}

/** The files of one guest, shared by its processes. */
export interface FileSystem extends Disposable {
  /**
   * Makes a process of the guest: its own descriptors over the shared files.
   *
   * @param identity - whose permissions and umask count; live
   * @param stdio - descriptors 0, 1 and 2
   */
  process(identity: Identity, stdio: Stdio): FileSystemProcess
}

/**
 * Makes a guest's file system.
 *
 * @param options - mounts, and the powers it may use
 * @returns the file system; disposing of it closes what its processes have open
 * @throws {VisorError} VISOR_MOUNT_UNREADABLE when a host directory cannot be read
 * @throws {VisorError} VISOR_OPTION_INVALID when something cannot be mounted
 */
export function createFileSystem(options: FileSystemOptions): FileSystem {
  const { clock, entropy, host, later, maxOpenFiles = MAX_OPEN_FILES } = options
  const { owner = { uid: host.uid, gid: host.gid } } = options
  const mounts = new MountTable(options.mounts, { clock, entropy, host, owner })
  const feed = new ChangeFeed()
  const processes = new Set<LocalProcess>()

  return {
    process(identity, stdio) {
      const process = new LocalProcess({
        identity,
        stdio,
        mounts,
        host,
        feed,
        later,
        maxOpenFiles,
        onDispose: (ended) => processes.delete(ended),
      })
      processes.add(process)
      return process
    },

    [Symbol.dispose]() {
      for (const process of [...processes]) process[Symbol.dispose]()
      mounts[Symbol.dispose]()
    },
  }
}

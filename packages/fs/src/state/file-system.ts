import type { MessagePort } from 'node:worker_threads'
import type { Clock, Entropy, Identity, Stdio } from '@libvisor/core'
import type { FileSystemProcess } from '../types.ts'
import { ChangeFeed } from './change-feed.ts'
import type { HostFs } from './host-fs.ts'
import { LocalProcess } from './local-process.ts'
import { MountTable } from './mounts.ts'
import type { MountSpec } from './mount-spec.ts'
import { createProcSource } from './proc-facts.ts'
import type { ProcessFacts } from './proc-facts.ts'
import { flag } from './remote-protocol.ts'
import type { FileSystemMemory } from './remote-protocol.ts'
import { RemoteServer } from './remote-server.ts'
import { createLayerKeeper } from './snapshot-layers.ts'
import type { LayerKeeper } from './snapshot-layers.ts'
import type { VolumeStore } from './volume-store.ts'

const { store } = Atomics

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
  /** What `/proc` says of the guest's processes. @defaultValue next to nothing */
  readonly facts?: ProcessFacts
  /** Where volumes are. @defaultValue nowhere: they cannot be mounted */
  readonly volumes?: VolumeStore
  /** Descriptors per process. @defaultValue 1,048,576 */
  readonly maxOpenFiles?: number
}

/** The files of one guest, shared by its processes. */
export interface FileSystem extends LayerKeeper, Disposable {
  /**
   * Makes a process of the guest: its own descriptors over the shared files.
   *
   * @param identity - whose permissions and umask count; live
   * @param stdio - descriptors 0, 1 and 2
   */
  process(identity: Identity, stdio: Stdio): FileSystemProcess
  /**
   * Lets a process in another thread use these files: see `connectFileSystem`.
   *
   * @param port - this side's end; does not keep the event loop alive
   * @param options - what the process starts with
   * @returns what the other thread needs besides its end of the port; disposing of it ends the process
   */
  serve(port: MessagePort, options: ServeOptions): Serving
  /**
   * Answers what other threads have asked for, without waiting for the event loop: for a thread that blocks.
   *
   * @returns how many calls were answered
   */
  pump(): number
}

/** What a process in another thread starts with. */
export interface ServeOptions {
  /** Who it is. Its own changes of ids and umask come with its calls. */
  readonly identity: Identity
  /** Descriptors 0, 1 and 2, in this thread. */
  readonly stdio: Stdio
}

/** A process in another thread. */
export interface Serving extends Disposable {
  /** To be cloned to the other thread. */
  readonly memory: FileSystemMemory
}

/**
 * Makes a guest's file system.
 *
 * @param options - mounts, and the powers it may use
 * @returns the file system; disposing of it closes what its processes have open
 * @throws {VisorError} VISOR_MOUNT_UNREADABLE when a host directory cannot be read
 * @throws {VisorError} VISOR_OPTION_INVALID when something cannot be mounted
 * @example
 * ```ts
 * import { createFileSystem, createHostFs, hostDir, memory, overlay } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 * import fs from 'node:fs'
 *
 * using files = createFileSystem({
 *   mounts: { '/': overlay({ lower: hostDir('/'), upper: memory() }), '/app': memory({ '/config.json': '{}' }) },
 *   clock: { now: Date.now, nowNs: () => 0n, monotonicNs: () => 0n, zone: 'UTC' },
 *   entropy: { fill: (bytes) => void bytes.fill(4), float: () => 0.5, seeded: true },
 *   host: createHostFs(),
 *   later: setImmediate,
 * })
 * const silent = { kind: 'null', hostFd: undefined, readSync: () => new Uint8Array(0), writeSync: () => 0 } as const
 * const identity = { pid: 1, ppid: 0, uid: 0, gid: 0, groups: [], umask: 0o022, cwd: '/', hostname: 'guest' }
 * const { sync } = files.process(identity, [silent, silent, silent])
 *
 * const fd = sync.open('/only-in-memory', fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644)
 * sync.write(fd, Buffer.from('hello'), -1)
 * assert.deepEqual(sync.read(fd, 100, 1), Uint8Array.from(Buffer.from('ello')))
 * sync.close(fd)
 * assert.equal(sync.stat('/app/config.json').size, 2)
 * assert.equal(fs.existsSync('/only-in-memory'), false)
 * ```
 */
export function createFileSystem(options: FileSystemOptions): FileSystem {
  const { clock, entropy, host, later, volumes, maxOpenFiles = MAX_OPEN_FILES } = options
  const { owner = { uid: host.uid, gid: host.gid } } = options
  const flags = new Int32Array(new SharedArrayBuffer(flag.count * Int32Array.BYTES_PER_ELEMENT))
  const tellFlags = (): void => {
    store(flags, flag.readsPass, Number(mounts.readsPass))
    store(flags, flag.writesPass, Number(mounts.writesPass))
    store(flags, flag.differs, Number(mounts.differsFromHost))
    store(flags, flag.generation, mounts.generation)
  }
  const proc = createProcSource({
    facts: options.facts,
    host,
    clock,
    maxOpenFiles,
    processes: () => Array.from(processes, (process) => process.proc),
    mounts: () => mounts.rows(),
  })
  const mounts = new MountTable(options.mounts, { clock, entropy, host, owner, volumes, proc, onCover: tellFlags })
  tellFlags()
  const feed = new ChangeFeed()
  const processes = new Set<LocalProcess>()
  const servers = new Set<RemoteServer>()

  const makeProcess = (identity: Identity, stdio: Stdio): LocalProcess => {
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
  }

  return {
    process: makeProcess,

    serve(port, { identity: start, stdio }) {
      const { pid, ppid, uid, gid, groups, umask, cwd, hostname } = start
      const identity = { pid, ppid, uid, gid, groups, umask, cwd, hostname }
      const server = new RemoteServer({
        port,
        process: makeProcess(identity, stdio),
        identity,
        shared: { flags: flags.buffer, host: { uid: host.uid, umask: host.umask } },
        onDispose: () => servers.delete(server),
      })
      servers.add(server)
      return server
    },

    pump() {
      let count = 0
      for (const server of servers) count += server.pump()
      return count
    },

    ...createLayerKeeper({ mounts, specs: options.mounts, owner, entropy }),

    [Symbol.dispose]() {
      for (const server of [...servers]) server[Symbol.dispose]()
      for (const process of [...processes]) process[Symbol.dispose]()
      mounts[Symbol.dispose]()
    },
  }
}

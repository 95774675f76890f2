/** Objects that are mounted in guests of other threads: the thread that has them serves them. */
import type { MessagePort } from 'node:worker_threads'
import type { Channel, Clock, Entropy } from '@libvisor/core'
import { createFileSystem } from './file-system.ts'
import type { HostFs } from './host-fs.ts'
import { openChannel } from './message-port.native.ts'
import type { MountSpec, NodeFsSpec, RemoteSpec } from './mount-spec.ts'

/** What serving takes. */
export interface ShareOptions {
  readonly clock: Clock
  readonly entropy: Entropy
  /** The originals. */
  readonly host: HostFs
  /** Runs a task in a later turn of the event loop. */
  readonly later: (task: () => void) => void
}

/** Nobody reads or writes streams of a thread that only serves. */
const silent: Channel = {
  kind: 'null',
  hostFd: undefined,
  readSync: () => new Uint8Array(0),
  writeSync: (bytes) => bytes.length,
}

/** Who calls from another thread: permissions are asked for there. */
const caller = { pid: 0, ppid: 0, uid: 0, gid: 0, groups: [], umask: 0, cwd: '/', hostname: '' }

/**
 * Makes mounts ready to be sent to another thread, where each object is reached through a port. The objects are served until the
 * other thread closes its ends.
 *
 * @param mounts - by path of the guest
 * @param options - what serving takes
 * @returns mounts that can be cloned, given that the ports from {@link portsIn} are transferred
 * @example
 * ```ts
 * import { createHostFs, memory, nodeFs, portsIn, shareObjects } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 * import fs from 'node:fs'
 *
 * const shared = shareObjects(
 *   { '/': memory(), '/shared': nodeFs(fs, { path: '/tmp' }) },
 *   {
 *     clock: { now: Date.now, nowNs: () => 0n, monotonicNs: () => 0n, zone: 'UTC' },
 *     entropy: { fill: (bytes) => void bytes.fill(4), float: () => 0.5, seeded: true },
 *     host: createHostFs(),
 *     later: setImmediate,
 *   },
 * )
 * assert.equal(shared['/shared'].kind, 'remote')
 * for (const port of portsIn(shared)) port.close()
 * ```
 */
export function shareObjects<Mounts extends Readonly<Record<string, MountSpec>>>(
  mounts: Mounts,
  options: ShareOptions,
): Readonly<Record<keyof Mounts, MountSpec>> {
  const share = (spec: MountSpec): MountSpec => {
    if (spec.kind === 'node-fs') return serve(spec, options)
    if (spec.kind !== 'overlay') return spec
    return { ...spec, lower: spec.lower.map(share), upper: share(spec.upper) }
  }
  const entries = Object.entries(mounts).map(([path, spec]) => [path, share(spec)])
  return Object.fromEntries(entries) as Record<keyof Mounts, MountSpec>
}

function serve(spec: NodeFsSpec, options: ShareOptions): RemoteSpec {
  const files = createFileSystem({ ...options, mounts: { '/': spec }, owner: { uid: 0, gid: 0 } })
  const { port1, port2 } = openChannel()
  const { memory } = files.serve(port1, { identity: caller, stdio: [silent, silent, silent] })
  port1.once('close', () => files[Symbol.dispose]())
  return { kind: 'remote', port: port2, memory, mode: spec.mode }
}

/**
 * The ports that must be transferred with mounts.
 *
 * @param mounts - what {@link shareObjects} gave
 * @returns the ports, none where there are no objects
 * @example
 * ```ts
 * import { memory, portsIn } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 *
 * assert.deepEqual(portsIn({ '/': memory() }), [])
 * ```
 */
export function portsIn(mounts: Readonly<Record<string, MountSpec>>): MessagePort[] {
  const portsOf = (spec: MountSpec): MessagePort[] => {
    if (spec.kind === 'remote') return [spec.port]
    return spec.kind === 'overlay' ? [...spec.lower, spec.upper].flatMap(portsOf) : []
  }
  return Object.values(mounts).flatMap(portsOf)
}

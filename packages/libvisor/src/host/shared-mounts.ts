import { host as node } from '@libvisor/abi'
import { createHostFs, shareObjects } from '@libvisor/fs'
import type { MountSpec } from '@libvisor/fs'
import { createEntropy } from '@libvisor/random'
import { createClock } from '@libvisor/time'
import type { NamespaceSpec } from '../config/guest-spec.ts'

/**
 * The mounts of a guest as they are sent to its thread. Objects that only this thread has are served from here.
 *
 * @param spec - the guest's namespace
 * @returns mounts with ports of their own, which are transferred with the guest's envelope
 */
export function shareMounts(spec: NamespaceSpec): Readonly<Record<string, MountSpec>> {
  return shareObjects(spec.mounts, {
    clock: createClock(spec.time),
    entropy: createEntropy({}),
    host: createHostFs(),
    later: (task) => void node.setImmediate(task),
  })
}

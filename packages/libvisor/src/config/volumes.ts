import type { MountSpec, VolumeStore } from '@libvisor/fs'
import type { NamespaceSpec } from './guest-spec.ts'

/**
 * The names of the volumes among mounts.
 *
 * @param mounts - by path of the guest
 * @returns each name once
 */
export function volumesIn(mounts: Readonly<Record<string, MountSpec>>): ReadonlySet<string> {
  const namesIn = (spec: MountSpec): readonly string[] => {
    if (spec.kind === 'volume') return [spec.name]
    return spec.kind === 'overlay' ? [...spec.lower, spec.upper].flatMap(namesIn) : []
  }
  return new Set(Object.values(mounts).flatMap(namesIn))
}

/**
 * Puts directories of the host in the place of volumes, and makes those that are missing. Then they can be mounted in any thread.
 *
 * @param spec - may have volumes among its mounts
 * @param open - opens the store; it is not asked where there are none
 * @returns the spec without volumes
 * @throws {VisorError} VISOR_OPTION_INVALID, VISOR_MOUNT_UNREADABLE when a volume cannot be made
 */
export function placeVolumes(spec: NamespaceSpec, open: () => VolumeStore): NamespaceSpec {
  if (volumesIn(spec.mounts).size === 0) return spec
  const store = open()
  const mounts = Object.entries(spec.mounts).map(([path, mount]) => [path, store.resolve(mount)])
  return { ...spec, mounts: Object.fromEntries(mounts) as NamespaceSpec['mounts'] }
}

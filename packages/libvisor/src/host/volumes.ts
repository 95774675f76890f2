import { VisorError } from '@libvisor/core'
import type { Volume, VolumeStore } from '@libvisor/fs'

/** What a new volume may hold. */
export interface NewVolumeOptions {
  /** @units bytes @defaultValue no limit */
  readonly sizeBytes?: number
  /** How many files, directories and links there may be. @defaultValue no limit */
  readonly inodes?: number
}

/** The volumes of a host: named directories that outlive its guests, and the host itself. */
export interface Volumes {
  /** The directory that holds them. */
  readonly directory: string
  /**
   * Makes a volume, or finds the one of this name. Guests that mount a volume make it themselves.
   *
   * @throws {VisorError} VISOR_OPTION_INVALID when it cannot have this name
   */
  create(name: string, options?: NewVolumeOptions): Promise<Volume>
  /** All volumes, by name. */
  list(): Promise<readonly Volume[]>
  /** A volume, or `undefined` when there is none of this name. */
  inspect(name: string): Promise<Volume | undefined>
  /**
   * Removes a volume with its files.
   *
   * @throws {VisorError} VISOR_VOLUME_NOT_FOUND when there is none, VISOR_VOLUME_IN_USE when a guest of this host has it mounted
   */
  remove(name: string): Promise<void>
  /** Removes all volumes that no guest of this host has mounted. @returns the names of those that are gone */
  prune(): Promise<readonly string[]>
}

/**
 * The volumes of a host.
 *
 * @param open - opens their store, when they are first asked for
 * @param usersOf - the names of the guests that have a volume mounted
 * @returns the volumes
 */
export function createVolumes(open: () => VolumeStore, usersOf: (volume: string) => readonly string[]): Volumes {
  const remove = (name: string): void => {
    const users = usersOf(name)
    if (users.length > 0) {
      throw new VisorError('VISOR_VOLUME_IN_USE', `The volume '${name}' is in use by ${users.join(', ')}`, {
        hint: 'End the guests that have it mounted first.',
      })
    }
    if (!open().remove(name)) throw new VisorError('VISOR_VOLUME_NOT_FOUND', `There is no volume '${name}'`)
  }
  return Object.freeze({
    get directory() {
      return open().directory
    },
    create: async (name, options) => open().create(name, options),
    list: async () => open().list(),
    inspect: async (name) => open().inspect(name),
    remove: async (name) => remove(name),
    async prune() {
      const unused = open()
        .list()
        .map(({ name }) => name)
        .filter((name) => usersOf(name).length === 0)
      for (const name of unused) remove(name)
      return unused
    },
  } satisfies Volumes)
}

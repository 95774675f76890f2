/** Volumes: named directories that outlive the guests that use them. */
import { linuxFsConstants as flags } from '@libvisor/abi'
import { VisorError } from '@libvisor/core'
import type { HostFs } from './host-fs.ts'
import type { HostDirSpec, MountSpec, VolumeSpec } from './mount-spec.ts'
import { blocksOf, createQuotaCounters, Quota } from './quota.ts'
import type { QuotaLimits } from './quota.ts'
import { decodeName, encodeName } from './name-bytes.ts'

/** Where the files of a volume are, in its directory. */
const DATA = '_data'
/** What is known of a volume besides its files. */
const FACTS = 'volume.json'

/** @source Docker, `daemon/names`: RestrictedNameChars */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/

/** A volume, as `docker volume inspect` shows one. */
export interface Volume extends QuotaLimits {
  readonly name: string
  /** The directory of the host that holds its files. */
  readonly mountpoint: string
  /** When it was made: ISO 8601. */
  readonly createdAt: string
}

/** What a store of volumes works with. */
export interface VolumeStoreOptions {
  /** The originals. */
  readonly host: HostFs
  /** The directory of the host that holds the volumes; made when it is needed. */
  readonly directory: string
}

/** The volumes in one directory of the host. */
export interface VolumeStore {
  /** The directory of the host that holds them. */
  readonly directory: string
  /**
   * Makes a volume, or finds the one that is there.
   *
   * @param name - letters, digits, `_`, `.` and `-`
   * @param limits - of a new volume. @defaultValue none
   * @throws {VisorError} VISOR_OPTION_INVALID when it cannot have this name, VISOR_MOUNT_UNREADABLE when the host does not let it be made
   */
  create(name: string, limits?: QuotaLimits): Volume
  /** All volumes, by name. */
  list(): readonly Volume[]
  /** A volume, or `undefined` when there is none of this name. */
  inspect(name: string): Volume | undefined
  /**
   * Removes a volume and its files.
   *
   * @returns whether there was one
   */
  remove(name: string): boolean
  /**
   * Finds the directories of the host that volumes are in, and makes those that are missing.
   *
   * @param spec - may be a volume, or have volumes among its layers
   * @returns the same without volumes: it can be mounted in any thread
   */
  resolve(spec: MountSpec): MountSpec
}

/**
 * Opens the volumes in a directory of the host.
 *
 * @param options - where they are
 * @returns the store; volumes and their files stay when it is no longer used
 * @example
 * ```ts
 * import { createHostFs, createVolumeStore, volume } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 * import fs from 'node:fs'
 *
 * const directory = fs.mkdtempSync('/tmp/volumes-')
 * const volumes = createVolumeStore({ host: createHostFs(), directory })
 * assert.deepEqual(volumes.resolve(volume('data')), { kind: 'host', path: `${directory}/data/_data`, mode: 'rw' })
 * assert.deepEqual(volumes.list().map(({ name }) => name), ['data'])
 * assert.equal(volumes.remove('data'), true)
 * fs.rmSync(directory, { recursive: true })
 * ```
 */
export function createVolumeStore({ host, directory }: VolumeStoreOptions): VolumeStore {
  /** What is in volumes that have a limit, for all guests of this store. */
  const counters = new Map<string, SharedArrayBuffer>()

  const read = (name: string): Volume | undefined => {
    try {
      const facts = JSON.parse(host.readText(encodeName(`${directory}/${name}/${FACTS}`))) as Volume
      const { createdAt, sizeBytes, inodes } = facts
      return {
        name,
        mountpoint: `${directory}/${name}/${DATA}`,
        createdAt,
        ...(sizeBytes !== undefined && { sizeBytes }),
        ...(inodes !== undefined && { inodes }),
      }
    } catch {
      return undefined
    }
  }

  const create = (name: string, limits: QuotaLimits = {}): Volume => {
    if (!NAME.test(name)) {
      throw new VisorError('VISOR_OPTION_INVALID', `A volume cannot be named '${name}'`, {
        hint: 'Use letters, digits, "_", "." and "-"; the first one must be a letter or a digit.',
      })
    }
    const found = read(name)
    if (found !== undefined) return found
    try {
      makeDirectory(host, `${directory}/${name}/${DATA}`)
      const { sizeBytes, inodes } = limits
      const facts = {
        createdAt: new Date(host.wallMs()).toISOString(),
        ...(sizeBytes !== undefined && { sizeBytes }),
        ...(inodes !== undefined && { inodes }),
      }
      writeText(host, `${directory}/${name}/${FACTS}`, `${JSON.stringify(facts)}\n`)
    } catch (cause) {
      throw new VisorError('VISOR_MOUNT_UNREADABLE', `The volume '${name}' cannot be made in '${directory}'`, {
        cause,
        hint: 'Check that this user may write there, or keep volumes in another directory.',
      })
    }
    const made = read(name)
    if (made === undefined) throw new VisorError('VISOR_MOUNT_UNREADABLE', `The volume '${name}' cannot be read`)
    return made
  }

  const toHostDir = ({ name, mode, sizeBytes, inodes }: VolumeSpec): HostDirSpec => {
    const volume = create(name, {
      ...(sizeBytes !== undefined && { sizeBytes }),
      ...(inodes !== undefined && { inodes }),
    })
    const spec: HostDirSpec = { kind: 'host', path: volume.mountpoint, mode }
    if (volume.sizeBytes === undefined && volume.inodes === undefined) return spec
    let shared = counters.get(name)
    if (shared === undefined) {
      shared = createQuotaCounters()
      new Quota(volume, shared).reset(...measure(host, volume.mountpoint))
      counters.set(name, shared)
    }
    return {
      ...spec,
      quota: {
        counters: shared,
        ...(volume.sizeBytes !== undefined && { sizeBytes: volume.sizeBytes }),
        ...(volume.inodes !== undefined && { inodes: volume.inodes }),
      },
    }
  }

  const store: VolumeStore = {
    directory,
    create,
    inspect: (name) => (NAME.test(name) ? read(name) : undefined),

    list() {
      if (host.lstat(directory) === undefined) return []
      const names = host.readdir(directory).map(({ name }) => name)
      return names.sort().flatMap((name) => read(name) ?? [])
    },

    remove(name) {
      if (store.inspect(name) === undefined) return false
      removeTree(host, `${directory}/${name}`)
      counters.delete(name)
      return true
    },

    resolve(spec) {
      if (spec.kind === 'volume') return toHostDir(spec)
      if (spec.kind !== 'overlay') return spec
      return { ...spec, lower: spec.lower.map(store.resolve), upper: store.resolve(spec.upper) }
    },
  }
  return Object.freeze(store)
}

function makeDirectory(host: HostFs, path: string): void {
  if (path === '' || host.lstat(path) !== undefined) return
  makeDirectory(host, path.slice(0, path.lastIndexOf('/')))
  try {
    host.mkdir(path, 0o755)
  } catch (error) {
    // Another process makes the same volume.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** Puts a file in its place whole: another process may read it at any time. */
function writeText(host: HostFs, path: string, text: string): void {
  const { O_CREAT, O_TRUNC, O_WRONLY } = flags
  const draft = `${path}.${Math.trunc(host.nowMs() * 1000)}`
  const fd = host.open(draft, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
  try {
    host.write(fd, new TextEncoder().encode(text), -1)
  } finally {
    host.close(fd)
  }
  host.rename(draft, path)
}

/** How many blocks and inodes there are from a directory on. */
function measure(host: HostFs, path: string): [blocks: number, inodes: number] {
  let blocks = 0
  const seen = new Set<number>()
  const visit = (at: string): void => {
    const stats = host.lstat(encodeName(at))
    if (stats === undefined || seen.has(stats.ino)) return
    seen.add(stats.ino)
    if (stats.isFile()) blocks += blocksOf(stats.size)
    if (stats.isDirectory()) for (const name of namesIn(host, at)) visit(`${at}/${name}`)
  }
  visit(path)
  return [blocks, seen.size]
}

function removeTree(host: HostFs, path: string): void {
  const stats = host.lstat(encodeName(path))
  if (stats === undefined) return
  if (!stats.isDirectory()) return host.unlink(encodeName(path))
  for (const name of namesIn(host, path)) removeTree(host, `${path}/${name}`)
  host.rmdir(encodeName(path))
}

function namesIn(host: HostFs, path: string): string[] {
  return host.readdirBytes(encodeName(path)).map(({ name }) => decodeName(name))
}

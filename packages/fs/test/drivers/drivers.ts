/** Every driver that can be written to, by name: made in the same way in this thread and in another one. */
import path from 'node:path'
import { create } from '@platformatic/vfs'
import { createHostFs, createVolumeStore, hostDir, memory, nodeFs, overlay, volume } from '@libvisor/fs'
import type { MountSpec, VolumeStore } from '@libvisor/fs'
import { createFsFromVolume, Volume } from 'memfs'
import fs from 'node:fs'

/** What a driver may not be able to do, with what the call fails with then. */
export type Ability = 'hardLinks' | 'modes' | 'otherUsers' | 'owners' | 'sockets' | 'times' | 'unlinkedFiles'

export interface DriverCase {
  /** What is mounted. @param directory - an empty directory of the host */
  readonly mount: (directory: string) => MountSpec
  /** What it cannot do, and why. */
  readonly lacks?: Readonly<Partial<Record<Ability, string>>>
}

const limits = { sizeBytes: 64 * 2 ** 20, inodes: 1000 }
const memfs = {
  otherUsers: 'it asks for the permission of the user of the host, and knows no root',
  sockets: 'it knows none',
}

function inside(directory: string, name: string): string {
  const made = path.join(directory, name)
  fs.mkdirSync(made, { recursive: true })
  return made
}

/** A directory of the host with something in it that no test touches. */
function lowerOf(directory: string, name: string): MountSpec {
  const lower = inside(directory, name)
  fs.mkdirSync(path.join(lower, '.lower', name), { recursive: true })
  return hostDir(lower)
}

export function volumesIn(directory: string): VolumeStore {
  return createVolumeStore({ host: createHostFs(), directory: path.join(directory, 'volumes') })
}

export const drivers = {
  memory: { mount: () => memory() },
  'memory with a limit': { mount: () => memory({}, limits) },
  'a directory of the host': { mount: (directory) => hostDir(inside(directory, 'data'), { mode: 'rw' }) },
  'a volume': { mount: () => volume('data') },
  'a volume with a limit': { mount: () => volume('limited', limits) },
  'an overlay over one layer': {
    mount: (directory) => overlay({ lower: lowerOf(directory, 'a'), upper: memory() }),
  },
  'an overlay over three layers': {
    mount: (directory) =>
      overlay({
        lower: [lowerOf(directory, 'a'), memory({ '/.lower/b/file': 'b' }), lowerOf(directory, 'c')],
        upper: memory({}, limits),
      }),
  },
  'an overlay with its changes on the host': {
    mount: (directory) =>
      overlay({ lower: lowerOf(directory, 'a'), upper: hostDir(inside(directory, 'upper'), { mode: 'rw' }) }),
  },
  'a volume of memfs': {
    mount: () => nodeFs(new Volume()),
    lacks: memfs,
  },
  'the functions of a volume of memfs, below a directory': {
    mount() {
      const files = createFsFromVolume(Volume.fromJSON({ '/sub/': null }))
      return nodeFs(files, { path: '/sub' })
    },
    lacks: memfs,
  },
  "Node's own functions": {
    mount: (directory) => nodeFs(fs, { path: inside(directory, 'data') }),
    lacks: { sockets: 'they have none for them' },
  },
  'a virtual file system of @platformatic/vfs': {
    mount: () => nodeFs(create({ moduleHooks: false })),
    lacks: {
      hardLinks: 'it has no linkSync',
      modes: 'it has no chmodSync',
      owners: 'it has no chownSync',
      sockets: 'it knows none',
      times: 'it has no utimesSync',
      unlinkedFiles: 'it writes whole files by their names',
    },
  },
} as const satisfies Record<string, DriverCase>

export type DriverName = keyof typeof drivers

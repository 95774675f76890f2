import { createHostFs, createVolumeStore } from '@libvisor/fs'
import { createVolumes } from '../host/volumes.ts'
import type { NewVolumeOptions, Volumes } from '../host/volumes.ts'
import { VisorError } from '@libvisor/core'
import { readHostFacts } from '../config/host-facts.native.ts'
import { readSize } from './mount-options.ts'

/** What `visor volume` is asked to do. */
export type VolumeRequest =
  | { readonly command: 'create'; readonly name: string; readonly opt?: readonly string[] }
  | { readonly command: 'inspect' | 'rm'; readonly names: readonly string[] }
  | { readonly command: 'ls'; readonly quiet?: boolean }

/**
 * Makes, lists, shows or removes volumes.
 *
 * @param request - what was asked for
 * @param write - prints
 * @throws {VisorError} VISOR_VOLUME_NOT_FOUND, VISOR_OPTION_INVALID
 */
export async function runVolumeCommand(request: VolumeRequest, write: (text: string) => void): Promise<void> {
  const directory = readHostFacts().volumesDirectory
  const volumes = createVolumes(
    () => createVolumeStore({ host: createHostFs(), directory }),
    () => [],
  )
  switch (request.command) {
    case 'create': {
      const { name } = await volumes.create(request.name, readLimits(request.opt))
      return write(`${name}\n`)
    }
    case 'ls': {
      const all = await volumes.list()
      if (request.quiet === true) return write(all.map(({ name }) => `${name}\n`).join(''))
      const width = Math.max('VOLUME NAME'.length, ...all.map(({ name }) => name.length))
      const rows = all.map(({ name, mountpoint }) => `${name.padEnd(width)}  ${mountpoint}\n`)
      return write(`${'VOLUME NAME'.padEnd(width)}  MOUNTPOINT\n${rows.join('')}`)
    }
    case 'inspect':
      return write(`${JSON.stringify(await inspect(volumes, request.names), null, 2)}\n`)
    case 'rm':
      for (const name of request.names) {
        await volumes.remove(name)
        write(`${name}\n`)
      }
  }
}

async function inspect(volumes: Volumes, names: readonly string[]): Promise<readonly object[]> {
  return Promise.all(
    names.map(async (name) => {
      const volume = await volumes.inspect(name)
      if (volume === undefined) throw new VisorError('VISOR_VOLUME_NOT_FOUND', `There is no volume '${name}'`)
      return volume
    }),
  )
}

function readLimits(options: readonly string[] = []): NewVolumeOptions {
  let limits: NewVolumeOptions = {}
  for (const option of options) {
    const [key, value] = option.split('=')
    if (key === 'size') limits = { ...limits, sizeBytes: readSize('--opt', option, value) }
    else if (key === 'nr_inodes') limits = { ...limits, inodes: readSize('--opt', option, value) }
    else {
      throw new VisorError('VISOR_OPTION_INVALID', `--opt '${option}' is not size=64m or nr_inodes=1k`, {
        hint: 'See visor volume create --help.',
      })
    }
  }
  return limits
}

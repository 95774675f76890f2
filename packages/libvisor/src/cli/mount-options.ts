import { hostDir, memory, volume } from '@libvisor/fs'
import type { MemoryOptions, MountSpec } from '@libvisor/fs'
import { VisorError } from '@libvisor/core'

/** The options of `visor run` that mount something, as they stand on the command line. */
export interface MountFlags {
  readonly volume?: readonly string[]
  readonly mount?: readonly string[]
  readonly tmpfs?: readonly string[]
}

const invalid = (option: string, value: string, expected: string): VisorError =>
  new VisorError('VISOR_OPTION_INVALID', `${option} '${value}' is not ${expected}`, {
    hint: 'See visor run --help.',
  })

/**
 * Turns the flags that mount something into mounts, spelled as with `docker run`.
 *
 * @param flags - the flags, as they were parsed
 * @param resolvePath - makes a path of the host absolute
 * @returns mounts by path of the guest
 * @throws {VisorError} VISOR_OPTION_INVALID naming the flag and its value
 */
export function readMountFlags(
  flags: MountFlags,
  resolvePath: (path: string) => string,
): Readonly<Record<string, MountSpec>> {
  return Object.fromEntries([
    ...(flags.volume ?? []).map((value) => readVolume(value, resolvePath)),
    ...(flags.mount ?? []).map((value) => readMount(value, resolvePath)),
    ...(flags.tmpfs ?? []).map(readTmpfs),
  ])
}

/** A directory of the host has a slash or begins with a dot; anything else is a volume's name. */
function isPath(source: string): boolean {
  return source.startsWith('.') || source.includes('/')
}

function readVolume(value: string, resolvePath: (path: string) => string): [string, MountSpec] {
  const [source, target, mode = 'rw', ...rest] = value.split(':')
  if (!source || !target?.startsWith('/') || rest.length > 0 || (mode !== 'ro' && mode !== 'rw')) {
    throw invalid('--volume', value, 'HOST_DIR:/GUEST_DIR[:ro] or VOLUME:/GUEST_DIR[:ro]')
  }
  return [target, isPath(source) ? hostDir(resolvePath(source), { mode }) : volume(source, { mode })]
}

/** What each field of `--mount` may be called, as in Docker. */
const fieldNames: Readonly<Record<string, string>> = {
  type: 'type',
  source: 'source',
  src: 'source',
  target: 'target',
  destination: 'target',
  dst: 'target',
  readonly: 'readonly',
  ro: 'readonly',
  'tmpfs-size': 'size',
}

function readMount(value: string, resolvePath: (path: string) => string): [string, MountSpec] {
  const expected = 'type=bind|volume|tmpfs,source=DIR_OR_NAME,target=/GUEST_DIR[,readonly]'
  const fields: Record<string, string> = {}
  for (const field of value.split(',')) {
    const split = field.indexOf('=')
    const name = fieldNames[split === -1 ? field : field.slice(0, split)]
    if (name === undefined) throw invalid('--mount', value, expected)
    fields[name] = split === -1 ? 'true' : field.slice(split + 1)
  }
  const { type = 'volume', source, target, readonly = 'false', size } = fields
  const isSwitch = readonly === 'true' || readonly === 'false' || readonly === '1' || readonly === '0'
  if (target?.startsWith('/') !== true || !isSwitch || (size !== undefined && type !== 'tmpfs')) {
    throw invalid('--mount', value, expected)
  }
  const mode = readonly === 'true' || readonly === '1' ? 'ro' : 'rw'
  if (type === 'tmpfs' && source === undefined) {
    return [target, memory({}, { mode, ...(size !== undefined && { sizeBytes: readSize('--mount', value, size) }) })]
  }
  if (!source) throw invalid('--mount', value, expected)
  if (type === 'bind') return [target, hostDir(resolvePath(source), { mode })]
  if (type === 'volume') return [target, volume(source, { mode })]
  throw invalid('--mount', value, expected)
}

/** @source mount(8), tmpfs(5) */
function readTmpfs(value: string): [string, MountSpec] {
  const expected = '/GUEST_DIR[:size=64m,nr_inodes=1k,ro]'
  const split = value.indexOf(':')
  const target = split === -1 ? value : value.slice(0, split)
  if (!target.startsWith('/')) throw invalid('--tmpfs', value, expected)
  let options: MemoryOptions = {}
  for (const option of split === -1 ? [] : value.slice(split + 1).split(',')) {
    const [name, text] = option.split('=')
    if (option === 'ro' || option === 'rw') options = { ...options, mode: option }
    else if (name === 'size') options = { ...options, sizeBytes: readSize('--tmpfs', value, text) }
    else if (name === 'nr_inodes') options = { ...options, inodes: readSize('--tmpfs', value, text) }
    else throw invalid('--tmpfs', value, expected)
  }
  return [target, memory({}, options)]
}

const UNITS = { b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 } as const

/**
 * Reads a size such as `64m`.
 *
 * @param option - the option it belongs to
 * @param value - the whole value of the option
 * @param text - the size
 * @returns the number of bytes
 * @throws {VisorError} VISOR_OPTION_INVALID
 */
export function readSize(option: string, value: string, text: string | undefined): number {
  const match = /^(\d+)([bkmgt]?)b?$/i.exec(text ?? '')
  if (match === null) throw invalid(option, value, 'a size such as 512k, 64m or 1g')
  return Number(match[1]) * UNITS[(match[2]?.toLowerCase() || 'b') as keyof typeof UNITS]
}

/**
 * Reads `--ulimit nofile=SOFT[:HARD]`. The guest has the soft limit.
 *
 * @param values - of the option
 * @returns how many files may be open, or `undefined`
 * @throws {VisorError} VISOR_OPTION_INVALID for any other limit
 */
export function readOpenFiles(values: readonly string[] | undefined): number | undefined {
  let limit: number | undefined
  for (const value of values ?? []) {
    const match = /^nofile=(\d+)(?::\d+)?$/.exec(value)
    if (match === null) throw invalid('--ulimit', value, 'nofile=SOFT[:HARD], the only limit there is')
    limit = Number(match[1])
  }
  return limit
}

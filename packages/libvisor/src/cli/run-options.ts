import { hostDir, memory, overlay } from '@libvisor/fs'
import type { MountSpec } from '@libvisor/fs'
import { VisorError } from '@libvisor/core'
import type { HostFacts } from '../config/host-facts.native.ts'
import type { NamespaceOptions, NetOptions, TimeOptions } from '../config/guest-options.ts'
import { defaultMounts } from '../config/resolve.ts'
import { readMountFlags, readOpenFiles, readSize } from './mount-options.ts'
import type { MountFlags } from './mount-options.ts'

/** The options of `visor run` as they stand on the command line. */
export interface RunFlags extends MountFlags {
  readonly name?: string
  readonly readOnly?: boolean
  readonly storageOpt?: readonly string[]
  readonly ulimit?: readonly string[]
  readonly env?: readonly string[]
  readonly envFile?: readonly string[]
  readonly hostname?: string
  readonly workdir?: string
  readonly publish?: readonly string[]
  readonly publishAll?: boolean
  readonly egress?: readonly string[]
  readonly network?: string
  readonly networkAlias?: readonly string[]
  readonly addHost?: readonly string[]
  readonly exec?: readonly string[]
  readonly user?: string
  readonly time?: string
  readonly tz?: string
  readonly seed?: string
}

/** What reading the flags needs of the host. */
export interface RunFlagsHost extends HostFacts {
  resolvePath(path: string): string
  readText(path: string): string
  parseEnv(text: string): Record<string, string | undefined>
}

const invalid = (option: string, value: string, expected: string): VisorError =>
  new VisorError('VISOR_OPTION_INVALID', `${option} '${value}' is not ${expected}`, {
    hint: 'See visor run --help.',
  })

/**
 * Turns the flags of `visor run` into options of a namespace.
 *
 * @param flags - the flags, as they were parsed
 * @param host - what defaults and files are taken from
 * @returns the options
 * @throws {VisorError} VISOR_OPTION_INVALID naming the flag and its value
 */
export function readRunFlags(flags: RunFlags, host: RunFlagsHost): NamespaceOptions {
  const { uid, gid } = readUser(flags.user)
  const maxOpenFiles = readOpenFiles(flags.ulimit)
  return {
    name: flags.name ?? 'guest',
    fs: readFiles(flags, host),
    net: readNet(flags),
    process: {
      env: readEnv(flags, host),
      ...(flags.hostname === undefined ? {} : { hostname: flags.hostname }),
      ...(flags.workdir === undefined ? {} : { cwd: readWorkdir(flags.workdir) }),
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
      ...(maxOpenFiles === undefined ? {} : { maxOpenFiles }),
      ...(flags.exec === undefined ? {} : { exec: flags.exec }),
    },
    time: readTime(flags),
    random: flags.seed === undefined ? {} : { seed: flags.seed },
  }
}

/** The files of a guest: the host's to read, with what is mounted over them. */
function readFiles(flags: RunFlags, host: RunFlagsHost): Readonly<Record<string, MountSpec>> {
  const { readOnly = false, storageOpt = [] } = flags
  let upper = memory()
  for (const value of storageOpt) {
    const [name, size] = value.split('=')
    if (name !== 'size') throw invalid('--storage-opt', value, 'size=64m, the only option there is')
    upper = memory({}, { sizeBytes: readSize('--storage-opt', value, size) })
  }
  const root = overlay({ lower: hostDir('/'), upper, ...(readOnly && { mode: 'ro' }) })
  return { ...defaultMounts(), '/': root, ...readMountFlags(flags, (path) => host.resolvePath(path)) }
}

function readEnv(flags: RunFlags, host: RunFlagsHost): Record<string, string | undefined> {
  const env: Record<string, string | undefined> = { ...host.env }
  for (const file of flags.envFile ?? []) {
    let text: string
    try {
      text = host.readText(file)
    } catch (cause) {
      throw new VisorError('VISOR_OPTION_INVALID', `--env-file '${file}' cannot be read: ${(cause as Error).message}`, {
        cause,
      })
    }
    Object.assign(env, host.parseEnv(text))
  }
  for (const entry of flags.env ?? []) {
    const split = entry.indexOf('=')
    if (split === 0 || entry === '') throw invalid('--env', entry, 'NAME=VALUE or NAME')
    // As with containers, a bare name passes the host's value on.
    if (split === -1) env[entry] = host.env[entry]
    else env[entry.slice(0, split)] = entry.slice(split + 1)
  }
  return env
}

function readWorkdir(value: string): string {
  if (!value.startsWith('/')) throw invalid('--workdir', value, 'an absolute path of the guest')
  return value
}

function readUser(value: string | undefined): { uid?: number; gid?: number } {
  if (value === undefined) return {}
  const match = /^(\d+)(?::(\d+))?$/.exec(value)
  if (match === null) throw invalid('--user', value, 'UID or UID:GID')
  return { uid: Number(match[1]), ...(match[2] === undefined ? {} : { gid: Number(match[2]) }) }
}

function readPort(option: string, value: string, text: string | undefined, lowest: number): number {
  const port = Number(text)
  if (!/^\d+$/.test(text ?? '') || port < lowest || port > 65535) {
    throw invalid(option, value, `[ADDRESS:]HOST_PORT:GUEST_PORT, with ports up to 65535`)
  }
  return port
}

/** Whether `--network` names the network of another process: other words are kept for what there may be later. */
export function isSocketPath(network: string | undefined): network is string {
  return network?.includes('/') === true
}

function readNet(flags: RunFlags): NetOptions {
  const publish = (flags.publish ?? []).map((value) => {
    const match = /^(?:(?:(\[[^\]]+\]|[^:]+):)?(\d+):)?(\d+)$/.exec(value)
    return {
      guestPort: readPort('--publish', value, match?.[3], 1),
      hostPort: readPort('--publish', value, match?.[2] ?? '0', 0),
      ...(match?.[1] === undefined ? {} : { hostAddress: match[1].replace(/^\[|\]$/g, '') }),
    }
  })
  const hosts: Record<string, string> = {}
  for (const value of flags.addHost ?? []) {
    const split = value.indexOf(':')
    if (split < 1 || split === value.length - 1) throw invalid('--add-host', value, 'NAME:ADDRESS')
    hosts[value.slice(0, split)] = value.slice(split + 1)
  }
  const { network } = flags
  if (network !== undefined && network !== 'none' && !isSocketPath(network)) {
    throw invalid('--network', network, "'none' or the path of a network, such as ./dev.net")
  }
  return {
    publish,
    publishAll: flags.publishAll ?? false,
    egress: network === 'none' ? false : (flags.egress ?? true),
    aliases: flags.networkAlias ?? [],
    hosts,
  }
}

const UNIT_MS = { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5 } as const

function readTime(flags: RunFlags): TimeOptions {
  const zone = flags.tz === undefined ? {} : { zone: flags.tz }
  const { time } = flags
  if (time === undefined) return zone
  const shift = /^([+-]\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/.exec(time)
  if (shift !== null) return { ...zone, offsetMs: Number(shift[1]) * UNIT_MS[shift[2] as keyof typeof UNIT_MS] }
  const start = /^@\d+(\.\d+)?$/.test(time) ? Number(time.slice(1)) * 1e3 : new Date(time).getTime()
  if (Number.isNaN(start))
    throw invalid('--time', time, 'a moment (2030-01-01T00:00:00Z, @1893456000) or a shift (+3d, -90m)')
  return { ...zone, start }
}

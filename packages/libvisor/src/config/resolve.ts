import { hostDir, memory, overlay, synthetic } from '@libvisor/fs'
import type { MountSpec } from '@libvisor/fs'
import { VisorError } from '@libvisor/core'
import type { GuestOptions, NamespaceOptions, NetOptions, PublishOption } from './guest-options.ts'
import type { NamespaceSpec, ProgramSpec, PublishRule } from './guest-spec.ts'
import type { HostFacts } from './host-facts.native.ts'

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * The default profile: the host's files can be read in place, every write goes to memory, devices and what the system tells of
 * processes are the guest's own.
 *
 * @returns mounts by path of the guest
 */
export function defaultMounts(): Readonly<Record<string, MountSpec>> {
  return withSystem({ '/': overlay({ lower: hostDir('/'), upper: memory() }) })
}

/** Mounts what a system has, where nothing else is mounted or has files. */
function withSystem(mounts: Readonly<Record<string, MountSpec>>): Readonly<Record<string, MountSpec>> {
  const root = mounts['/']
  const taken = [...Object.keys(mounts), ...(root?.kind === 'memory' ? Object.keys(root.files) : [])]
  const isFree = (place: string): boolean =>
    !taken.some((path) => path === place || path.startsWith(`${place}/`) || `/${path}`.startsWith(`${place}/`))
  return {
    ...mounts,
    ...(isFree('/dev') && { '/dev': synthetic.dev() }),
    ...(isFree('/proc') && { '/proc': synthetic.proc() }),
  }
}

/**
 * Which files of `/etc` libvisor puts there: all that a root in memory lacks, and those that tell who the machine is over a root that is the
 * host's. Any other root has its own.
 */
function ownEtc(mounts: Readonly<Record<string, MountSpec>>): NamespaceSpec['etc']['names'] {
  const root = mounts['/']
  if (root === undefined || Object.keys(mounts).some((path) => /^\/+etc(?:\/|$)/.test(path))) return []
  if (root.kind === 'memory') {
    const given = new Set(Object.keys(root.files).map(plainPath))
    return given.has('etc') ? [] : everyFile.filter((name) => !given.has(`etc/${name}`))
  }
  const bottom = root.kind === 'overlay' ? root.lower.at(-1) : undefined
  // `dns` asks the host's name servers, and `os.userInfo()` looks into the host's accounts.
  return bottom?.kind === 'host' && bottom.path === '/' ? ['hostname', 'hosts'] : []
}

const everyFile = ['group', 'hostname', 'hosts', 'passwd', 'resolv.conf'] as const

/** The path of a file in memory, as one of its kind. */
function plainPath(path: string): string {
  return path
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .join('/')
}

/**
 * Resolves every default of a namespace. The options have been checked.
 *
 * @param options - what the user asked for
 * @param host - where defaults come from
 * @returns plain data
 */
export function resolveNamespace(options: NamespaceOptions, host: HostFacts): NamespaceSpec {
  const { name = 'guest', net = {}, process = {}, time = {}, random = {} } = options
  const hostname = process.hostname ?? name
  const env = resolveEnv(process.env, hostname)
  const { uid = host.uid, gid = host.gid } = process
  const user = { name: env['USER'] ?? 'user', home: env['HOME'] ?? '/', uid, gid }
  const mounts = options.fs === undefined ? defaultMounts() : withSystem(options.fs)
  return {
    name,
    mounts,
    hostname,
    etc: { names: ownEtc(mounts), user },
    env,
    cwd: process.cwd ?? guestPathOf(host.cwd, mounts) ?? '/',
    uid,
    gid,
    umask: host.umask,
    maxOpenFiles: process.maxOpenFiles,
    publish: resolvePublish(net.publish ?? []),
    publishAll: net.publishAll ?? false,
    egress: net.egress ?? true,
    aliases: net.aliases ?? [],
    hosts: net.hosts ?? {},
    exec: process.exec ?? false,
    addons: process.addons ?? true,
    time: {
      mode: time.mode ?? 'real',
      startMs: time.start === undefined ? undefined : new Date(time.start).getTime(),
      offsetMs: time.offsetMs ?? 0,
      zone: time.zone ?? zoneOf(process.env?.['TZ'], host),
    },
    seed: random.seed,
  }
}

/**
 * Resolves the program of a guest.
 *
 * @param options - what the user asked for
 * @param spec - the namespace it will run in
 * @param host - where relative paths start
 * @returns plain data
 * @throws {VisorError} VISOR_ENTRY_NOT_FOUND when the entry is a file of the host that is not there or not mounted
 */
export function resolveProgram(options: GuestOptions, spec: NamespaceSpec, host: HostFacts): ProgramSpec {
  return {
    entry: resolveEntry(options.entry, spec, host),
    args: options.args ?? [],
    execArgv: options.process?.execArgv ?? [],
  }
}

function resolveEntry(entry: string | URL, spec: NamespaceSpec, host: HostFacts): string {
  if (typeof entry === 'string' && entry.startsWith('/')) return entry
  const path = entry instanceof URL || entry.startsWith('file:') ? decodeURIComponent(new URL(entry).pathname) : entry
  const hostPath = joinPath(host.cwd, path)
  if (!host.exists(hostPath)) {
    throw new VisorError('VISOR_ENTRY_NOT_FOUND', `There is no file '${path}' to run (looked for ${hostPath})`, {
      hint: 'Relative paths are files of the host; a file that only the guest has is named by an absolute path.',
    })
  }
  const guestPath = guestPathOf(hostPath, spec.mounts)
  if (guestPath === undefined) {
    throw new VisorError('VISOR_ENTRY_NOT_FOUND', `'${path}' is not mounted in the guest '${spec.name}'`, {
      hint: 'Mount its directory, or name the entry by the absolute path it has in the guest.',
    })
  }
  return guestPath
}

/** The zone that an environment asks for, where it is not the one that the engine has anyway. */
function zoneOf(zone: string | undefined, host: HostFacts): string | undefined {
  if (zone === undefined || zone === host.env['TZ']) return undefined
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone
  } catch {
    // As the C library does it: what it cannot read is no zone.
    return 'UTC'
  }
}

function resolvePublish(publish: NonNullable<NetOptions['publish']>): readonly PublishRule[] {
  if (isRuleList(publish)) {
    return publish.map((rule) => ({ hostPort: 0, ...rule }))
  }
  return Object.entries(publish).map(([hostPort, guestPort]) => ({
    guestPort,
    hostPort: Number(hostPort),
  }))
}

const isRuleList = (publish: NonNullable<NetOptions['publish']>): publish is readonly PublishOption[] =>
  Array.isArray(publish)

function resolveEnv(
  env: Readonly<Record<string, string | undefined>> | undefined,
  hostname: string,
): Record<string, string> {
  if (env === undefined) return { PATH: DEFAULT_PATH, HOME: '/root', HOSTNAME: hostname }
  const entries = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(entries)
}

/** Joins and normalizes paths of the host; the entry of a program is the only path that is treated so. */
function joinPath(base: string, path: string): string {
  const components: string[] = []
  for (const component of (path.startsWith('/') ? path : `${base}/${path}`).split('/')) {
    if (component === '..') components.pop()
    else if (component !== '' && component !== '.') components.push(component)
  }
  return `/${components.join('/')}`
}

/** The directories of the host that a mount shows, topmost layer first. */
function hostDirectories(mount: MountSpec): readonly string[] {
  if (mount.kind === 'host') return [mount.path]
  if (mount.kind === 'overlay') return [mount.upper, ...mount.lower].flatMap(hostDirectories)
  return []
}

/**
 * Where a guest sees a file of the host.
 *
 * @param hostPath - a normalized absolute path of the host
 * @param mounts - the guest's mounts
 * @returns its path in the guest, or `undefined` where no mount shows it
 */
export function guestPathOf(hostPath: string, mounts: Readonly<Record<string, MountSpec>>): string | undefined {
  let best: { readonly guest: string; readonly length: number } | undefined
  for (const [guest, mount] of Object.entries(mounts)) {
    for (const directory of hostDirectories(mount)) {
      const base = directory === '/' ? '' : directory
      if (hostPath !== base && !hostPath.startsWith(`${base}/`)) continue
      if (best !== undefined && best.length >= base.length) continue
      const rest = hostPath.slice(base.length)
      best = { guest: `${guest === '/' ? '' : guest}${rest}` || '/', length: base.length }
    }
  }
  return best?.guest
}

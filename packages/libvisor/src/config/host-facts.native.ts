import { host, original } from '@libvisor/abi'

/** What defaults are taken from the host. */
export interface HostFacts {
  /** How many threads run at the same time. */
  readonly cores: number
  readonly cwd: string
  readonly uid: number
  readonly gid: number
  readonly umask: number
  /** Where volumes are kept: with the user's other data, unless the environment says where. */
  readonly volumesDirectory: string
  /** Where hosts have the sockets by which other processes of this user look at them. */
  readonly controlDirectory: string
  readonly env: Readonly<Record<string, string | undefined>>
  exists(path: string): boolean
}

/**
 * Reads the facts of the host.
 *
 * @returns what they are now
 */
export function readHostFacts(): HostFacts {
  const { process } = host
  return {
    cores: original('os').availableParallelism(),
    cwd: host.cwd(),
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    umask: process.umask(),
    get volumesDirectory() {
      const { VISOR_VOLUMES, XDG_DATA_HOME, HOME } = process.env
      if (VISOR_VOLUMES !== undefined && VISOR_VOLUMES !== '') return original('path').resolve(VISOR_VOLUMES)
      const data =
        XDG_DATA_HOME?.startsWith('/') === true ? XDG_DATA_HOME : `${HOME || original('os').homedir()}/.local/share`
      return `${data}/visor/volumes`
    },
    get controlDirectory() {
      const { XDG_RUNTIME_DIR } = process.env
      if (XDG_RUNTIME_DIR?.startsWith('/') === true) return `${XDG_RUNTIME_DIR}/visor`
      return `${original('os').tmpdir()}/visor-${process.getuid?.() ?? 0}`
    },
    env: process.env,
    exists: (path) => original('fs').existsSync(path),
  }
}

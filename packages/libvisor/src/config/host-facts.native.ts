import { host, original } from '@libvisor/abi'

/** Where the processes of a user have the sockets by which others look at them. */
export interface ControlPlace {
  /** That user's alone. */
  readonly directory: string
  readonly uid: number
  /** Of this process. */
  readonly pid: number
}

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
  /** Where other processes of this user look at its guests. */
  readonly control: ControlPlace
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
    get control() {
      const { pid, env } = process
      const { XDG_RUNTIME_DIR: runtime } = env
      const uid = process.getuid?.() ?? 0
      const isNamed = runtime?.startsWith('/') === true
      return { directory: isNamed ? `${runtime}/visor` : `${original('os').tmpdir()}/visor-${uid}`, uid, pid }
    },
    env: process.env,
    exists: (path) => original('fs').existsSync(path),
  }
}

import type { EtcFiles, EtcOptions, MountSpec } from '@libvisor/fs'

/** A port of the host that leads to a port of the guest. */
export interface PublishRule {
  /** @defaultValue all addresses */
  readonly hostAddress?: string
  /** 0 is a free port. */
  readonly hostPort: number
  readonly guestPort: number
}

/**
 * A namespace as plain data: every default resolved, every value checked. It can be sent to the thread in which the
 * guest runs.
 */
export interface NamespaceSpec {
  readonly name: string
  readonly mounts: Readonly<Record<string, MountSpec>>
  readonly hostname: string
  /** The files of `/etc` that libvisor puts there, and whom they tell of. */
  readonly etc: {
    readonly names: readonly (keyof EtcFiles)[]
    readonly user: NonNullable<EtcOptions['user']>
  }
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly uid: number
  readonly gid: number
  readonly umask: number
  readonly maxOpenFiles: number | undefined
  readonly publish: readonly PublishRule[]
  readonly publishAll: boolean
  readonly egress: boolean | readonly string[]
  readonly aliases: readonly string[]
  readonly hosts: Readonly<Record<string, string>>
  readonly exec: boolean | readonly string[]
  readonly addons: boolean
  readonly time: {
    readonly mode: 'manual' | 'real'
    readonly startMs: number | undefined
    readonly offsetMs: number
    readonly zone: string | undefined
    /** Since when it runs, where that is before the thread has it. @units nanoseconds of the host's monotonic time */
    readonly startedNs?: bigint | undefined
  }
  readonly seed: number | string | undefined
}

/** A program to run in a namespace, as plain data. */
export interface ProgramSpec {
  /** Absolute path in the guest. */
  readonly entry: string
  readonly args: readonly string[]
  readonly execArgv: readonly string[]
}

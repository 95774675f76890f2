/** What `/proc` tells that the file system does not know by itself. */
import type { Clock, Identity } from '@libvisor/core'
import type { DescriptorTable } from './descriptors.ts'
import type { HostFs } from './host-fs.ts'
import type { MountRow } from './mount-rows.ts'

/** What the processes of a guest were started with, and use. The same as `process` and `os` tell. */
export interface ProcessFacts {
  /** The command line: the executable, Node's options, the program, its arguments. */
  readonly commandLine: () => readonly string[]
  /** The environment at the start. */
  readonly environment: () => Readonly<Record<string, string | undefined>>
  /** The path of the executable. */
  readonly executable: () => string
  /** The name of the process: `process.title`. */
  readonly title: () => string
  /** As `process.uptime()`. @units seconds */
  readonly uptime: () => number
  /** As `process.memoryUsage.rss()`. @units bytes */
  readonly residentBytes: () => number
  /** As `process.cpuUsage()`. @units microseconds */
  readonly cpu: () => { readonly user: number; readonly system: number }
}

/** A process as `/proc` shows it. */
export interface ProcProcess {
  readonly identity: Identity
  readonly descriptors: DescriptorTable
}

/** What `/proc` is made of. */
export interface ProcSource {
  readonly facts: ProcessFacts
  /** The processes that there are, each with a number of its own. */
  processes(): readonly ProcProcess[]
  mounts(): readonly MountRow[]
  /** The text of a file of the host that says the same for every process; `undefined` where there is none. */
  hostText(path: string): string | undefined
  /** Wall time. @units nanoseconds since the epoch */
  nowNs(): bigint
  /** How long the machine has been running, and how long its processors had nothing to do. @units seconds */
  machineTimes(): readonly [uptime: number, idle: number]
  /** As `RLIMIT_NOFILE`. */
  readonly maxOpenFiles: number
  /** What was written to files of `/proc`, by their paths there. */
  readonly settings: Map<string, string>
}

/** What a source is made of. */
export interface ProcSourceOptions {
  readonly facts: ProcessFacts | undefined
  readonly host: HostFs
  readonly clock: Clock
  readonly maxOpenFiles: number
  /** All that there are, workers included. */
  readonly processes: () => Iterable<ProcProcess>
  readonly mounts: () => readonly MountRow[]
}

/** Makes what `/proc` of a guest is made of. */
export function createProcSource(options: ProcSourceOptions): ProcSource {
  const { facts = unknownProcess, host, clock, maxOpenFiles, mounts } = options
  const hostText = (path: string): string | undefined => {
    try {
      return host.readText(path)
    } catch {
      return undefined
    }
  }
  const hostTimes = (): readonly [uptime: number, idle: number] => {
    const [uptime = 0, idle = 0] = hostText('/proc/uptime')?.split(' ').map(Number) ?? []
    return [uptime, idle]
  }
  /** How far the processors were idle for longer than the machine has been running, where that stands still. */
  let idleAhead: number | undefined
  return {
    facts,
    mounts,
    maxOpenFiles,
    settings: new Map(),
    nowNs: () => clock.nowNs(),
    processes() {
      const found = new Map<number, ProcProcess>()
      for (const process of options.processes()) {
        const { pid } = process.identity
        // The host has none when it looks into a guest from outside.
        if (pid > 0 && !found.has(pid)) found.set(pid, process)
      }
      return [...found.values()]
    },
    hostText,
    machineTimes() {
      const uptimeNs = clock.machineUptimeNs?.()
      if (uptimeNs === undefined) return hostTimes()
      if (idleAhead === undefined) {
        const [uptime, idle] = hostTimes()
        idleAhead = idle - uptime
      }
      const uptime = Number(uptimeNs / 10_000_000n) / 100
      return [uptime, Math.max(0, uptime + idleAhead)]
    },
  }
}

/** A process that says nothing of itself: where nobody has told more. */
const unknownProcess: ProcessFacts = {
  commandLine: () => ['node'],
  environment: () => ({}),
  executable: () => '/usr/local/bin/node',
  title: () => 'node',
  uptime: () => 0,
  residentBytes: () => 0,
  cpu: () => ({ user: 0, system: 0 }),
}

/** The tree of `/proc`. @source proc(5) */
import { directory, file, link } from './proc-entry.ts'
import type { ProcDirectory, ProcEntry, ProcFile } from './proc-entry.ts'
import type { ProcProcess, ProcSource } from './proc-facts.ts'
import { createProcessDirectory } from './proc-process.ts'

/** File systems that a guest can have. */
const fileSystems = ['nodev\tproc', 'nodev\ttmpfs', 'nodev\toverlay', 'nodev\tfuse', '\text4']

/** The first process of a guest. */
const INIT = 1

/**
 * Makes the root of `/proc`.
 *
 * @param source - what there is
 * @param caller - who looks; without, `self` leads to the first process
 */
export function createProcTree(source: ProcSource, caller: ProcProcess | undefined): ProcEntry {
  // The host, which looks into a guest from outside, has no number there.
  const self = Math.max(INIT, caller?.identity.pid ?? INIT)
  const find = (pid: number): ProcProcess | undefined => {
    // Of several threads of a process each has descriptors of its own.
    if (caller?.identity.pid === pid) return caller
    return source.processes().find(({ identity }) => identity.pid === pid)
  }
  let tree: ProcDirectory | undefined
  const fixed = (): ProcDirectory => (tree ??= createMachine(source, self, () => find(self)))
  return {
    kind: 'directory',
    mode: 0o555,
    names: () => [...new Set(source.processes().map(({ identity }) => `${identity.pid}`)), ...fixed().names()],
    lookup(name) {
      if (!/^[1-9]\d*$/.test(name)) return fixed().lookup(name)
      const pid = Number(name)
      const found = find(pid)
      return found === undefined ? undefined : createProcessDirectory(source, found, pid)
    },
  }
}

/** What is the same for all processes, but for who they are. */
function createMachine(source: ProcSource, self: number, caller: () => ProcProcess | undefined): ProcDirectory {
  const hostFile = (path: string): Readonly<Record<string, ProcFile>> => ({
    [path.slice(path.lastIndexOf('/') + 1)]: file(() => source.hostText(path) ?? ''),
  })
  return directory({
    self: link(() => `${self}`),
    'thread-self': link(() => `${self}/task/${self}`),
    mounts: link(() => 'self/mounts'),
    ...hostFile('/proc/cpuinfo'),
    ...hostFile('/proc/meminfo'),
    uptime: file(() => {
      const [uptime, idle] = source.machineTimes()
      return `${uptime.toFixed(2)} ${idle.toFixed(2)}\n`
    }),
    ...hostFile('/proc/version'),
    ...hostFile('/proc/vmstat'),
    loadavg: file(() => loadText(source)),
    stat: file(() => statText(source)),
    filesystems: file(() => `${fileSystems.join('\n')}\n`),
    swaps: file(() => 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n'),
    cmdline: file(() => '\n'),
    sys: directory({
      kernel: directory({
        hostname: file(() => `${caller()?.identity.hostname ?? '(none)'}\n`, 0o644),
        domainname: file(() => '(none)\n', 0o644),
        ostype: file(() => 'Linux\n'),
        ...hostFile('/proc/sys/kernel/osrelease'),
        ...hostFile('/proc/sys/kernel/version'),
        ...hostFile('/proc/sys/kernel/pid_max'),
        ...hostFile('/proc/sys/kernel/threads-max'),
        ...hostFile('/proc/sys/kernel/ngroups_max'),
        ...hostFile('/proc/sys/kernel/cap_last_cap'),
      }),
      fs: directory({
        'file-max': file(() => '9223372036854775807\n', 0o644),
        nr_open: file(() => '1048576\n', 0o644),
      }),
      vm: directory({ ...hostFile('/proc/sys/vm/overcommit_memory'), ...hostFile('/proc/sys/vm/max_map_count') }),
      net: directory({ core: directory({ somaxconn: file(() => '4096\n', 0o644) }) }),
    }),
  })
}

/** The host's load, as `os.loadavg()` tells it, with the guest's processes. */
function loadText(source: ProcSource): string {
  const load = source.hostText('/proc/loadavg')?.split(' ').slice(0, 3) ?? ['0.00', '0.00', '0.00']
  const pids = source.processes().map(({ identity }) => identity.pid)
  return `${load.join(' ')} 1/${Math.max(1, pids.length)} ${Math.max(INIT, ...pids)}\n`
}

/** The host's processors, with the guest's idea of when the machine started, and of how many processes there have been. */
function statText(source: ProcSource): string {
  const lines = source.hostText('/proc/stat')?.split('\n') ?? []
  const processors = lines.filter((line) => line.startsWith('cpu'))
  const [uptime] = source.machineTimes()
  const startedAt = Math.floor(Number(source.nowNs() / 1_000_000n) / 1000 - uptime)
  const processes = Math.max(1, source.processes().length)
  return [...processors, `btime ${startedAt}`, `processes ${processes}`, 'procs_running 1', 'procs_blocked 0', ''].join(
    '\n',
  )
}

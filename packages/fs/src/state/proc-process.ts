/** The directory of a process in `/proc`. @source proc_pid(5) */
import { directory, file, link, setting } from './proc-entry.ts'
import type { ProcDirectory, ProcEntry, ProcLink } from './proc-entry.ts'
import { mountInfoText, mountsText } from './mount-rows.ts'
import { createDescriptorLink, describeDescriptor } from './proc-descriptors.ts'
import type { ProcProcess, ProcSource } from './proc-facts.ts'

/** Ticks of a second, as the kernel counts the time of processes. @source sysconf(_SC_CLK_TCK) */
const TICKS = 100
/** @units bytes */
const PAGE = 4096
/** The longest name of a process, in bytes. @source Linux TASK_COMM_LEN */
const LONGEST_NAME = 15
const ALL_CAPABILITIES = '000001ffffffffff'
const NO_CAPABILITIES = '0000000000000000'

/**
 * Makes the directory of a process.
 *
 * @param source - what there is
 * @param process - whose it is
 * @param pid - its number in the guest
 */
export function createProcessDirectory(source: ProcSource, process: ProcProcess, pid: number): ProcDirectory {
  const { identity, descriptors } = process
  const { facts } = source
  const owner = { uid: identity.uid, gid: identity.gid }
  const text = (read: () => string, mode?: number): ProcEntry => file(read, mode, owner)
  const name = (): string => source.settings.get(`${pid}/comm`) ?? shortName(facts.title())
  const common: Readonly<Record<string, ProcEntry>> = {
    cgroup: text(() => '0::/\n'),
    cmdline: text(() =>
      facts
        .commandLine()
        .map((part) => `${part}\0`)
        .join(''),
    ),
    comm: {
      kind: 'file',
      mode: 0o644,
      owner,
      read: () => `${name()}\n`,
      write: (written) => void source.settings.set(`${pid}/comm`, shortName(written.replace(/\n$/, ''))),
    },
    cwd: link(() => identity.cwd, owner),
    environ: text(() => environmentText(facts.environment()), 0o400),
    exe: link(() => facts.executable(), owner),
    fd: descriptorDirectory(process, pid, 0o500, (fd) => createDescriptorLink(process, fd)),
    fdinfo: descriptorDirectory(process, pid, 0o555, (fd) => text(() => describeDescriptor(descriptors, fd), 0o400)),
    limits: text(() => limitsText(source.maxOpenFiles)),
    maps: text(() => ''),
    mountinfo: text(() => mountInfoText(source.mounts())),
    mounts: text(() => mountsText(source.mounts())),
    oom_score: text(
      () => `${Math.max(0, Math.floor((1000 + Number(source.settings.get(`${pid}/oom_score_adj`) ?? 0)) * 0.666))}\n`,
    ),
    oom_score_adj: setting({
      settings: source.settings,
      key: `${pid}/oom_score_adj`,
      initial: 0,
      range: [-1000, 1000],
      owner,
    }),
    root: link(() => '/', owner),
    stat: text(() => statText(source, process, pid, name())),
    statm: text(() => {
      const pages = Math.ceil(facts.residentBytes() / PAGE)
      return `${pages} ${pages} 0 0 0 ${pages} 0\n`
    }),
    status: text(() => statusText(source, process, pid, name())),
  }
  const task = directory({ [pid]: directory(common, 0o555, owner) }, 0o555, owner)
  return directory({ ...common, task }, 0o555, owner)
}

function descriptorDirectory(
  { identity, descriptors }: ProcProcess,
  _pid: number,
  mode: number,
  entry: (fd: number) => ProcEntry | ProcLink,
): ProcDirectory {
  return {
    kind: 'directory',
    mode,
    owner: { uid: identity.uid, gid: identity.gid },
    names: () => descriptors.numbers().map(String),
    lookup(name) {
      const fd = /^(?:0|[1-9]\d*)$/.test(name) ? Number(name) : -1
      return descriptors.has(fd) ? entry(fd) : undefined
    },
  }
}

/** A name of a process, cut as the kernel cuts it. */
function shortName(title: string): string {
  const base = title.startsWith('/') ? title.slice(title.lastIndexOf('/') + 1) : title
  const bytes = new TextEncoder().encode(base)
  return bytes.length <= LONGEST_NAME ? base : new TextDecoder().decode(bytes.subarray(0, LONGEST_NAME))
}

function environmentText(environment: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(environment)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${value}\0`)
    .join('')
}

/** When the process started, in ticks since the machine did. */
function startTicks(source: ProcSource): number {
  const [machine] = source.machineTimes()
  return Math.max(0, Math.round((machine - source.facts.uptime()) * TICKS))
}

/** @source proc_pid_stat(5) */
function statText(source: ProcSource, { identity }: ProcProcess, pid: number, name: string): string {
  const { facts } = source
  const { user, system } = facts.cpu()
  const ticks = (microseconds: number): number => Math.floor((microseconds / 1e6) * TICKS)
  const resident = facts.residentBytes()
  const first = [pid, `(${name})`, 'R', identity.ppid, pid, pid, 0, -1, 4194304, 0, 0, 0, 0]
  const times = [ticks(user), ticks(system), 0, 0, 20, 0, 1, 0, startTicks(source)]
  const memory = [resident, Math.ceil(resident / PAGE), '18446744073709551615']
  const rest = Array.from({ length: 27 }, (_, index) => (index === 12 ? 17 : 0))
  return `${[...first, ...times, ...memory, ...rest].join(' ')}\n`
}

/** @source proc_pid_status(5) */
function statusText(source: ProcSource, { identity, descriptors }: ProcProcess, pid: number, name: string): string {
  const { uid, gid, groups, umask, ppid } = identity
  const resident = `${`${Math.ceil(source.facts.residentBytes() / 1024)}`.padStart(8)} kB`
  const capabilities = uid === 0 ? ALL_CAPABILITIES : NO_CAPABILITIES
  const rows: readonly (readonly [string, string | number])[] = [
    ['Name', name],
    ['Umask', `0${umask.toString(8).padStart(3, '0')}`],
    ['State', 'R (running)'],
    ['Tgid', pid],
    ['Ngid', 0],
    ['Pid', pid],
    ['PPid', ppid],
    ['TracerPid', 0],
    ['Uid', `${uid}\t${uid}\t${uid}\t${uid}`],
    ['Gid', `${gid}\t${gid}\t${gid}\t${gid}`],
    ['FDSize', Math.max(64, 2 ** Math.ceil(Math.log2(descriptors.numbers().length + 1)))],
    ['Groups', groups.map((group) => `${group} `).join('')],
    ['NStgid', pid],
    ['NSpid', pid],
    ['NSpgid', pid],
    ['NSsid', pid],
    ['VmPeak', resident],
    ['VmSize', resident],
    ['VmHWM', resident],
    ['VmRSS', resident],
    ['Threads', 1],
    ['SigQ', '0/0'],
    ['CapInh', NO_CAPABILITIES],
    ['CapPrm', capabilities],
    ['CapEff', capabilities],
    ['CapBnd', capabilities],
    ['CapAmb', NO_CAPABILITIES],
    ['NoNewPrivs', 0],
    ['Seccomp', 0],
  ]
  return rows.map(([key, value]) => `${key}:\t${value}\n`).join('')
}

/** @source proc_pid_limits(5) */
function limitsText(maxOpenFiles: number): string {
  const line = (what: string, limit: number | string, unit: string): string =>
    `${what.padEnd(25)} ${`${limit}`.padEnd(20)} ${`${limit}`.padEnd(20)} ${unit.padEnd(10)}\n`
  return [
    `${'Limit'.padEnd(25)} ${'Soft Limit'.padEnd(20)} ${'Hard Limit'.padEnd(20)} ${'Units'.padEnd(10)}\n`,
    line('Max cpu time', 'unlimited', 'seconds'),
    line('Max file size', 'unlimited', 'bytes'),
    line('Max data size', 'unlimited', 'bytes'),
    line('Max stack size', 8388608, 'bytes'),
    line('Max core file size', 0, 'bytes'),
    line('Max resident set', 'unlimited', 'bytes'),
    line('Max processes', 'unlimited', 'processes'),
    line('Max open files', maxOpenFiles, 'files'),
    line('Max locked memory', 'unlimited', 'bytes'),
    line('Max address space', 'unlimited', 'bytes'),
    line('Max file locks', 'unlimited', 'locks'),
  ].join('')
}

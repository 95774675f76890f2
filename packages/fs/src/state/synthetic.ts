import { linuxFsConstants } from '@libvisor/abi'
import type { Clock, Entropy } from '@libvisor/core'
import { fullDevice, noTerminal, nullDevice, randomDevice, zeroDevice } from './device.ts'
import type { Device } from './device.ts'
import { etcFiles } from './etc-files.ts'
import { MemoryDriver } from './memory.ts'
import type { MemoryNode } from './memory.ts'
import type { EtcOptions, MemoryFiles } from './mount-spec.ts'
import { fileType } from './vnode.ts'

const { O_WRONLY } = linuxFsConstants

/** Names of the first descriptors. */
const streams = ['stdin', 'stdout', 'stderr']

/** Major and minor number as `st_rdev` has them. */
function deviceNumber(major: number, minor: number): number {
  return (major << 8) | minor
}

/** What is in `/dev`, in this order. */
const deviceNumbers = {
  null: deviceNumber(1, 3),
  zero: deviceNumber(1, 5),
  full: deviceNumber(1, 7),
  random: deviceNumber(1, 8),
  urandom: deviceNumber(1, 9),
  tty: deviceNumber(5, 0),
} as const

/** Character devices by `st_rdev`. */
export type Devices = ReadonlyMap<number, Device>

/**
 * The devices that every guest has, wherever their files are.
 *
 * @param entropy - where random bytes come from
 */
export function knownDevices(entropy: Entropy): Devices {
  const random = randomDevice(entropy)
  const devices: Record<keyof typeof deviceNumbers, Device> = {
    null: nullDevice,
    zero: zeroDevice,
    full: fullDevice,
    random,
    urandom: random,
    tty: noTerminal,
  }
  return new Map(Object.entries(devices).map(([name, device]) => [deviceNumbers[name as 'null'], device]))
}

/** What the synthetic drivers depend on. */
export interface SyntheticOptions {
  readonly dev: number
  readonly clock: Clock
  readonly entropy: Entropy
}

/** What `/dev` depends on. */
export interface DevOptions extends SyntheticOptions {
  /** Whether `/proc` is the guest's own, so that its links to open files can be used. */
  readonly hasProc: boolean
}

/**
 * Makes a `/dev`.
 *
 * @source Linux, `Documentation/admin-guide/devices.txt`
 */
export function createDev(options: DevOptions): MemoryDriver {
  const driver = new MemoryDriver({ dev: options.dev, clock: options.clock, holdsModules: false })
  const { root } = driver
  const devices = knownDevices(options.entropy)
  for (const [name, rdev] of Object.entries(deviceNumbers)) {
    root.create(name, { mode: fileType.character | 0o666, uid: 0, gid: 0, rdev, device: devices.get(rdev)! })
  }
  root.create('shm', { mode: fileType.directory | 0o1777, uid: 0, gid: 0 })
  const link = { mode: fileType.link | 0o777, uid: 0, gid: 0 }
  if (options.hasProc) {
    root.create('fd', { ...link, target: '/proc/self/fd' })
    for (const [descriptor, name] of streams.entries()) {
      root.create(name, { ...link, target: `/proc/self/fd/${descriptor}` })
    }
    return driver
  }
  const fd = root.create('fd', { mode: fileType.directory | 0o555, uid: 0, gid: 0 })
  for (const [descriptor, name] of streams.entries()) {
    const node = fd.create(`${descriptor}`, { mode: fileType.character | 0o666, uid: 0, gid: 0 })
    node.descriptor = descriptor
    root.create(name, { ...link, target: `/dev/fd/${descriptor}` })
  }
  return driver
}

/** Makes an `/etc`. */
export function createEtc(etc: EtcOptions, options: SyntheticOptions): MemoryDriver {
  const driver = new MemoryDriver({ dev: options.dev, clock: options.clock, holdsModules: false })
  fill(driver, etcFiles(etc))
  return driver
}

/**
 * Puts files into a memory driver, with the directories they need.
 *
 * @param driver - where they go
 * @param files - by path
 */
export function fill(driver: MemoryDriver, files: MemoryFiles): void {
  const { uid, gid } = driver.root
  const encoder = new TextEncoder()
  for (const [path, content] of Object.entries(files)) {
    const names = path.split('/').filter((name) => name !== '' && name !== '.')
    const last = names.pop()
    if (last === undefined || names.includes('..')) throw new TypeError(`A file in memory cannot be at '${path}'`)
    let directory: MemoryNode = driver.root
    for (const name of names) {
      directory = directory.lookup(name) ?? directory.create(name, { mode: fileType.directory | 0o755, uid, gid })
    }
    if (path.endsWith('/')) {
      if (directory.lookup(last) === undefined) directory.create(last, { mode: fileType.directory | 0o755, uid, gid })
      continue
    }
    const node = directory.create(last, { mode: fileType.file | 0o644, uid, gid })
    const bytes = typeof content === 'string' ? encoder.encode(content) : content
    const file = node.open(O_WRONLY)
    for (let at = 0; at < bytes.length;) at += file.write(bytes.subarray(at), at)
    file.close()
  }
}

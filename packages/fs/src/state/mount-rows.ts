/** The mount table as `/proc` shows it. */
import { HostDriver } from './host-directory.ts'
import { MemoryDriver } from './memory.ts'
import { OverlayDriver } from './overlay.ts'
import { PathDriver } from './path-driver.ts'
import { QuotaDriver } from './quota-driver.ts'
import { BLOCK } from './quota.ts'
import type { Driver } from './vnode.ts'

/** A mount. */
export interface MountRow {
  readonly path: string
  /** What is mounted, where a device would stand. */
  readonly source: string
  /** The type of the file system, as `mount -t` has it. */
  readonly type: string
  /** `st_dev` of its root. */
  readonly dev: number
  readonly writable: boolean
  /** Options of the file system itself. */
  readonly options: readonly string[]
}

/** What type of file system `statfs` means. @source Linux `include/uapi/linux/magic.h` */
const typeNames: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x01021994: 'tmpfs',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x794c7630: 'overlay',
  0x6969: 'nfs',
  0x01021997: '9p',
  0x9fa0: 'proc',
  0x65735546: 'fuse',
}

/** What a driver is to a guest. A guest does not hear where on the host it is. */
export function rowOf(path: string, driver: Driver, purpose: 'dev' | 'proc' | undefined): MountRow {
  const { type, source, options } = describe(driver, purpose)
  return { path, source, type, options, dev: driver.root.stat().dev, writable: driver.writable }
}

function describe(driver: Driver, purpose: 'dev' | 'proc' | undefined): Pick<MountRow, 'options' | 'source' | 'type'> {
  if (purpose === 'proc') return { type: 'proc', source: 'proc', options: [] }
  if (purpose === 'dev') return { type: 'tmpfs', source: 'tmpfs', options: ['mode=755'] }
  if (driver instanceof OverlayDriver) return { type: 'overlay', source: 'overlay', options: [] }
  if (driver instanceof MemoryDriver) {
    const { blocks = Infinity, inodes = Infinity } = driver.quota ?? {}
    const size = blocks === Infinity ? [] : [`size=${(blocks * BLOCK) / 1024}k`]
    return {
      type: 'tmpfs',
      source: 'tmpfs',
      options: [...size, ...(inodes === Infinity ? [] : [`nr_inodes=${inodes}`])],
    }
  }
  if (driver instanceof PathDriver) return { type: 'fuse', source: 'node-fs', options: [] }
  const isHost = driver instanceof HostDriver || driver instanceof QuotaDriver
  return { type: (isHost && typeNames[driver.statfs(driver.root).type]) || 'fuse', source: 'host', options: [] }
}

/** The lines of `/proc/mounts`. @source proc_pid_mounts(5) */
export function mountsText(rows: readonly MountRow[]): string {
  return rows
    .map(({ source, path, type, writable, options }) => {
      const all = [writable ? 'rw' : 'ro', 'relatime', ...options].join()
      return `${source} ${escape(path)} ${type} ${all} 0 0\n`
    })
    .join('')
}

/** The lines of `/proc/self/mountinfo`. @source proc_pid_mountinfo(5) */
export function mountInfoText(rows: readonly MountRow[]): string {
  const first = 22
  return rows
    .map(({ source, path, type, writable, options, dev }, index) => {
      const parent = index === 0 ? first - 1 : first + parentOf(rows, path)
      const access = writable ? 'rw' : 'ro'
      const [major, minor] = [(dev >>> 8) & 0xfff, (dev & 0xff) | ((dev >>> 12) & 0xfff00)]
      const inner = [access, ...options].join()
      return `${first + index} ${parent} ${major}:${minor} / ${escape(path)} ${access},relatime - ${type} ${source} ${inner}\n`
    })
    .join('')
}

/** In which mount another one is: the deepest whose path it is below. */
function parentOf(rows: readonly MountRow[], path: string): number {
  let best = 0
  for (const [index, row] of rows.entries()) {
    if (row.path !== '/' && path.startsWith(`${row.path}/`) && row.path.length > (rows[best]?.path.length ?? 0)) {
      best = index
    }
  }
  return best
}

/** Spaces and the like are octal, so that a line has its fields. */
function escape(path: string): string {
  return path.replaceAll(/[ \t\n\\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`)
}

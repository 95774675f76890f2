/** Mount table: drivers made from specs, and where each is in the guest's root. */
import type { Clock, Entropy } from '@libvisor/core'
import { VisorError } from '@libvisor/core'
import { Errno } from '../types.ts'
import type { HostFs } from './host-fs.ts'
import { HostDriver } from './host-directory.ts'
import type { Instead } from './host-directory.ts'
import { MemoryDriver } from './memory.ts'
import type { HostDirSpec, MemoryFiles, MountSpec, NodeFsSpec, OverlaySpec } from './mount-spec.ts'
import { rowOf } from './mount-rows.ts'
import type { MountRow } from './mount-rows.ts'
import { NodeFsFiles } from './node-fs-files.ts'
import { OverlayDriver } from './overlay.ts'
import { PathDriver } from './path-driver.ts'
import { ProcDriver } from './proc-driver.ts'
import type { ProcProcess, ProcSource } from './proc-facts.ts'
import { Quota } from './quota.ts'
import { QuotaDriver } from './quota-driver.ts'
import { createDev, createEtc, fill } from './synthetic.ts'
import { createHostUpper, memoryUpper } from './upper-layer.ts'
import { RemoteFiles } from './remote-files.ts'
import { connectFileSystem } from './remote-process.ts'
import type { VolumeStore } from './volume-store.ts'
import { fileType } from './vnode.ts'
import type { Driver, Vnode } from './vnode.ts'

/** `st_dev` of the first driver that has none of the host's. */
const FIRST_DEV = 0x10000
/** How far apart the inode numbers of an overlay's layers begin. */
const INO_RANGE = 2 ** 44
/** Where those of files begin that are in place of the host's. */
const INSTEAD_INO = 2 ** 52
/** Who reads and writes the files of another thread: permissions are asked for here. */
const server = Object.freeze({ pid: 0, ppid: 0, uid: 0, gid: 0, groups: [], umask: 0, cwd: '/', hostname: '' })

/** What drivers are made with. */
export interface DriverContext {
  readonly clock: Clock
  readonly entropy: Entropy
  readonly host: HostFs
  /** Who owns the roots of memory drivers. */
  readonly owner: { readonly uid: number; readonly gid: number }
  /** What `/proc` is made of. */
  readonly proc: ProcSource
  /** Where volumes are. */
  readonly volumes: VolumeStore | undefined
  /** Called when a mount that showed only what the host has shows something else. */
  readonly onCover: () => void
}

/** A directory of the guest at or above a place where something is mounted. */
export interface MountPoint {
  readonly path: string
  /** What is mounted here. */
  driver: Driver | undefined
  /** What is here when no driver has a directory of this name. */
  readonly stand: Vnode
  readonly children: Map<string, MountPoint>
}

export class MountTable implements Disposable {
  readonly root: MountPoint
  readonly points: readonly MountPoint[]
  /** Moves whenever a path may have stopped leading to the host's file. */
  generation = 0
  readonly #context: DriverContext
  #lastDev = FIRST_DEV
  /** The directories of the host that are written to, wherever they are in. */
  readonly #hostDrivers: HostDriver[] = []
  readonly #overlays: readonly OverlayDriver[]
  /** The drivers that are no plain file systems, by what they are. */
  readonly #purposes = new Map<Driver, 'dev' | 'proc'>()
  readonly #hasProc: boolean
  /** Whether files of the host have others in their places. */
  #replaces = false
  /** Holds the directories on the way to mounts. */
  readonly #stands: MemoryDriver

  constructor(specs: Readonly<Record<string, MountSpec>>, context: DriverContext) {
    this.#context = context
    this.#stands = new MemoryDriver({ dev: this.#lastDev++, clock: context.clock, writable: false })
    this.#hasProc = specs['/proc']?.kind === 'proc'
    this.root = this.#point('/')
    const points: MountPoint[] = [this.root]
    const made: Driver[] = []
    try {
      for (const [path, spec] of Object.entries(specs)) {
        const point = this.#place(path)
        point.driver = this.#make(spec, point.path)
        made.push(point.driver)
        if (spec.kind === 'dev' || spec.kind === 'proc') this.#purposes.set(point.driver, spec.kind)
        if (point !== this.root) points.push(point)
      }
    } catch (error) {
      for (const driver of made) driver[Symbol.dispose]()
      throw error
    }
    this.points = points
    this.root.driver ??= this.#stands
    this.#overlays = this.drivers.filter((driver) => driver instanceof OverlayDriver)
  }

  /**
   * What is mounted where, as a key: where it is the same, paths lead to the same as far as only the host's directories
   * decide. `undefined` where they decide nothing.
   */
  get likeness(): string | undefined {
    if (!this.drivers.some(isOfHost)) return undefined
    return this.points.map(({ path, driver }) => `${path}=${driver === undefined ? '' : likenessOf(driver)}`).join(':')
  }

  /** Whether upper layers leave what is at paths without links as the host's directories have it. */
  showsHost(paths: readonly string[]): boolean {
    if (this.#overlays.every(({ pristine }) => pristine)) return true
    return paths.every((path) => {
      let found = this.root
      const names = path.split('/').slice(1)
      let depth = 0
      for (let point: MountPoint | undefined = this.root, index = 0; point !== undefined; index++) {
        if (point.driver !== undefined) {
          found = point
          depth = index
        }
        point = point.children.get(names[index] ?? '')
      }
      return !(found.driver instanceof OverlayDriver) || found.driver.showsLower(names.slice(depth))
    })
  }

  /** The drivers, the root's first. */
  get drivers(): Driver[] {
    return this.points.flatMap(({ driver }) => (driver === undefined ? [] : [driver]))
  }

  /** The mounts as a process sees them: `/proc` tells everybody of himself. */
  rootFor(caller: ProcProcess): MountPoint {
    return this.drivers.some((driver) => driver instanceof ProcDriver) ? seenBy(this.root, caller) : this.root
  }

  /** The mounts as `/proc` lists them. */
  rows(): readonly MountRow[] {
    return this.points.flatMap(({ path, driver }) =>
      driver === undefined ? [] : rowOf(path, driver, this.#purposes.get(driver)),
    )
  }

  /** Forgets what names of the host are, before something else than a driver changes them. */
  forgetNames(): void {
    for (const driver of this.#hostDrivers) driver.forget()
  }

  /** Whether every path is the same file as on the host, for reading. */
  get readsPass(): boolean {
    return this.root.children.size === 0 && this.root.driver?.identityMapped === true && !this.#replaces
  }

  /** Whether every path is the same file as on the host, for writing, too. */
  get writesPass(): boolean {
    return this.readsPass && this.root.driver?.root.hostWritable === true
  }

  /** Whether a module's path could lead elsewhere than on the host. */
  get differsFromHost(): boolean {
    return this.drivers.some(({ identityMapped, holdsModules }) => holdsModules && !identityMapped)
  }

  /** The layers in memory that are written to, by where they are mounted. */
  *memoryLayers(): Generator<readonly [path: string, layer: MemoryDriver]> {
    for (const { path, driver } of this.points) {
      const layer = driver instanceof OverlayDriver ? driver.upper : driver
      // Synthetic files are made anew.
      if (layer instanceof MemoryDriver && layer.writable && layer.holdsModules) yield [path, layer]
    }
  }

  /** Asks again what the mounts show, after a layer has been replaced. */
  reload(): void {
    for (const driver of this.drivers) if (driver instanceof OverlayDriver) driver.reload()
    this.#leadElsewhere()
  }

  /** Has all paths followed again, after a program of the host may have moved what they lead to. */
  expire(): void {
    this.#leadElsewhere()
  }

  [Symbol.dispose](): void {
    for (const driver of this.drivers) driver[Symbol.dispose]()
  }

  /** Notes that paths may lead elsewhere than they did. */
  readonly #leadElsewhere = (): void => {
    this.generation++
    this.#context.onCover()
  }

  #point(path: string): MountPoint {
    const stand = this.#stands.make({ mode: fileType.directory | 0o755, uid: 0, gid: 0 })
    stand.nlink = 2
    return { path, driver: undefined, stand, children: new Map() }
  }

  #place(path: string): MountPoint {
    const names = path.split('/').filter((name) => name !== '')
    if (!path.startsWith('/') || names.includes('..') || names.includes('.')) {
      throw new VisorError('VISOR_OPTION_INVALID', `'${path}' is no place to mount something`, {
        hint: 'Name an absolute path of the guest without "." or "..".',
      })
    }
    let point = this.root
    for (const name of names) {
      let child = point.children.get(name)
      if (child === undefined) {
        child = this.#point(`${point.path === '/' ? '' : point.path}/${name}`)
        point.children.set(name, child)
      }
      point = child
    }
    return point
  }

  #make(spec: MountSpec, mountPoint: string, layer?: { dev: number; index: number }): Driver {
    const { clock, entropy, owner, volumes, proc } = this.#context
    const dev = layer?.dev ?? this.#lastDev++
    switch (spec.kind) {
      case 'memory': {
        const firstIno = 1 + (layer?.index ?? 0) * INO_RANGE
        const hasLimit = spec.sizeBytes !== undefined || spec.inodes !== undefined
        const quota = hasLimit ? { quota: new Quota(spec) } : {}
        const driver = new MemoryDriver({ dev, clock, ...owner, firstIno, writable: spec.mode !== 'ro', ...quota })
        fillWithin(driver, spec.files, mountPoint)
        return driver
      }
      case 'host':
        return this.#makeHost(spec, mountPoint)
      case 'volume':
        if (volumes === undefined) {
          throw new VisorError(
            'VISOR_OPTION_INVALID',
            `There is no store for the volume '${spec.name}' at '${mountPoint}'`,
          )
        }
        return this.#make(volumes.resolve(spec), mountPoint, layer)
      case 'remote': {
        const { port, memory, mode } = spec
        const files = new RemoteFiles(connectFileSystem({ port, memory, identity: server }))
        return new PathDriver({ dev, files, path: '/', writable: mode === 'rw' })
      }
      case 'node-fs':
        return this.#makeNodeFs(spec, mountPoint, dev)
      case 'overlay':
        return this.#makeOverlay(spec, mountPoint, dev)
      case 'dev':
        return createDev({ dev, clock, entropy, hasProc: this.#hasProc })
      case 'proc':
        return new ProcDriver({ dev, source: proc })
      case 'etc':
        return createEtc(spec, { dev, clock, entropy })
    }
  }

  #makeHost({ path, mode, quota, instead }: HostDirSpec, mountPoint: string): HostDriver | QuotaDriver {
    const { host } = this.#context
    const writable = mode === 'rw'
    try {
      const directory = host.realpath(path)
      host.access(directory, 4)
      if (instead !== undefined) this.#replaces = true
      const driver = new HostDriver({
        ...{ host, directory, mountPoint, writable, onChange: this.#leadElsewhere },
        ...(instead !== undefined && { instead: this.#makeInstead(instead, directory) }),
      })
      if (writable) this.#hostDrivers.push(driver)
      return quota === undefined ? driver : new QuotaDriver(driver, new Quota(quota, quota.counters))
    } catch (cause) {
      throw new VisorError('VISOR_MOUNT_UNREADABLE', `The directory '${path}' cannot be mounted at '${mountPoint}'`, {
        cause,
        hint: `Check that '${path}' exists on the host and that this user may read it.`,
      })
    }
  }

  #makeInstead(files: MemoryFiles, directory: string): Instead {
    const { clock } = this.#context
    const dev = this.#lastDev++
    let driver: MemoryDriver | undefined
    const find = (names: readonly string[]): Vnode => {
      if (driver === undefined) {
        driver = new MemoryDriver({ dev, clock, firstIno: INSTEAD_INO, writable: false, holdsModules: false })
        fill(driver, files)
      }
      return names.reduce((node: Vnode, name) => node.lookup(name)!, driver.root)
    }
    const directories = new Map<string, () => Vnode>()
    for (const path of Object.keys(files)) {
      const names = path.split('/').slice(0, -1)
      directories.set([directory === '/' ? '' : directory, ...names].join('/'), () => find(names))
    }
    return directories
  }

  #makeNodeFs({ object, path, mode }: NodeFsSpec, mountPoint: string, dev: number): PathDriver {
    try {
      return new PathDriver({ dev, files: new NodeFsFiles(object), path, writable: mode === 'rw' })
    } catch (cause) {
      throw new VisorError('VISOR_MOUNT_UNREADABLE', `The object at '${mountPoint}' has no directory '${path}'`, {
        cause,
      })
    }
  }

  #makeOverlay({ lower, upper, mode }: OverlaySpec, mountPoint: string, own: number): OverlayDriver {
    const lowers = lower.map((spec, index) => this.#make(spec, mountPoint, { dev: own, index }))
    const bottom = lowers.at(-1)
    if (bottom === undefined) {
      throw new VisorError('VISOR_OPTION_INVALID', `The overlay at '${mountPoint}' has no lower layer`)
    }
    // One device for all: the host's where a layer is the host's, since calls that pass to it say so.
    const dev = bottom instanceof HostDriver ? bottom.root.dev : own
    const top = this.#make(upper, mountPoint, { dev, index: lower.length })
    if (top.writable) {
      const layer = top instanceof MemoryDriver ? memoryUpper : createHostUpper()
      return new OverlayDriver({
        dev,
        upper: top,
        layer,
        lowers,
        onCover: this.#leadElsewhere,
        readOnly: mode === 'ro',
      })
    }
    throw new VisorError(
      'VISOR_OPTION_INVALID',
      `The upper layer of the overlay at '${mountPoint}' cannot be written to`,
      {
        hint: "Use memory(), or hostDir(path, { mode: 'rw' }). To forbid writing, set the overlay's own mode.",
      },
    )
  }
}

function seenBy(point: MountPoint, caller: ProcProcess): MountPoint {
  const { driver, children } = point
  return {
    ...point,
    driver: driver instanceof ProcDriver ? driver.seenBy(caller) : driver,
    children: new Map(Array.from(children, ([name, child]) => [name, seenBy(child, caller)])),
  }
}

/** Puts a mount's first files into it. @throws {VisorError} VISOR_OPTION_INVALID when they are more than it may hold */
function fillWithin(driver: MemoryDriver, files: MemoryFiles, mountPoint: string): void {
  try {
    fill(driver, files)
  } catch (cause) {
    if (!(cause instanceof Errno)) throw cause
    throw new VisorError('VISOR_OPTION_INVALID', `The files of the mount at '${mountPoint}' do not fit into it`, {
      cause,
      hint: 'Raise its sizeBytes or inodes.',
    })
  }
}

function isOfHost(driver: Driver): boolean {
  return driver instanceof HostDriver || (driver instanceof OverlayDriver && driver.lowers.some(isOfHost))
}

function likenessOf(driver: Driver): string {
  if (driver instanceof HostDriver) {
    const replaced = driver.instead === undefined ? [] : [...driver.instead.keys()]
    return `host(${[driver.root.realPath, ...replaced].join(' ')})`
  }
  return driver instanceof OverlayDriver ? `overlay(${driver.lowers.map(likenessOf).join()})` : 'own'
}

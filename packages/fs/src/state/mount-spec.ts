/** What can be mounted, as plain data that can be cloned to another thread; all but `nodeFs()`, which holds functions. */
import type { NodeFsObject } from './node-fs-object.ts'
import type { QuotaLimits } from './quota.ts'
import type { Connection } from './remote-protocol.ts'

/** Whether a guest may write: `EROFS` where it may not. */
export type MountMode = 'ro' | 'rw'

/** The files of a memory mount, by path in it. */
export type MemoryFiles = Readonly<Record<string, Uint8Array | string>>

/** Files in memory. */
export interface MemorySpec extends MemoryOptions {
  readonly kind: 'memory'
  readonly files: MemoryFiles
}

/** A directory of the host. */
export interface HostDirSpec {
  readonly kind: 'host'
  readonly path: string
  readonly mode: MountMode
  /** How much may be in it; the counters are shared by all that have it mounted. @defaultValue no limit */
  readonly quota?: QuotaLimits & { readonly counters: SharedArrayBuffer }
  /** Files of a lower layer that say something else than the host's, by path in the directory: what is told of the machine. @defaultValue none */
  readonly instead?: MemoryFiles
}

/** A named directory that outlives the guests that use it. */
export interface VolumeSpec extends QuotaLimits {
  readonly kind: 'volume'
  readonly name: string
  readonly mode: MountMode
}

/** An object with functions of `node:fs`. */
export interface NodeFsSpec {
  readonly kind: 'node-fs'
  readonly object: NodeFsObject
  /** Which of its directories is mounted. */
  readonly path: string
  readonly mode: MountMode
}

/** A file system that another thread serves. */
export interface RemoteSpec extends Connection {
  readonly kind: 'remote'
  readonly mode: MountMode
}

/** A writable layer over others. */
export interface OverlaySpec {
  readonly kind: 'overlay'
  /** The first one is on top. */
  readonly lower: readonly MountSpec[]
  readonly upper: MountSpec
  readonly mode?: MountMode
}

/** A synthetic `/dev`. */
export interface DevSpec {
  readonly kind: 'dev'
}

/** Who the guest is to its own `/etc`. */
export interface EtcOptions {
  readonly hostname: string
  /** Further lines of `/etc/hosts`: addresses by name. @defaultValue none */
  readonly hosts?: Readonly<Record<string, string>>
  /** The address of `hostname`. @defaultValue `'127.0.1.1'` */
  readonly address?: string
  /** Addresses of name servers. @defaultValue `['127.0.0.11']` */
  readonly nameservers?: readonly string[]
  /** The guest's user, next to root. @defaultValue root only */
  readonly user?: { readonly name: string; readonly uid: number; readonly gid: number; readonly home: string }
}

/** A synthetic `/etc`. */
export interface EtcSpec extends EtcOptions {
  readonly kind: 'etc'
}

/** A synthetic `/proc`. */
export interface ProcSpec {
  readonly kind: 'proc'
}

/** What is mounted at a path of the guest. */
export type MountSpec =
  | DevSpec
  | EtcSpec
  | HostDirSpec
  | MemorySpec
  | NodeFsSpec
  | OverlaySpec
  | ProcSpec
  | RemoteSpec
  | VolumeSpec

/** How files in memory are mounted, and how many there may be: with a limit, ENOSPC where it is reached, as in tmpfs. */
export interface MemoryOptions extends QuotaLimits {
  /** @defaultValue `'rw'` */
  readonly mode?: MountMode
}

/** How a volume is mounted. What it may hold is decided when it is made: by whoever mounts it first. */
export interface VolumeOptions extends QuotaLimits {
  /** @defaultValue `'rw'` */
  readonly mode?: MountMode
}

/** How an object is mounted. */
export interface NodeFsOptions {
  /** Which of its directories. @defaultValue `/` */
  readonly path?: string
  /** @defaultValue `'rw'` */
  readonly mode?: MountMode
}

/** How a directory of the host is mounted. */
export interface HostDirOptions {
  /** @defaultValue `'ro'` */
  readonly mode?: MountMode
}

/** What an overlay is made of. */
export interface OverlayOptions {
  /** One layer, or several with the first one on top. They are never written to. */
  readonly lower: MountSpec | readonly MountSpec[]
  /** Takes all changes: `memory()`, or `hostDir(path, { mode: 'rw' })`. A limit of its own is the overlay's. */
  readonly upper: MountSpec
  /** @defaultValue `'rw'` */
  readonly mode?: MountMode
}

/**
 * Files in memory.
 *
 * @param files - what is there at the start, by path in the mount; directories are made as needed
 * @param options - whether the guest may write, and how much
 * @returns what to mount
 * @example
 * ```ts
 * import { memory } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 *
 * assert.deepEqual(memory({ '/app.json': '{}' }), { kind: 'memory', files: { '/app.json': '{}' } })
 * assert.equal(memory({}, { sizeBytes: 64 * 2 ** 20 }).sizeBytes, 67_108_864)
 * ```
 */
export function memory(files: MemoryFiles = {}, options: MemoryOptions = {}): MemorySpec {
  return { kind: 'memory', files, ...options }
}

/**
 * A directory with a name that outlives the guests that use it, as a volume of a container does. All guests that mount it
 * share what is in it, whichever host, thread or process they are of. It is made when it is first mounted.
 *
 * @param name - letters, digits, `_`, `.` and `-`
 * @param options - whether the guest may write, and how much a new volume may hold
 * @returns what to mount
 * @example
 * ```ts
 * import { volume } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 *
 * assert.deepEqual(volume('api-data'), { kind: 'volume', name: 'api-data', mode: 'rw' })
 * assert.equal(volume('api-data', { mode: 'ro' }).mode, 'ro')
 * ```
 */
export function volume(name: string, options: VolumeOptions = {}): VolumeSpec {
  return { kind: 'volume', name, mode: 'rw', ...options }
}

/**
 * Any object that has synchronous functions of `node:fs`: a volume of memfs, a virtual file system of `@platformatic/vfs`, or one of your own.
 * A call for which the object has no function fails with ENOSYS, ENOTSUP or EPERM, as of a file system that does not know it; an object that cannot
 * write is read-only. Works where the object is: for guests in other threads the host carries the calls out.
 *
 * @param object - `lstatSync`, `readdirSync`, and `openSync`, `readSync` and `closeSync`, or `readFileSync`, at least
 * @param options - which directory of it, and whether the guest may write
 * @returns what to mount
 * @example
 * ```ts
 * import { nodeFs } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 * import fs from 'node:fs'
 *
 * const mounts = { '/shared': nodeFs(fs, { path: '/tmp', mode: 'ro' }) }
 * assert.equal(mounts['/shared'].kind, 'node-fs')
 * ```
 */
export function nodeFs(object: NodeFsObject, options: NodeFsOptions = {}): NodeFsSpec {
  return { kind: 'node-fs', object, path: options.path ?? '/', mode: options.mode ?? 'rw' }
}

/**
 * A directory of the host. Symbolic links in it lead nowhere outside of it: absolute ones start at the guest's root.
 *
 * @param path - on the host; relative to its working directory
 * @param options - whether the guest may write
 * @returns what to mount
 * @example
 * ```ts
 * import { hostDir } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 *
 * assert.equal(hostDir('./app').mode, 'ro')
 * assert.equal(hostDir('./data', { mode: 'rw' }).mode, 'rw')
 * ```
 */
export function hostDir(path: string, options: HostDirOptions = {}): HostDirSpec {
  return { kind: 'host', path, mode: options.mode ?? 'ro' }
}

/**
 * A writable layer over others that are never changed.
 *
 * @param options - the layers
 * @returns what to mount
 * @example
 * ```ts
 * import { hostDir, memory, overlay } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 *
 * assert.equal(overlay({ lower: hostDir('/'), upper: memory() }).lower.length, 1)
 * ```
 */
export function overlay(options: OverlayOptions): OverlaySpec {
  const { lower, upper, mode } = options
  return {
    kind: 'overlay',
    lower: Array.isArray(lower) ? (lower as readonly MountSpec[]) : [lower as MountSpec],
    upper,
    ...(mode !== undefined && { mode }),
  }
}

/**
 * Files that no disk has.
 *
 * @example
 * ```ts
 * import { hostDir, memory, overlay, synthetic } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 *
 * const mounts = {
 *   '/dev': synthetic.dev(),
 *   '/etc': overlay({ lower: [synthetic.etc({ hostname: 'api' }), hostDir('/etc')], upper: memory() }),
 * }
 * assert.equal(mounts['/dev'].kind, 'dev')
 * ```
 */
export const synthetic = Object.freeze({
  /** `/dev`: null, zero, full, random, urandom, tty, fd, stdin, stdout, stderr. */
  dev: (): DevSpec => ({ kind: 'dev' }),
  /** `/proc`: what the guest's processes and its machine are, as far as `process` and `os` tell. */
  proc: (): ProcSpec => ({ kind: 'proc' }),
  /** `/etc`: hosts, hostname, resolv.conf, passwd, group. */
  etc: (options: EtcOptions): EtcSpec => ({ kind: 'etc', ...options }),
})

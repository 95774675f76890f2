/** What can be mounted, as plain data that can be cloned to another thread. */

/** The files of a memory mount, by path in it. */
export type MemoryFiles = Readonly<Record<string, Uint8Array | string>>

/** Files in memory. */
export interface MemorySpec {
  readonly kind: 'memory'
  readonly files: MemoryFiles
}

/** A directory of the host. */
export interface HostDirSpec {
  readonly kind: 'host'
  readonly path: string
  readonly mode: 'ro' | 'rw'
}

/** A writable layer over others. */
export interface OverlaySpec {
  readonly kind: 'overlay'
  /** The first one is on top. */
  readonly lower: readonly MountSpec[]
  readonly upper: MountSpec
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
  /** Addresses of name servers. @defaultValue `['127.0.0.11']` */
  readonly nameservers?: readonly string[]
  /** The guest's user, next to root. @defaultValue root only */
  readonly user?: { readonly name: string; readonly uid: number; readonly gid: number; readonly home: string }
}

/** A synthetic `/etc`. */
export interface EtcSpec extends EtcOptions {
  readonly kind: 'etc'
}

/** What is mounted at a path of the guest. */
export type MountSpec = DevSpec | EtcSpec | HostDirSpec | MemorySpec | OverlaySpec

/** How a directory of the host is mounted. */
export interface HostDirOptions {
  /** @defaultValue `'ro'` */
  readonly mode?: 'ro' | 'rw'
}

/** What an overlay is made of. */
export interface OverlayOptions {
  /** One layer, or several with the first one on top. They are never written to. */
  readonly lower: MountSpec | readonly MountSpec[]
  /** Takes all changes: `memory()`, or `hostDir(path, { mode: 'rw' })`. */
  readonly upper: MountSpec
}

/**
 * Files in memory.
 *
 * @param files - what is there at the start, by path in the mount; directories are made as needed
 * @returns what to mount
 * @example
 * ```ts
 * import { memory } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 *
 * assert.deepEqual(memory({ '/app.json': '{}' }), { kind: 'memory', files: { '/app.json': '{}' } })
 * ```
 */
export function memory(files: MemoryFiles = {}): MemorySpec {
  return { kind: 'memory', files }
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
  const { lower, upper } = options
  return {
    kind: 'overlay',
    lower: Array.isArray(lower) ? (lower as readonly MountSpec[]) : [lower as MountSpec],
    upper,
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
  /** `/etc`: hosts, hostname, resolv.conf, passwd, group. */
  etc: (options: EtcOptions): EtcSpec => ({ kind: 'etc', ...options }),
})

/**
 * The interfaces through which the areas meet. Layer-2 packages never import each other: who needs a clock gets a
 * {@link Clock}, and does not know that `@libvisor/time` made it.
 */
import type { Readable, Writable } from 'node:stream'

/** What time it is in a namespace. Every reading of a namespace comes from here. */
export interface Clock {
  /** Wall time. @units milliseconds since the epoch, with fractions */
  now(): number
  /** Wall time. @units nanoseconds since the epoch */
  nowNs(): bigint
  /** Time since some fixed moment, which never goes back. @units nanoseconds */
  monotonicNs(): bigint
  /** The monotonic reading at which whoever has the clock started. @units nanoseconds @defaultValue when that is first asked for */
  readonly startedNs?: bigint
  /** How long the machine has been running, where that is not what the host says. @units nanoseconds */
  machineUptimeNs?(): bigint
  /** IANA name of the time zone, or `undefined` for the host's. */
  readonly zone: string | undefined
}

/** Who a process of a guest is. Live: `umask()` and `chdir()` change it. */
export interface Identity {
  readonly pid: number
  readonly ppid: number
  uid: number
  gid: number
  /** Supplementary groups. */
  groups: readonly number[]
  /** Mode bits that `open` and `mkdir` clear. */
  umask: number
  /** Absolute path of the working directory, in the guest's file system. */
  cwd: string
  readonly hostname: string
}

/** Where random bytes come from. */
export interface Entropy {
  /** Fills the whole array with random bytes. */
  fill(bytes: Uint8Array): void
  /** A number in [0, 1), as `Math.random()` gives. */
  float(): number
  /** Whether the bytes come from a seed, so that a run repeats. */
  readonly seeded: boolean
}

/** What a channel is connected to, as `fstat` and `isatty` would tell. */
export type ChannelKind = 'tty' | 'pipe' | 'file' | 'null'

/** A byte stream that a guest's descriptors 0–2 stand for. */
export interface Channel {
  readonly kind: ChannelKind
  /** The host's descriptor behind it, when a call may pass to it as a whole. */
  readonly hostFd: number | undefined
  /**
   * Reads what is there, waiting for at least one byte.
   *
   * @returns at most `length` bytes; an empty array at the end
   */
  readSync(length: number): Uint8Array
  /** Writes all bytes and returns their number. */
  writeSync(bytes: Uint8Array): number
  /** Makes the stream of `process` over it, where one made of `readSync` and `writeSync` would not do. */
  openStream?(): Readable | Writable | undefined
}

/** Descriptors 0, 1 and 2 of a process. */
export type Stdio = readonly [stdin: Channel, stdout: Channel, stderr: Channel]

/** What the loader sees of a guest's file system. Paths are absolute; nothing here throws for a missing file. */
export interface FileView {
  /** What is at a path, symbolic links followed. */
  kind(path: string): 'file' | 'directory' | 'other' | undefined
  /** The content of a file. @throws the guest's error when it cannot be read */
  read(path: string): Uint8Array
  /** The content of a file as UTF-8, a byte order mark included. @throws the guest's error when it cannot be read */
  text?(path: string): string
  /** The path without symbolic links. @throws the guest's error when nothing is there */
  realpath(path: string): string
  /**
   * Makes an answer out of what this view says, or gives the one that was made to the same question: for this or another guest, as long
   * as everything that was asked for then would be the same now. The answer depends on files, and on nothing that the question does not say.
   *
   * @param about - what is asked
   * @param of - the path, or whatever else, of which it is asked: the same string each time is found soonest
   * @param make - asks this view only, and waits for nothing. It spoils the answer when something else counts, or when making it had an
   * effect: then it is not kept, as when it throws.
   */
  derive?<Answer>(about: string, of: string, make: (spoil: () => void) => Answer): Answer
  /**
   * The host's path of a file when it is the host's own and may be loaded by the host's loader (`.node` addons),
   * or `undefined`.
   */
  hostPath(path: string): string | undefined
  /** The host's descriptor behind one of the guest's, or `undefined` where there is none. */
  hostFd?(fd: number): number | undefined
  /**
   * Whether anything that a host-wide look-up finds could differ from what this file system says: `false` as long as
   * the root is the host's own and no layer above it holds an entry.
   */
  differsFromHost(): boolean
  /** Has all that is remembered of the host's files looked at again: a program of the host has run meanwhile, in this same callback. */
  expire?(): void
}

/** A socket file, as the file system sees it. */
export interface SocketFiles {
  /** Makes a socket file. @throws the guest's errno as `{ code }`: EADDRINUSE when something is there */
  bind(path: string): void
  /** The inode a path leads to, for finding who listens. @throws `{ code }`: ENOENT, ECONNREFUSED when it is no socket */
  lookup(path: string): string
  /** Sets the permissions of a socket file. @throws `{ code }`: EPERM when it is somebody else's */
  chmod(path: string, mode: number): void
  /** Removes a socket file when it is still the one that was bound. */
  unlink(path: string): void
}

/** What the two sides of a file system that is shared between threads say to each other. */
import type { MessagePort } from 'node:worker_threads'
import type { ErrnoCode } from '@libvisor/abi'
import type { ResolveIntent, SyscallName, WatchEvent } from '../types.ts'
import type { Credentials } from './vnode.ts'

/** What a connection needs besides its port. Can be cloned to another thread. */
export interface FileSystemMemory {
  /** Wakes the client that waits: one 32-bit integer, the number of replies to synchronous calls. */
  readonly signal: SharedArrayBuffer
  /** What every client may know without asking, one 32-bit integer each: indices are in `flag`. */
  readonly flags: SharedArrayBuffer
  /** Whose calls may pass to the host. */
  readonly host: { readonly uid: number; readonly umask: number }
}

/** Indices into {@link FileSystemMemory.flags}. Each is 1 or 0, but for `generation`. */
export const flag = Object.freeze({
  /** Every path is the host's for reading: nothing has been written over an identity-mapped root. */
  readsPass: 0,
  /** Every path is the host's for writing, too. */
  writesPass: 1,
  /** See `FileView.differsFromHost`. */
  differs: 2,
  /** Moves whenever a path may have stopped leading to the host's file. */
  generation: 3,
  count: 4,
})

/** What a client may ask for besides system calls. */
export type ControlName = 'resolve' | 'unwatch' | 'watch'

/** A call. */
export interface Request {
  /** 0 for a synchronous call, which waits for {@link FileSystemMemory.signal}. */
  readonly id: number
  readonly call: ControlName | SyscallName
  readonly args: readonly unknown[]
  /** Who calls, when that has changed. */
  readonly who?: Credentials
}

/** The end of a call. */
export interface Reply {
  readonly id: number
  readonly result?: unknown
  /** The errno it failed with. */
  readonly code?: ErrnoCode
  /** The message of an error that is none of the system's. */
  readonly failure?: string
}

/** What a watcher is told. */
export interface WatchMessage {
  readonly watcher: number
  readonly event: WatchEvent
}

/** How a thread reaches a file system that another one has. */
export interface Connection {
  readonly port: MessagePort
  readonly memory: FileSystemMemory
}

/** The arguments of `resolve`. */
export type ResolveArguments = readonly [path: string, intent: ResolveIntent, followLast: boolean]

/**
 * What the host tells the threads in which guests run, and what they tell it.
 *
 * A guest has a control port of its own wherever it runs. A thread of the pool, in which many guests run, has a further one.
 */
import type { FileChanges, FileSystemMemory, FileSystemState } from '@libvisor/fs'
import { portsIn } from '@libvisor/fs'
import type { MessagePort } from 'node:worker_threads'
import type { GuestEnvelope } from './envelope.ts'
import type { Failure } from './failure.ts'

/** What a guest uses. */
export interface GuestUsage {
  /** @units bytes */
  readonly heapUsedBytes: number
  /** How long its code has run. @units milliseconds */
  readonly cpuMs: number
  /** Servers, watchers, children, workers and whatever else is open, sockets and timers apart. */
  readonly handles: number
  readonly sockets: number
  readonly timers: number
}

/** From the host to the guest. Every request is answered with its `id`. */
export type ToGuest =
  | { readonly type: 'advance'; readonly id: number; readonly ms: number }
  /** Answered with `FileChanges`. */
  | { readonly type: 'diff'; readonly id: number; readonly since: FileSystemState | undefined }
  | { readonly type: 'restore'; readonly id: number; readonly state: FileSystemState }
  | { readonly type: 'signal'; readonly id: number; readonly signal: NodeJS.Signals }
  /** Answered with a portable `FileSystemState`. */
  | { readonly type: 'snapshot'; readonly id: number }
  /** Answered with rows of sockets. */
  | { readonly type: 'sockets'; readonly id: number }
  /** Answered with a {@link GuestUsage}. */
  | { readonly type: 'stats'; readonly id: number }

/** What a guest's layers in memory held when it ended. */
export interface LastFiles {
  readonly state?: FileSystemState
  /** Compared with what was mounted. */
  readonly changes?: FileChanges
  /** Why nobody knows. */
  readonly failure?: Failure
}

/** From the guest to the host. */
export type FromGuest =
  | { readonly type: 'answer'; readonly id: number; readonly value?: unknown; readonly failure?: Failure }
  /** The namespace could not be made: the guest has not started. */
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'closed'; readonly address: string; readonly port: number }
  /** The guest is about to end, and what it has written is to be kept. */
  | { readonly type: 'files'; readonly last: LastFiles }
  | {
      readonly type: 'listening'
      readonly address: string
      readonly port: number
      readonly published: string | undefined
    }
  /** A signal that nobody listened to ends the guest. */
  | { readonly type: 'terminated'; readonly signal: NodeJS.Signals }
  /**
   * The namespace is furnished and the program is about to start; the memory is for the host's way to its files. The number
   * is that of the namespace in its thread: what the thread's pulse calls it.
   */
  | { readonly type: 'started'; readonly files: FileSystemMemory; readonly namespaceId: number }
  /**
   * The guest has ended, and its thread goes on: the last message on this port. Also after `failed`. What it wrote to
   * stdout and stderr has been sent before.
   */
  | { readonly type: 'ended'; readonly code: number | null; readonly signal: NodeJS.Signals | null }

/** From the host to a thread of the pool. */
export interface ToPool {
  /** Starts a guest. Whatever becomes of it, its control port tells. */
  readonly type: 'spawn'
  readonly envelope: PooledGuestEnvelope
}

/** A guest as it is sent to a thread of the pool. */
export type PooledGuestEnvelope = GuestEnvelope & { readonly stdioPort: MessagePort }

/** What must be transferred with a guest's envelope. */
export const portsOf = ({ control, network, files, stdioPort, namespace }: GuestEnvelope): MessagePort[] => [
  ...portsIn(namespace.mounts),
  control,
  network.port,
  files,
  ...(stdioPort === undefined ? [] : [stdioPort]),
]

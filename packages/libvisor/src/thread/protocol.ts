/**
 * What the host and the thread of a guest tell each other over the control port.
 */
import type { FileSystemMemory } from '@libvisor/fs'
import type { Failure } from './failure.ts'

/** From the host to the guest's thread. Every request is answered with its `id`. */
export type ToGuest =
  | { readonly type: 'advance'; readonly id: number; readonly ms: number }
  | { readonly type: 'signal'; readonly id: number; readonly signal: NodeJS.Signals }
  | { readonly type: 'stats'; readonly id: number }

/** From the guest's thread to the host. */
export type FromGuest =
  | { readonly type: 'answer'; readonly id: number; readonly value?: unknown; readonly failure?: Failure }
  /** The namespace could not be made: the guest has not started. */
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'closed'; readonly address: string; readonly port: number }
  | {
      readonly type: 'listening'
      readonly address: string
      readonly port: number
      readonly published: string | undefined
    }
  /** A signal that nobody listened to ends the guest. */
  | { readonly type: 'terminated'; readonly signal: NodeJS.Signals }
  /** The namespace is furnished and the program is about to start; the memory is for the host's way to its files. */
  | { readonly type: 'started'; readonly files: FileSystemMemory }

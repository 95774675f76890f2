/**
 * What the host and the thread of a guest tell each other over the control port.
 */
import type { MessagePort } from 'node:worker_threads'
import type { NamespaceSpec, ProgramSpec } from '../config/guest-spec.ts'
import type { VisorErrorCode } from '@libvisor/core'

/** What a guest's thread is started with. */
export interface ThreadBoot {
  readonly namespace: NamespaceSpec
  readonly program: ProgramSpec
  /** The guest's address on the guests' network. */
  readonly address: string
  readonly control: MessagePort
  /** Its port on the switch. */
  readonly network: MessagePort
  /** The host works on the guest's files through this port. */
  readonly files: MessagePort
}

/** From the host to the guest's thread. Every request is answered with its `id`. */
export type ToGuest =
  | { readonly type: 'advance'; readonly id: number; readonly ms: number }
  | { readonly type: 'signal'; readonly id: number; readonly signal: NodeJS.Signals }
  | { readonly type: 'stats'; readonly id: number }

/** From the guest's thread to the host. */
export type FromGuest =
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  /** The namespace could not be made: the guest has not started. */
  | { readonly type: 'failed'; readonly code: VisorErrorCode; readonly message: string; readonly hint: string | undefined }
  | { readonly type: 'closed'; readonly address: string; readonly port: number }
  | { readonly type: 'listening'; readonly address: string; readonly port: number; readonly published: string | undefined }
  /** The namespace is furnished and the program is about to start. */
  | { readonly type: 'started' }

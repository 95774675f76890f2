/**
 * How a thread that libvisor starts learns what it is: `workerData` carries an envelope, which the preload opens before
 * any code of the guest runs.
 */
import type { MessagePort } from 'node:worker_threads'
import type { Connection as FileSystemConnection } from '@libvisor/fs'
import type { SwitchAttachment } from '@libvisor/net'
import type { NamespaceSpec, ProgramSpec } from '../config/guest-spec.ts'

/** A thread that runs a guest. */
export interface GuestEnvelope {
  readonly kind: 'guest'
  readonly namespace: NamespaceSpec
  readonly program: ProgramSpec
  /** `inherit`: the guest's descriptors 0, 1 and 2 are the host's. */
  readonly stdio: 'inherit' | 'pipe'
  readonly control: MessagePort
  readonly network: SwitchAttachment
  readonly files: MessagePort
}

/** A worker that a guest has made: a further thread of the guest. */
export interface WorkerEnvelope {
  readonly kind: 'worker'
  readonly namespace: NamespaceSpec
  readonly files: FileSystemConnection
  readonly execArgv: readonly string[]
  /** What its environment says, which Node has not seen. */
  readonly nodeOptions: string | undefined
  /** The guest's own `workerData`. */
  readonly data: unknown
}

/** What `workerData` is in a thread of libvisor's. */
export type Envelope = GuestEnvelope | WorkerEnvelope

const mark = 'libvisor.envelope'

/**
 * Puts an envelope into `workerData`.
 *
 * @param envelope - what the thread is
 * @returns what to pass as `workerData`
 */
export function putIntoWorkerData(envelope: Envelope): object {
  return { [mark]: envelope }
}

/**
 * Opens the envelope in `workerData`.
 *
 * @param workerData - of this thread
 * @returns the envelope, or `undefined` where libvisor has not started this thread
 */
export function openWorkerData(workerData: unknown): Envelope | undefined {
  return (workerData as { readonly 'libvisor.envelope'?: Envelope } | null | undefined)?.[mark]
}

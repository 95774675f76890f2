/**
 * How a thread that libvisor starts learns what it is: `workerData` carries an envelope, which the preload opens before
 * any code of the guest runs.
 */
import type { MessagePort } from 'node:worker_threads'
import type { Connection as FileSystemConnection } from '@libvisor/fs'
import type { StackAttachment, SwitchAttachment } from '@libvisor/net'
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
  /** Whether the host wants to know what the guest's layers hold when it ends. */
  readonly keepFiles: boolean
  /** Leads to the handle's streams, for `createPortStdio`. A guest with a thread of its own has the thread's streams. */
  readonly stdioPort?: MessagePort
}

/** A thread of the pool, in which many guests run. What it is told over `control` are messages of type `ToPool`. */
export interface PoolEnvelope {
  readonly kind: 'pool'
  readonly control: MessagePort
  /** For `startPulse`: where the host sees that the thread is not stalled, and which guest was entered last. */
  readonly pulse: SharedArrayBuffer
  /** A directory of the host in which compiled code is kept between runs. */
  readonly cacheDirectory: string | undefined
}

/** A worker that a guest has made: a further thread of the guest. */
export interface WorkerEnvelope {
  readonly kind: 'worker'
  readonly namespace: NamespaceSpec
  readonly files: FileSystemConnection
  readonly network: StackAttachment
  readonly execArgv: readonly string[]
  /** What its environment says, which Node has not seen. */
  readonly nodeOptions: string | undefined
  /** The guest's own `workerData`. */
  readonly data: unknown
}

/** What `workerData` is in a thread of libvisor's. */
export type Envelope = GuestEnvelope | PoolEnvelope | WorkerEnvelope

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

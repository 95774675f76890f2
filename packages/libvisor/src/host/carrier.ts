import type { Readable, Writable } from 'node:stream'
import type { MessagePort } from 'node:worker_threads'
import type { ExitStatus } from './exit-status.ts'

/** How a guest lost what carried it. */
export interface Departure extends ExitStatus {
  /** Whether the thread ended through no fault of the guest, which may go on in another one. */
  readonly innocent: boolean
  /** Lines for the guest's stderr. */
  readonly notice?: string
}

/** What carries a guest: a thread of its own, or a place in one of the pool's. */
export interface Carrier {
  /** The guest's address on the guests' network. */
  readonly address: string
  /** Which thread of the pool it is, from 1. */
  readonly thread: number | undefined
  readonly control: MessagePort
  /** The host's end of the way to the guest's files. */
  readonly files: MessagePort
  readonly stdin: Writable | undefined
  readonly stdout: Readable
  readonly stderr: Readable
  /** The guest's namespace has been made: what its thread calls it. */
  started(namespaceId: number): void
  /** Ends the guest whether it can be asked or not. */
  terminate(): void
  /**
   * Gives up the place, when the guest has ended or is to go on elsewhere.
   *
   * @param notice - lines for the guest's stderr, which ends then; without it the streams stay for the next carrier
   */
  release(notice: string | undefined): void
}

/**
 * Starts to carry a guest.
 *
 * @param leave - called once, when what carries the guest has gone
 */
export type Launch = (leave: (departure: Departure) => void) => Carrier

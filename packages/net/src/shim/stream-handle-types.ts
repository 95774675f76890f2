import type { Namespace, Owner } from '@libvisor/core'
import type { Family } from '../state/address.ts'
import type { Connection } from '../state/connection.ts'
import type { JSStreamHandle } from './node-internals.native.ts'

/** Where a virtual handle gets its connection from. */
export interface StreamHandleOptions {
  readonly ns: Namespace
  /** On whose behalf events are delivered. @defaultValue the running code's context */
  readonly owner?: Owner
  /** The connection of an accepted socket. @defaultValue none: the handle connects by itself */
  readonly connection?: Connection
  /** How addresses are shown. @defaultValue 4 */
  readonly family?: Family
}

/** The handle of a virtual socket, as far as libvisor itself uses it. */
export interface StreamHandle extends JSStreamHandle {
  ref(): void
  unref(): void
  hasRef(): boolean
  close(done?: () => void): void
}

/** A constructor of virtual handles. */
export type StreamHandleClass = new (options: StreamHandleOptions) => StreamHandle

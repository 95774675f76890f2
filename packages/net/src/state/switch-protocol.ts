import type { ErrnoCode } from '@libvisor/abi'
import type { MessagePort } from 'node:worker_threads'
import type { Datagram } from '../types.ts'
import type { Endpoint } from './address.ts'
import type { PeerLink } from './link-shape.ts'
import type { TrunkAttachment } from './trunk.ts'

/** What a stack says to the switch. Each request has a number, which its reply repeats. */
export type ToSwitch =
  | { readonly type: 'lookup'; readonly id: number; readonly name: string }
  | { readonly type: 'reverse'; readonly id: number; readonly address: string }
  | {
      readonly type: 'connect'
      readonly id: number
      readonly source: Endpoint
      readonly destination: Endpoint
      /** By which the server's stack finds the client's, if it is in the same thread. */
      readonly offer: string
    }
  | { readonly type: 'send'; readonly destination: Endpoint; readonly datagram: Datagram }
  | ({ readonly type: 'answered' } & Answer)

/** What came of a question for a connection. */
export interface Answer {
  readonly id: number
  readonly refusal?: ErrnoCode | undefined
  /** The way over which the connection goes, where there was none before. Its port is to be transferred. */
  readonly trunk?: TrunkAttachment | undefined
}

/** What the switch says to a stack. */
export type FromSwitch =
  | { readonly type: 'datagram'; readonly destination: Endpoint; readonly datagram: Datagram }
  | { readonly type: 'found'; readonly id: number; readonly result: string | undefined }
  | { readonly type: 'links'; readonly links: readonly PeerLink[] }
  | ({ readonly type: 'connected' } & Answer)
  | {
      readonly type: 'incoming'
      readonly id: number
      /** What the client's stack has asked by: on the trunk, the connection has this number. */
      readonly number: number
      readonly source: Endpoint
      readonly destination: Endpoint
      /** What came from the client's stack, where that may be in the same thread as the server's. */
      readonly offer?: string | undefined
    }

/** What a guest's thread needs to reach the switch. Can be sent to it, with `port` in the list of transfers. */
export interface SwitchAttachment {
  readonly address: string
  readonly network: string
  readonly port: MessagePort
}

/** A port that a thread of a guest has bound. */
export interface SharedBinding {
  readonly protocol: 'tcp' | 'udp'
  readonly address: string
  readonly port: number
  readonly ipv6Only?: boolean
  /** Whether others that say so too may bind it. */
  readonly isReusable?: boolean
  /** Whether the guest left the choice of the port to the stack. */
  readonly isEphemeral?: boolean
}

/** What a further thread of a guest says to the one that has the stack, beside what a stack says to the switch. */
export type ToStack =
  | ToSwitch
  | { readonly type: 'connect-path'; readonly id: number; readonly path: string }
  | { readonly type: 'bind'; readonly id: number; readonly binding: SharedBinding }
  | { readonly type: 'unbind'; readonly id: number }

/** What a further thread of a guest needs to reach its stack. Can be sent to it, with `port` in the list of transfers. */
export interface StackAttachment {
  /** The stack's address, empty where it has none but loopback. */
  readonly address: string
  /** The block of addresses of its switch, empty where it has none. */
  readonly network: string
  readonly port: MessagePort
  /** For `reservePorts`, with the number of the thread. */
  readonly reservations: SharedArrayBuffer
  readonly thread: number
}

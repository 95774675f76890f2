import type { ErrnoCode } from '@libvisor/abi'
import type { MessagePort } from 'node:worker_threads'
import type { Datagram } from '../types.ts'
import type { Endpoint } from './address.ts'

/** What a stack says to the switch. Each request has a number, which its reply repeats. */
export type ToSwitch =
  | { readonly type: 'lookup'; readonly id: number; readonly name: string }
  | { readonly type: 'reverse'; readonly id: number; readonly address: string }
  | {
      readonly type: 'connect'
      readonly id: number
      readonly source: Endpoint
      readonly destination: Endpoint
      /** The server's side of the connection. */
      readonly channel: MessagePort
    }
  | { readonly type: 'send'; readonly destination: Endpoint; readonly datagram: Datagram }
  | { readonly type: 'answered'; readonly id: number; readonly refusal: ErrnoCode | undefined }

/** What the switch says to a stack. */
export type FromSwitch =
  | { readonly type: 'datagram'; readonly destination: Endpoint; readonly datagram: Datagram }
  | { readonly type: 'found'; readonly id: number; readonly result: string | undefined }
  | { readonly type: 'connected'; readonly id: number; readonly refusal: ErrnoCode | undefined }
  | {
      readonly type: 'incoming'
      readonly id: number
      readonly source: Endpoint
      readonly destination: Endpoint
      readonly channel: MessagePort
    }

/** What a guest's thread needs to reach the switch. Can be sent to it, with `port` in the list of transfers. */
export interface SwitchAttachment {
  readonly address: string
  readonly network: string
  readonly port: MessagePort
}

import { host } from '@libvisor/abi'
import type { SocketRow } from '@libvisor/net'
import type { Isolation } from '../config/guest-options.ts'
import type { ListeningPort } from './guest.ts'
import type { GuestHandle } from './guest-handle.native.ts'
import { readGuestRow, withinReason } from './guest-row.ts'

/** What `visor inspect` tells of a guest. */
export interface GuestDescription {
  readonly name: string
  /** On the guests' network; `undefined` where it has none. */
  readonly address: string | undefined
  /** `process` for one that has a process to itself. */
  readonly isolation: Isolation | 'process'
  /** Of the process on the host that runs it. */
  readonly hostPid: number
  readonly ports: readonly ListeningPort[]
  /** `undefined` where the guest does not answer: its thread is stalled. */
  readonly heapUsedBytes: number | undefined
  readonly cpuMs: number | undefined
  readonly startMs: number
  readonly restarts: number
  /** What it has open on its network. */
  readonly sockets: readonly SocketRow[]
}

/**
 * Describes a guest, and does not wait for one that cannot answer.
 *
 * @param guest - the guest
 */
export async function describeGuest(guest: GuestHandle): Promise<GuestDescription> {
  const { name, address, isolation, startMs, restarts } = guest
  const [{ heapUsedBytes, cpuMs }, sockets = []] = await Promise.all([
    readGuestRow(guest),
    withinReason(guest.sockets()),
  ])
  const ports = guest.ports()
  return {
    ...{ name, address, isolation, hostPid: host.process.pid, ports },
    ...{ heapUsedBytes, cpuMs, startMs, restarts, sockets },
  }
}

import { listSockets, netStack } from '@libvisor/net'
import type { FurnishedNamespace } from '../guest/furnish.ts'
import { publishedUrl } from '../guest/published-url.ts'
import type { GuestDescription } from './guest-description.ts'

/** What a process knows of itself. */
export type ProcessUsage = Pick<GuestDescription, 'cpuMs' | 'heapUsedBytes' | 'hostPid' | 'startMs'>

/**
 * Describes the guest that has this process to itself.
 *
 * @param guest - has its network in this thread
 * @param usage - of the process
 */
export function describeProcess({ ns, published }: FurnishedNamespace, usage: ProcessUsage): GuestDescription {
  const sockets = listSockets(ns)
  const ports = sockets
    .filter(({ protocol, state }) => protocol === 'tcp' && state === 'LISTEN')
    .map(({ local: { address, port } }) => ({ address, port, published: publishedUrl(published(), port) }))
  return {
    ...{ name: ns.name, address: ns.get(netStack).addresses[0], isolation: 'process', ports },
    ...{ ...usage, restarts: 0, sockets },
  }
}

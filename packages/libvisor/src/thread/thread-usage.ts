import { host, original } from '@libvisor/abi'
import { livenessOf } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import type { GuestUsage } from './protocol.ts'

// Captured before they are the guest's.
const { getActiveResourcesInfo, threadCpuUsage } = host.process

const isTimer = (name: string): boolean => name === 'Timeout' || name === 'Immediate'
const isSocket = (name: string): boolean => /^(TCPSocket|Pipe|TLS|UDP)/.test(name)

/**
 * What a guest uses that has this thread to itself.
 *
 * @param ns - its namespace, which knows of what is no handle of the host's
 * @returns the usage
 */
export function readThreadUsage(ns: Namespace): GuestUsage {
  const resources = getActiveResourcesInfo()
  const { user, system } = threadCpuUsage()
  const { references, sockets } = livenessOf(ns).counts()
  // As long as there are any references a timer of libvisor's keeps the event loop alive for them.
  const timers = resources.filter(isTimer).length - (references > 0 ? 1 : 0)
  const native = resources.filter(isSocket).length
  return {
    heapUsedBytes: original('v8').getHeapStatistics().used_heap_size,
    cpuMs: (user + system) / 1000,
    handles: resources.length - resources.filter(isTimer).length - native + references - sockets,
    sockets: native + sockets,
    timers,
  }
}

import { host, original } from '@libvisor/abi'
import type { GuestUsage } from './protocol.ts'

// Captured before they are the guest's.
const { getActiveResourcesInfo, threadCpuUsage } = host.process

const isTimer = (name: string): boolean => name === 'Timeout' || name === 'Immediate'
const isSocket = (name: string): boolean => /^(TCPSocket|Pipe|TLS|UDP)/.test(name)

/**
 * What this thread uses, which a guest has to itself.
 *
 * @returns the usage
 */
export function readThreadUsage(): GuestUsage {
  const resources = getActiveResourcesInfo()
  const { user, system } = threadCpuUsage()
  const timers = resources.filter(isTimer).length
  const sockets = resources.filter(isSocket).length
  return {
    heapUsedBytes: original('v8').getHeapStatistics().used_heap_size,
    cpuMs: (user + system) / 1000,
    handles: resources.length - timers - sockets,
    sockets,
    timers,
  }
}

import { host } from '@libvisor/abi'
import type { LinkTimers } from '@libvisor/net'

/**
 * The time that passes on links: the host's, whatever clock a guest has. What is under way keeps its thread alive until it has arrived, as the
 * kernel sends on for a process that has ended.
 */
export const hostTimers: LinkTimers = Object.freeze({
  nowMs: host.monotonicMs,
  after(ms: number, task: () => void) {
    const timer = host.setTimeout(task, ms)
    return () => host.clearTimeout(timer)
  },
})

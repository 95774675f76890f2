import { host, original } from '@libvisor/abi'
import { eventLoop, isKeptAlive } from '@libvisor/core'
import type { ThreadMeans } from '../state/thread-means.ts'

const { allocUnsafe: allocate } = Buffer

let means: ThreadMeans | undefined

/** What the ways between this thread and others are made of. */
export function threadMeans(): ThreadMeans {
  const { lookInTurn, drain } = eventLoop
  return (means ??= {
    Channel: original('worker_threads').MessageChannel,
    newKey: () => original('crypto').randomUUID(),
    allocate,
    lookInTurn,
    drain,
    nowMs: host.monotonicMs,
    isKeptAlive,
  })
}

import { host, original } from '@libvisor/abi'
import { openWorkerData } from './envelope.ts'

/**
 * Whether libvisor has started this thread, so that its preload gives it a namespace.
 *
 * @returns whether it has
 */
export function isStartedByLibvisor(): boolean {
  return host.isWorker && openWorkerData(original('worker_threads').workerData) !== undefined
}

import { host, original } from '@libvisor/abi'
import { openWorkerData } from './envelope.ts'

/** Node marks what a worker cannot do. `worker_threads`, which would tell as well, takes longer to load. */
const isWorker = (host.process.abort as { readonly disabled?: boolean }).disabled === true

/**
 * Whether libvisor has started this thread, so that its preload gives it a namespace.
 *
 * @returns whether it has
 */
export function isStartedByLibvisor(): boolean {
  return isWorker && openWorkerData(original('worker_threads').workerData) !== undefined
}

/**
 * Runs first in every thread that libvisor starts, before any code of the guest.
 */
import { original } from '@libvisor/abi'
import { loadPool } from '../areas/load-area.native.ts'
import { openWorkerData } from './envelope.ts'
import { bootGuest } from './guest-thread.ts'
import { bootWorker } from './guest-worker.ts'

const envelope = openWorkerData(original('worker_threads').workerData)
if (envelope?.kind === 'guest') bootGuest(envelope)
else if (envelope?.kind === 'worker') bootWorker(envelope)
else if (envelope?.kind === 'pool') loadPool().bootPool(envelope)

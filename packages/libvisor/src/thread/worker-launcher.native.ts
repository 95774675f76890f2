import { original } from '@libvisor/abi'
import { slots, unsupported } from '@libvisor/core'
import type { WorkerLauncher } from '@libvisor/process'
import { processState } from '@libvisor/process'
import type { FurnishedNamespace } from '../guest/furnish.ts'
import { preloadArgv } from './preload-argv.ts'
import { putIntoWorkerData } from './envelope.ts'
import { createThreadStdio } from './thread-stdio.ts'

/** Refuses workers of workers: the thread that has the files is another one than the one that makes the worker. */
export const refuseWorkers: WorkerLauncher = () => {
  throw unsupported('new Worker() in a worker')
}

/**
 * Makes what starts the workers of a guest: each boots libvisor before the guest's code, whatever `env`, `execArgv` and
 * `argv` the guest passes, and works on the files of the thread that made it.
 *
 * @param guest - the namespace to inherit
 * @returns the launcher
 */
export function createWorkerLauncher(guest: Pick<FurnishedNamespace, 'files' | 'spec'>): WorkerLauncher {
  const { spec } = guest
  return (ns, filename, asked) => {
    const { MessageChannel } = original('worker_threads')
    const { port1, port2 } = new MessageChannel()
    const identity = ns.get(slots.identity)
    const served = guest.files().serve(port1, { identity, stdio: createThreadStdio() })
    const execArgv = asked.execArgv ?? ns.get(processState).execArgv
    const envelope = putIntoWorkerData({
      kind: 'worker',
      namespace: { ...spec, cwd: identity.cwd, uid: identity.uid, gid: identity.gid, umask: identity.umask },
      files: { port: port2, memory: served.memory },
      execArgv,
      data: asked.workerData,
    })
    return [
      filename,
      {
        ...asked,
        execArgv: [...execArgv, ...preloadArgv],
        workerData: envelope,
        transferList: [...(asked.transferList ?? []), port2],
      },
    ]
  }
}

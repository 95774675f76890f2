import { original } from '@libvisor/abi'
import { slots, unsupported } from '@libvisor/core'
import type { WorkerLauncher } from '@libvisor/process'
import { processState } from '@libvisor/process'
import type { NamespaceSpec } from '../config/guest-spec.ts'
import type { FileSystem } from '@libvisor/fs'
import { putIntoWorkerData } from './envelope.ts'
import { createThreadStdio } from './thread-stdio.ts'

/** What a worker inherits. */
export interface WorkerLauncherOptions {
  readonly spec: NamespaceSpec
  readonly files: FileSystem
}

/** Refuses workers of workers: the thread that has the files is another one than the one that makes the worker. */
export const refuseWorkers: WorkerLauncher = () => {
  throw unsupported('new Worker() in a worker')
}

/** The preload of every thread that libvisor starts. */
const preload = new URL('./preload.ts', import.meta.url)

/**
 * Makes what starts the workers of a guest: each boots libvisor before the guest's code, whatever `env`, `execArgv` and
 * `argv` the guest passes, and works on the files of the thread that made it.
 *
 * @param options - the namespace to inherit
 * @returns the launcher
 */
export function createWorkerLauncher(options: WorkerLauncherOptions): WorkerLauncher {
  const { spec, files } = options
  return (ns, filename, asked) => {
    const { MessageChannel } = original('worker_threads')
    const { port1, port2 } = new MessageChannel()
    const identity = ns.get(slots.identity)
    const served = files.serve(port1, { identity, stdio: createThreadStdio() })
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
        execArgv: [...execArgv, '--import', preload.href],
        workerData: envelope,
        transferList: [...(asked.transferList ?? []), port2],
      },
    ]
  }
}

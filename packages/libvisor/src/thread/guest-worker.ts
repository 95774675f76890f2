import { host } from '@libvisor/abi'
import { loadFs } from '../areas/load-area.native.ts'
import { furnish } from '../guest/furnish.ts'
import { enterOwnRealm } from '../guest/own-realm.ts'
import type { WorkerEnvelope } from './envelope.ts'
import { showThreadAs } from './main-thread-view.ts'
import { createThreadStdio } from './thread-stdio.ts'
import { refuseWorkers } from './worker-launcher.native.ts'

/**
 * Makes this thread a further thread of a guest: it works on the files and the network of the thread that made it.
 *
 * @param envelope - what that thread passed on
 */
export function bootWorker(envelope: WorkerEnvelope): void {
  const { namespace: spec, files, network, execArgv, nodeOptions, data } = envelope
  const { env, argv } = host.process
  if (nodeOptions !== undefined) env['NODE_OPTIONS'] = nodeOptions
  const guest = furnish(spec, {
    stdio: createThreadStdio(),
    env,
    argv,
    execArgv,
    network,
    files: (identity) => loadFs().connectFileSystem({ ...files, identity }),
  })
  const realm = enterOwnRealm({ guest, workers: refuseWorkers })
  showThreadAs(realm, { workerData: data })
}

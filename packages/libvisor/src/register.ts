/**
 * `node --import libvisor/register app.js`: gives this thread's realm to a guest with the default profile. The host's
 * files can be read, every write goes to memory, the network is the guest's own with egress allowed.
 */
import { host } from '@libvisor/abi'
import { createHostStdio } from '@libvisor/process'
import { readHostFacts } from './config/host-facts.native.ts'
import { resolveNamespace } from './config/resolve.ts'
import { furnish } from './guest/furnish.ts'
import { enterOwnRealm } from './guest/own-realm.ts'
import { hintAtUnpublished } from './guest/publish-hint.ts'
import { isStartedByLibvisor } from './thread/started-thread.ts'
import { createWorkerLauncher } from './thread/worker-launcher.native.ts'

// Workers inherit the options of the process. One that libvisor has started has a preload of its own.
if (!isStartedByLibvisor()) {
  const { argv, execArgv, env } = host.process
  const spec = resolveNamespace({ name: 'guest', process: { env, execArgv } }, readHostFacts())
  const guest = furnish(spec, { stdio: createHostStdio(), env, argv, execArgv })
  hintAtUnpublished(guest)
  enterOwnRealm({ guest, workers: createWorkerLauncher(guest) })
}

import { host } from '@libvisor/abi'
import { slots, VisorError } from '@libvisor/core'
import { openSwitchPort } from '@libvisor/net'
import { furnish } from '../guest/furnish.ts'
import type { FurnishedNamespace } from '../guest/furnish.ts'
import { enterOwnRealm } from '../guest/own-realm.ts'
import { exitNow } from '../guest/exit-now.native.ts'
import { provideSignals } from '../guest/signal-target.ts'
import type { GuestEnvelope } from './envelope.ts'
import { createInheritedStdio } from './inherited-stdio.native.ts'
import { afterExitListeners } from './exit-hook.ts'
import { connectToHost, tellLastFiles } from './host-connection.ts'
import { mainThread, showThreadAs } from './main-thread-view.ts'
import { missingProgram } from '../guest/missing-program.ts'
import { describeFailure } from './failure.ts'
import type { FromGuest } from './protocol.ts'
import { createThreadStdio } from './thread-stdio.ts'
import { readThreadUsage } from './thread-usage.ts'
import { createWorkerLauncher } from './worker-launcher.native.ts'

/**
 * Makes this thread a guest: furnishes its namespace, gives it the realm, and connects it to the host.
 *
 * @param envelope - what the host wants the thread to be
 */
export function bootGuest(envelope: GuestEnvelope): void {
  const { namespace: spec, program, stdio, control, network } = envelope
  const tell = (message: FromGuest): void => control.postMessage(message)
  const { process } = host
  const inherited = stdio === 'inherit' ? createInheritedStdio() : undefined
  let guest: FurnishedNamespace
  let hasTold = false
  const tellFiles = (): void => {
    if (!envelope.keepFiles || hasTold) return
    hasTold = true
    tellLastFiles(guest, tell)
  }
  try {
    guest = furnish(spec, {
      ...(envelope.keepFiles && { onExit: tellFiles }),
      stdio: inherited ?? createThreadStdio(),
      env: process.env,
      // Node puts the entry into this very array before it runs it.
      argv: process.argv,
      execArgv: program.execArgv,
      switchPort: openSwitchPort(network),
    })
  } catch (error) {
    if (!(error instanceof VisorError)) throw error
    tell({ type: 'failed', failure: describeFailure(error) })
    return exitNow(1)
  }

  const { ns } = guest
  // Without it `process.stdout` and `stderr` are Node's own, which lead to the handle's streams.
  if (inherited !== undefined) ns.provide(slots.stdio, inherited)
  provideSignals(ns, process, (signal, code) => {
    tellFiles()
    tell({ type: 'terminated', signal })
    exitNow(code)
  })
  const started = connectToHost({ guest, envelope, stats: () => readThreadUsage(ns) })

  const failure = missingProgram(ns, program.entry)
  if (failure !== undefined) {
    tell({ type: 'failed', failure })
    exitNow(1)
  }
  const realm = enterOwnRealm({ guest, workers: createWorkerLauncher(guest) })
  showThreadAs(realm, mainThread)
  if (envelope.keepFiles) afterExitListeners(process, tellFiles)
  started()
}

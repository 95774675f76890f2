import { host, original } from '@libvisor/abi'
import { slots, VisorError } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { netStack, openSwitchPort } from '@libvisor/net'
import { signals } from '@libvisor/process'
import { advanceClock } from '../guest/advance-clock.ts'
import { furnish } from '../guest/furnish.ts'
import type { FurnishedNamespace } from '../guest/furnish.ts'
import { publishedUrl } from '../guest/published-url.ts'
import { enterOwnRealm } from '../guest/own-realm.ts'
import { exitNow } from '../guest/exit-now.native.ts'
import { provideSignals } from '../guest/signal-target.ts'
import type { GuestEnvelope } from './envelope.ts'
import { createInheritedStdio } from './inherited-stdio.native.ts'
import { mainThread, showThreadAs } from './main-thread-view.ts'
import { describeFailure } from './failure.ts'
import type { FromGuest, ToGuest } from './protocol.ts'
import { createSilentStdio, createThreadStdio } from './thread-stdio.ts'
import { createWorkerLauncher } from './worker-launcher.native.ts'

/**
 * Makes this thread a guest: furnishes its namespace, gives it the realm, and connects it to the host.
 *
 * @param envelope - what the host wants the thread to be
 */
export function bootGuest(envelope: GuestEnvelope): void {
  const { namespace: spec, program, stdio, control, network, files } = envelope
  const tell = (message: FromGuest): void => control.postMessage(message)
  const { process } = host
  const inherited = stdio === 'inherit' ? createInheritedStdio() : undefined
  let guest: FurnishedNamespace
  try {
    guest = furnish(spec, {
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
  provideSignals(ns, (signal, code) => {
    tell({ type: 'terminated', signal })
    exitNow(code)
  })
  ns.get(netStack).watch(({ type, listener: { address, port } }) => {
    tell({ type, address, port, published: publishedUrl(guest.published(), port) })
  })
  control.on('message', (request: ToGuest) => {
    const { id } = request
    answer(request, guest).then(
      (value) => tell({ type: 'answer', id, value }),
      (error: unknown) => tell({ type: 'answer', id, failure: describeFailure(error) }),
    )
  })
  // The host's wish to be able to ask is no reason for the guest to live on.
  control.unref()

  if (!isProgram(ns, program.entry)) {
    const failure = {
      code: 'VISOR_ENTRY_NOT_FOUND' as const,
      message: `There is no program '${program.entry}' in the guest '${spec.name}'`,
      hint: 'An absolute path is a path of the guest: check its mounts.',
    }
    tell({ type: 'failed', failure })
    exitNow(1)
  }
  const identity = { ...ns.get(slots.identity), uid: 0, gid: 0 }
  const served = guest.files().serve(files, { identity, stdio: createSilentStdio() })
  const realm = enterOwnRealm({ guest, workers: createWorkerLauncher(guest) })
  showThreadAs(realm, mainThread)
  tell({ type: 'started', files: served.memory })
}

/** Whether Node would find a program there: it completes names, and runs what a directory's manifest names. */
function isProgram(ns: Namespace, entry: string): boolean {
  const files = ns.get(slots.fileView)
  return ['', '.js', '.json', '.node'].some((extension) => files.kind(entry + extension) !== undefined)
}

/** Does what the host asks of a guest. */
async function answer(request: ToGuest, { ns }: FurnishedNamespace): Promise<unknown> {
  switch (request.type) {
    case 'signal':
      return ns.get(signals).raise(request.signal)
    case 'advance':
      return advanceClock(ns, request.ms)
    case 'stats':
      return { heapUsedBytes: original('v8').getHeapStatistics().used_heap_size }
  }
}

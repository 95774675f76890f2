import { host, original } from '@libvisor/abi'
import { meterCpu, VisorError } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { createScriptStore, formatGuestStacks } from '@libvisor/loader'
import type { ScriptStore } from '@libvisor/loader'
import { installContainment } from '@libvisor/process'
import { missingProgram } from '../guest/missing-program.ts'
import { isOwnCode } from '../guest/own-code.ts'
import type { PoolEnvelope } from '../thread/envelope.ts'
import { describeFailure } from '../thread/failure.ts'
import type { FromGuest, PooledGuestEnvelope, ToPool } from '../thread/protocol.ts'
import { startPulse } from '../thread/pulse.ts'
import { createWorkerLauncher } from '../thread/worker-launcher.native.ts'
import { createCollector } from './collector.ts'
import { ContextGuest } from './context-guest.ts'
import { giveBackWhenQuiet } from './give-back.ts'
import { openPoolRealm } from './pool-realm.ts'
import type { PoolRealm } from './pool-realm.ts'
import { createRealmReserve } from './realm-reserve.ts'
import type { RealmReserve } from './realm-reserve.ts'

/** What the guests of a thread have in common. */
export interface PoolThread {
  readonly realm: PoolRealm
  readonly realms: RealmReserve
  readonly scripts: ScriptStore
  readonly guests: Map<Namespace, ContextGuest>
  /** A guest has ended, and has been disposed of. */
  noteEnd(): void
}

/**
 * Makes this thread one in which guests run in contexts.
 *
 * @param envelope - what the host passed on
 */
export function bootPool(envelope: PoolEnvelope): void {
  const { control, pulse, cacheDirectory } = envelope
  const { setFlagsFromString } = original('v8')
  // V8 keeps the contexts of all code in its compilation cache, and would never collect one.
  setFlagsFromString('--no-compilation-cache')
  // It also keeps the shapes that compiled code was made for, over two collections, and shapes keep contexts.
  setFlagsFromString('--retain-maps-for-n-gc=0')
  warnOfModules()
  openOwnStreams()
  formatGuestStacks(isOwnCode)
  const guests = new Map<Namespace, ContextGuest>()
  const scripts = createScriptStore({ ...(cacheDirectory !== undefined && { cacheDirectory }) })
  const realm = openPoolRealm((ns, ...asked) => {
    const guest = guests.get(ns)
    if (guest === undefined) throw new VisorError('VISOR_GUEST_ENDED', `The namespace '${ns.name}' has ended`)
    return createWorkerLauncher(guest.furnished)(ns, ...asked)
  })
  const thread: PoolThread = {
    guests,
    realm,
    realms: createRealmReserve({ ...realm, scripts }),
    noteEnd: createCollector(() => guests.size),
    scripts,
  }
  installContainment({
    lifecycleOf: (ns) => guests.get(ns)?.lifecycle,
    ownerOfPromise(promise) {
      for (const [ns, { realm }] of guests) if (realm.owns(promise)) return ns
      return undefined
    },
    onHostError(error) {
      throw error
    },
  })
  meterCpu()
  startPulse(pulse)
  giveBackWhenQuiet()
  control.on('message', (message: ToPool) => startGuest(message.envelope, thread))
}

/** Has Node warn now of the interface that loads ES modules: later it would be the first guest that is warned. */
function warnOfModules(): void {
  const { SourceTextModule } = original('vm') as { SourceTextModule?: new (source: string) => unknown }
  if (SourceTextModule !== undefined) new SourceTextModule('')
}

/** What Node makes when it is first read keeps the async context of whoever reads it: nobody's, when it is read now. */
function openOwnStreams(): void {
  void host.process.stdout
  void host.process.stderr
}

function startGuest(envelope: PooledGuestEnvelope, thread: PoolThread): void {
  const { control, program } = envelope
  const refuse = (failure: ReturnType<typeof describeFailure>): void => {
    control.postMessage({ type: 'failed', failure } satisfies FromGuest)
  }
  let guest: ContextGuest
  try {
    guest = new ContextGuest(envelope, thread)
  } catch (error) {
    refuse(describeFailure(error))
    control.postMessage({ type: 'ended', code: 1, signal: null } satisfies FromGuest)
    control.close()
    if (error instanceof VisorError) return
    throw error
  }
  thread.guests.set(guest.ns, guest)
  const failure = missingProgram(guest.ns, program.entry)
  if (failure !== undefined) {
    refuse(failure)
    guest.end({ code: 1, signal: null })
    return
  }
  guest.start()
}

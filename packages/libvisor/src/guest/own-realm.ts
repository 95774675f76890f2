import { claimRealm, createCurrent, slots } from '@libvisor/core'
import type { Interceptor } from '@libvisor/core'
import { createLoaderInterceptor, hideOwnFrames } from '@libvisor/loader'
import { connectAnnouncements } from '@libvisor/net'
import { createProcessInterceptor } from '@libvisor/process'
import type { WorkerLauncher } from '@libvisor/process'
import { installInterceptors, openRealm } from '@libvisor/realm'
import type { InPlaceRealm } from '@libvisor/realm'
import { createDeferredInterceptor } from '../areas/deferred-interceptor.ts'
import { loadFs, loadLoader, loadNet, loadRandom, loadSealing, loadTime } from '../areas/load-area.native.ts'
import type { FurnishedNamespace } from './furnish.ts'
import { hostDirectory } from './host-directory.ts'
import { isOwnCode } from './own-code.ts'
import { sealGlobals } from './seal-globals.ts'
import { serveWhileWaiting } from './serve-while-waiting.ts'

/** How a realm is given to a namespace. */
export interface OwnRealmOptions {
  readonly guest: FurnishedNamespace
  /** Starts the guest's workers. */
  readonly workers: WorkerLauncher
}

const files = createDeferredInterceptor({
  area: 'fs',
  builtins: ['fs', 'fs/promises', 'sqlite'],
  load: () => loadFs().createFsInterceptor(),
})

const network = createDeferredInterceptor({
  area: 'net',
  builtins: ['net', 'dns', 'dns/promises', 'tls', 'http2', 'dgram'],
  load: () => loadNet().createNetInterceptor(),
})

/** What must be hooked before the first line of the guest, beside `process`. */
function timeAndRandom({ ns, spec }: FurnishedNamespace): readonly Interceptor[] {
  const { mode, offsetMs, startMs, zone } = spec.time
  const isHostClock = mode === 'real' && offsetMs === 0 && startMs === undefined && zone === undefined
  return [
    ...(isHostClock ? [] : [loadTime().createTimeInterceptor()]),
    ...(ns.get(slots.entropy).seeded ? [loadRandom().createRandomInterceptor()] : []),
  ]
}

/**
 * Gives this thread's realm to one namespace, for good: from now on all code in it is the guest's.
 *
 * @param options - the namespace, and what starts its workers
 * @returns the realm
 * @throws {VisorError} VISOR_LOADED_TWICE when the realm has been given away already
 */
export function enterOwnRealm(options: OwnRealmOptions): InPlaceRealm {
  const { guest, workers } = options
  const { ns } = guest
  const current = createCurrent(ns)
  claimRealm(ns)
  const seal = (id: string, exports: object): void =>
    loadSealing().sealExports({ id, exports, patches: realm.patches, current, owner: ns })
  const realm = openRealm({ kind: 'own', seal })
  const launch: WorkerLauncher = (...args) => {
    serveWhileWaiting(realm, guest.files())
    return workers(...args)
  }
  const askFor = (id: string): void => {
    const refusal = loadSealing().refusalOf(id, undefined, ns.policy)
    if (refusal !== undefined) throw refusal
    realm.ask(id)
  }
  installInterceptors({
    realm,
    current,
    interceptors: [
      files,
      ...timeAndRandom(guest),
      createProcessInterceptor({ workers: launch, hostDirectory }),
      network,
      createLoaderInterceptor({ parts: () => loadLoader().loaderParts, onBuiltin: askFor, isOwnCode }),
    ],
    announcements: connectAnnouncements,
  })
  // Node's own code reads files as well: its loader, workers, certificates.
  if (!guest.startsAsHost) realm.ask('fs')
  hideOwnFrames(realm.patches, isOwnCode)
  sealGlobals(globalThis, ns.policy, () => seal('globalThis', globalThis))
  realm.commit()
  return realm
}

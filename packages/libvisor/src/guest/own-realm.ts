import { createCurrent, refusalOf, sealExports } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { createFsInterceptor } from '@libvisor/fs'
import { createLoaderInterceptor } from '@libvisor/loader'
import { createNetInterceptor } from '@libvisor/net'
import { createProcessInterceptor } from '@libvisor/process'
import type { WorkerLauncher } from '@libvisor/process'
import { createRandomInterceptor } from '@libvisor/random'
import { installInterceptors, openRealm } from '@libvisor/realm'
import type { InPlaceRealm } from '@libvisor/realm'
import { createTimeInterceptor } from '@libvisor/time'
import { isOwnCode } from './own-code.ts'

/** Where `fetch`, `WebSocket` and `EventSource`, and whatever else connects by itself, say so before they do. */
const announcements = {
  'undici:client:beforeConnect': ['net', 'dns', 'tls'],
  'net.client.socket': ['net', 'dns', 'tls'],
} as const

/** How a realm is given to a namespace. */
export interface OwnRealmOptions {
  readonly ns: Namespace
  /** Starts the guest's workers. */
  readonly workers: WorkerLauncher
}

/**
 * Gives this thread's realm to one namespace, for good: from now on all code in it is the guest's.
 *
 * @param options - the namespace, and what starts its workers
 * @returns the realm
 * @throws {VisorError} VISOR_LOADED_TWICE when the realm has been given away already
 */
export function enterOwnRealm(options: OwnRealmOptions): InPlaceRealm {
  const { ns, workers } = options
  const current = createCurrent(ns)
  const realm = openRealm({
    kind: 'own',
    seal: (id, exports) => sealExports({ id, exports, patches: realm.patches, current, owner: ns }),
  })
  const askFor = (id: string): void => {
    const refusal = refusalOf(id, undefined, ns.policy)
    if (refusal !== undefined) throw refusal
    realm.ask(id)
  }
  installInterceptors({
    realm,
    current,
    interceptors: [
      createFsInterceptor(),
      createTimeInterceptor(),
      createRandomInterceptor(),
      createProcessInterceptor({ workers }),
      createNetInterceptor(),
      createLoaderInterceptor({ onBuiltin: askFor, isOwnCode }),
    ],
    announcements,
  })
  sealExports({ id: 'globalThis', exports: globalThis, patches: realm.patches, current, owner: ns })
  realm.commit()
  return realm
}

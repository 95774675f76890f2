import { builtin } from '@libvisor/abi'
import { createCurrent, enterNobody } from '@libvisor/core'
import type { CurrentNamespace, Interceptor } from '@libvisor/core'
import { createFsInterceptor } from '@libvisor/fs'
import { createNetInterceptor } from '@libvisor/net'
import { createProcessInterceptor } from '@libvisor/process'
import type { WorkerLauncher } from '@libvisor/process'
import { createRandomInterceptor } from '@libvisor/random'
import { installInterceptors, openRealm } from '@libvisor/realm'
import { createTimeInterceptor } from '@libvisor/time'
import { hostDirectory } from '../guest/host-directory.ts'
import { mainThread, showThreadAs } from '../thread/main-thread-view.ts'
import { createShapeKeeper } from './own-shapes.ts'
import { holdThreadPoolWork } from './thread-pool-work.ts'

/** The realm of a pool thread: guests have contexts of their own, and the built-ins that they do not have of their own from here. */
export interface PoolRealm {
  readonly interceptors: readonly Interceptor[]
  /** The built-ins that guests have asked for. */
  readonly asked: ReadonlySet<string>
  /** Hooks a built-in before a guest gets hold of it. */
  ask(id: string): void
}

/**
 * Hooks the realm of a pool thread. The async context tells whose a call is.
 *
 * @param workers - starts the workers of guests
 * @returns the realm
 */
export function openPoolRealm(workers: WorkerLauncher): PoolRealm {
  const current: CurrentNamespace = createCurrent()
  const realm = openRealm({ kind: 'shared' })
  const interceptors = [
    createFsInterceptor(),
    createTimeInterceptor(),
    createRandomInterceptor(),
    createProcessInterceptor({ workers, hostDirectory }),
    createNetInterceptor(),
  ]
  installInterceptors({ realm, current, interceptors })
  // Each guest is the main thread of its own process.
  showThreadAs(realm, mainThread)
  holdThreadPoolWork(realm)
  realm.commit()
  const keepShapes = createShapeKeeper()
  keepShapes(realm.global)
  const asked = new Set<string>()
  const ask = (id: string): void => {
    if (asked.has(id)) return
    asked.add(id)
    // What Node makes when a built-in is loaded keeps the async context for ever, and with it a guest: nobody's, then.
    enterNobody(() => realm.ask(id))
    const exports = builtin(id)
    if (exports !== undefined) keepShapes(exports)
  }
  return { interceptors, asked, ask }
}

import { host, original } from '@libvisor/abi'
import { captureContext } from '@libvisor/core'
import { prepareProcess } from '@libvisor/process'
import { createContextRealm, createModuleCopies } from '@libvisor/realm'
import type { ContextRealm, ModuleCopies } from '@libvisor/realm'

/** A realm that nobody has used yet, with what was copied for it. */
export interface FreshRealm {
  readonly realm: ContextRealm
  readonly copies: ModuleCopies
}

/** Realms for the guests of a thread. */
export interface RealmReserve {
  /** A realm for a guest. @param name - what debuggers call it, where they may be looking */
  take(name: string): FreshRealm
}

/** How long after a start the thread is looked at, to see whether it has time. @units milliseconds */
const LOOK_MS = 10
/** Above this share of that time it has something better to do. */
const BUSY_UTILIZATION = 0.5
/** A thread that has had no time for so long has enough to do without further guests. */
const MOST_LOOKS = 100

/**
 * Keeps a realm ready for the next guest. A realm is the part of a start that is the same for all guests; it is made after a start, when the
 * thread has time. Where only one guest was ever started, none is kept.
 *
 * @returns the reserve
 */
export function createRealmReserve(): RealmReserve {
  const { performance } = original('perf_hooks')
  // What is scheduled here must not keep the guest whose start was the reason.
  const enterNobody = captureContext()
  let spare: FreshRealm | undefined
  let isFirst = true
  let looks = 0
  let since = performance.eventLoopUtilization()
  let timer: NodeJS.Timeout | undefined

  const lookAgain = (): void => {
    since = performance.eventLoopUtilization()
    timer ??= host.setTimeout(look, LOOK_MS).unref()
    timer.refresh()
  }

  const look = (): void => {
    if (spare !== undefined) return
    const { utilization } = performance.eventLoopUtilization(since)
    if (utilization <= BUSY_UTILIZATION) spare = makeReady()
    else if (++looks < MOST_LOOKS) lookAgain()
  }

  return {
    take(name) {
      const taken = spare ?? make(name)
      spare = undefined
      if (!isFirst && !mayBeDebugged()) {
        looks = 0
        enterNobody(lookAgain)
      }
      isFirst = false
      return taken
    },
  }
}

function make(name: string): FreshRealm {
  const realm = createContextRealm({ name })
  return { realm, copies: createModuleCopies(realm) }
}

/** Makes a realm with all that guests of this thread have needed of it. */
function makeReady(): FreshRealm {
  const ready = make('a guest to be')
  ready.copies.copyAhead()
  prepareProcess(ready.realm.intrinsics)
  return ready
}

/** Whether somebody may look for a guest by the name of its context, which it gets when it is made. */
function mayBeDebugged(): boolean {
  return host.process.execArgv.some((flag) => flag.startsWith('--inspect'))
}

import { host } from '@libvisor/abi'
import { createNamespace } from '@libvisor/core'
import type { BoundSet, Interceptor, Namespace } from '@libvisor/core'
import { evaluateAhead } from '@libvisor/loader'
import type { Evaluated, ScriptStore } from '@libvisor/loader'
import { prepareProcess } from '@libvisor/process'
import { createContextRealm, createModuleCopies, prepareModules } from '@libvisor/realm'
import type { ContextRealm, ModuleCopies } from '@libvisor/realm'
import { whenQuiet } from './when-quiet.ts'

/** A realm that nobody has used yet, with what was made for its guest ahead. */
export interface FreshRealm {
  readonly realm: ContextRealm
  readonly copies: ModuleCopies
  /** The namespace to be: it has nothing in its slots. */
  readonly ns: Namespace
  /** The areas that have been bound to it already. */
  readonly bound: ReadonlyMap<Interceptor, BoundSet>
  /** What scripts of the thread's guests have made in it. */
  readonly evaluated: Evaluated
}

/** What the guests of a thread have in common. */
export interface RealmReserveOptions {
  readonly interceptors: readonly Interceptor[]
  /** The built-ins that guests of the thread have asked for. */
  readonly asked: ReadonlySet<string>
  readonly scripts: ScriptStore
}

/** Realms for the guests of a thread. */
export interface RealmReserve {
  /** A realm for a guest. @param name - what debuggers call it, where they may be looking */
  take(name: string): FreshRealm
}

/** How long after a start the thread is looked at, to see whether it has time. @units milliseconds */
const LOOK_MS = 10
/** A thread that has had no time for so long has enough to do without further guests. */
const MOST_LOOKS = 100

/**
 * Keeps a realm ready for the next guest. A realm is the part of a start that is the same for all guests; it is made after a start, when the
 * thread has time. Where only one guest was ever started, none is kept.
 *
 * @param options - what the thread's guests have in common
 * @returns the reserve
 */
export function createRealmReserve(options: RealmReserveOptions): RealmReserve {
  let spare: FreshRealm | undefined
  let isFirst = true
  const makeWhenQuiet = whenQuiet(() => void (spare ??= makeReady(options)), { forMs: LOOK_MS, mostLooks: MOST_LOOKS })

  return {
    take(name) {
      const taken = spare ?? make(name)
      spare = undefined
      if (!isFirst && !mayBeDebugged()) makeWhenQuiet()
      isFirst = false
      return taken
    },
  }
}

function make(name: string): FreshRealm {
  const realm = createContextRealm({ name })
  const ns = createNamespace({ name, intrinsics: realm.intrinsics, adopt: realm.adopt })
  return { realm, ns, copies: createModuleCopies(realm), bound: new Map(), evaluated: new Map() }
}

/** Makes a realm with all that guests of this thread have needed of it. */
function makeReady({ interceptors, asked, scripts }: RealmReserveOptions): FreshRealm {
  const ready = make('a guest to be')
  const { realm, ns, copies } = ready
  copies.copyAhead()
  const bound = new Map<Interceptor, BoundSet>()
  for (const interceptor of interceptors) {
    if (interceptor.ahead === undefined) continue
    const areaSet = interceptor.bind(ns)
    bound.set(interceptor, areaSet)
    const usual = interceptor.ahead.filter((id) => asked.has(id) && id in areaSet.modules)
    prepareModules(areaSet, usual, copies)
  }
  prepareProcess(realm.intrinsics)
  return { ...ready, bound, evaluated: evaluateAhead(scripts, realm.context) }
}

/** Whether somebody may look for a guest by the name of its context, which it gets when it is made. */
function mayBeDebugged(): boolean {
  return host.process.execArgv.some((flag) => flag.startsWith('--inspect'))
}

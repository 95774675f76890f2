import { apply, getOwnPropertyDescriptor } from '@libvisor/abi'
import { currentFrame, mimic } from '@libvisor/core'
import type { BoundSet, CurrentNamespace, Interceptor, Namespace, PatchRegistry, Realm } from '@libvisor/core'
import {
  hostDate,
  hostDateTimeFormat,
  hostEnv,
  hostHrtime,
  inWorker,
  liveProcess,
  originalModule,
  timerPrototypes,
} from '../originals.native.ts'
import { askingFor } from './asking.ts'
import type { Asking, WhoAsks } from './asking.ts'
import { createHrtime, createPerformanceMembers, createTemporalNow } from './clocks.ts'
import type { TemporalLike } from './clocks.ts'
import { bindTimers, boundTimersOf } from './bound-set.ts'
import type { BoundTimers } from './bound-timers.ts'
import { createDate } from './date.ts'
import { createStoreHeader } from './http-date.ts'
import { createDateTimeFormat } from './intl.ts'
import { createPromiseFunctions, createSignalTimeout, createTimerFunctions } from './surface.ts'
import { createZonedMethods, zonedNames } from './zoned-date.ts'
import type { ZonedMethods } from './zoned-date.ts'

type Fn = (...args: unknown[]) => unknown

/** What of a realm differs from the host's time, so that nothing is patched in vain. */
interface Extent {
  readonly wall: boolean
  readonly zone: boolean
  readonly manual: boolean
}

/**
 * Makes the interceptor of everything that tells the time: `Date`, `Intl`, `Temporal.Now`, `performance`,
 * `process.hrtime`, http's Date header, and, for manual clocks, timers.
 *
 * A realm that belongs to a namespace with the host's time is not patched at all. Timers stay native unless the clock is
 * manual. `nextTick`, microtasks and immediates are never virtual.
 *
 * @returns the interceptor; it needs `slots.clock` filled by {@link createClock}
 * @example
 * ```ts
 * import { createNamespace, slots } from '@libvisor/core'
 * import { createClock, createTimeInterceptor } from '@libvisor/time'
 * import assert from 'node:assert/strict'
 *
 * using ns = createNamespace({ name: 'a' })
 * ns.provide(slots.clock, createClock({ mode: 'manual', startMs: 0 }))
 * const GuestDate = createTimeInterceptor().bind(ns).globals['Date']!.value as DateConstructor
 * assert.equal(new GuestDate().toISOString(), '1970-01-01T00:00:00.000Z')
 * assert.ok(new GuestDate() instanceof Date)
 * ```
 */
export function createTimeInterceptor(): Interceptor {
  return { area: 'time', install, bind }
}

function install(realm: Realm, current: CurrentNamespace): Disposable {
  const ns = realm.kind === 'own' ? current() : undefined
  if (ns === undefined) {
    const asking = remembered((ns) => askingFor(ns))
    const who: WhoAsks = () => {
      const ns = current()
      return ns === undefined ? undefined : asking(ns)
    }
    patchRealm(realm, who, { wall: true, zone: true, manual: true })
    return { [Symbol.dispose]() {} }
  }

  const restoreZone = inWorker ? undefined : adoptZone(ns)
  const asking = askingFor(ns, restoreZone === undefined)
  if (asking !== undefined) {
    patchRealm(realm, () => (current() === undefined ? undefined : asking), {
      wall: asking.now !== undefined,
      zone: asking.zone !== undefined,
      manual: asking.clock.mode === 'manual',
    })
  }
  return { [Symbol.dispose]: () => restoreZone?.() }
}

/**
 * Gives the engine the zone of the namespace to which the whole process belongs: no patch is as exact, or as cheap.
 *
 * @returns puts the host's zone back; `undefined` when the namespace has no zone of its own
 */
function adoptZone(ns: Namespace): (() => void) | undefined {
  const { zone } = (askingFor(ns) ?? {}) as Partial<Asking>
  if (zone === undefined) return undefined
  const before = hostEnv['TZ']
  hostEnv['TZ'] = zone.name
  return () => {
    if (before === undefined) delete hostEnv['TZ']
    else hostEnv['TZ'] = before
  }
}

/** Makes something once for each namespace. */
function remembered<T>(make: (ns: Namespace) => T): (ns: Namespace) => T {
  const made = new WeakMap<Namespace, { readonly value: T }>()
  return (ns) => {
    let entry = made.get(ns)
    if (entry === undefined) made.set(ns, (entry = { value: make(ns) }))
    return entry.value
  }
}

function patchRealm(realm: Realm, who: WhoAsks, extent: Extent): void {
  const { patches, global } = realm
  const { wall, zone, manual } = extent
  if (wall || zone) {
    const GuestDate = createDate(hostDate, who)
    patches.patch(global, 'Date', { value: GuestDate })
    patches.patch(hostDate.prototype, 'constructor', { value: GuestDate })
    patchIntl(patches, global, who)
    const temporal = (global as { Temporal?: TemporalLike }).Temporal
    if (temporal !== undefined) patchAll(patches, temporal.Now, createTemporalNow(temporal, who))
  }
  if (zone) patchZonedMethods(patches, who)
  if (!wall) return

  const prototype = Object.getPrototypeOf(global.performance) as object
  const members = createPerformanceMembers(prototype, who)
  for (const name of Object.keys(members)) {
    if (manual || name === 'timeOrigin' || name === 'toJSON')
      patches.patch(prototype, name, members[name] as PropertyDescriptor)
  }
  realm.whenAsked('http', (exports) => {
    const { prototype } = exports['OutgoingMessage'] as { prototype: { _storeHeader: Fn } }
    patches.patch(prototype, '_storeHeader', { value: createStoreHeader(prototype._storeHeader, hostDate, who) })
  })
  if (manual) patchTimers(realm, who)
  if (realm.kind !== 'own') patchTimerClasses(realm)
}

function patchAll(patches: PatchRegistry, target: object, functions: Record<string, Fn>): void {
  for (const name of Object.keys(functions)) patches.patch(target, name, { value: functions[name] })
}

function patchIntl(patches: PatchRegistry, global: typeof globalThis, who: WhoAsks): void {
  const { DateTimeFormat, prototype } = createDateTimeFormat(hostDateTimeFormat, () => {
    const asking = who()
    return asking === undefined ? undefined : { zone: asking.zone?.name, now: asking.now }
  })
  patches.patch(global.Intl, 'DateTimeFormat', { value: DateTimeFormat })
  patches.patch(hostDateTimeFormat.prototype, 'constructor', { value: DateTimeFormat })
  for (const name of Object.keys(prototype)) {
    patches.patch(hostDateTimeFormat.prototype, name, prototype[name] as PropertyDescriptor)
  }
}

/** Makes the methods of dates ask for the zone of whoever calls them. */
function patchZonedMethods(patches: PatchRegistry, who: WhoAsks): void {
  const byZone = new Map<string, ZonedMethods>()
  const methodsOf = (asking: Asking | undefined): ZonedMethods | undefined => {
    const zone = asking?.zone
    if (zone === undefined) return undefined
    let methods = byZone.get(zone.name)
    if (methods === undefined) byZone.set(zone.name, (methods = createZonedMethods(hostDate, zone)))
    return methods
  }
  const { prototype } = hostDate
  for (const name of zonedNames) {
    const original = getOwnPropertyDescriptor(prototype, name)?.value as Fn
    const replacement = mimic(original, function (this: unknown, ...args: unknown[]) {
      return apply(methodsOf(who())?.[name] ?? original, this, args) as unknown
    })
    patches.patch(prototype, name, { value: replacement })
  }
}

function patchTimers(realm: Realm, who: WhoAsks): void {
  const { patches, global } = realm
  patches.patch(liveProcess, 'hrtime', { value: createHrtime(hostHrtime, who) })

  const timers = createTimerFunctions(who)
  patchAll(patches, global, timers)
  realm.whenAsked('timers', (exports) => patchAll(patches, exports, timers))
  // `util.promisify(setTimeout)` reaches them without asking.
  realm.whenAsked('timers/promises', (exports) => {
    const { wait, ...functions } = createPromiseFunctions(who)
    patchAll(patches, exports, functions)
    patches.patch(Object.getPrototypeOf(exports['scheduler']) as object, 'wait', { value: wait })
  })
  realm.ask('timers/promises')

  const timeout = AbortSignal.timeout as unknown as Fn
  patches.patch(AbortSignal, 'timeout', { value: createSignalTimeout(timeout, who) })
}

/** A guest whose last timer no longer counts has ended; one that had fired may be started anew. */
function patchTimerClasses({ patches }: Realm): void {
  for (const prototype of timerPrototypes()) {
    // Node's constructor of immediates calls `ref`, for every one of them.
    const isImmediate = !Object.hasOwn(prototype, 'refresh')
    for (const name of isImmediate ? ['unref'] : ['ref', 'unref', 'refresh']) {
      const original = getOwnPropertyDescriptor(prototype, name)?.value as Fn | undefined
      if (original === undefined) continue
      const replacement = mimic(original, function (this: { readonly _destroyed?: boolean }) {
        const wasOver = this._destroyed === true
        const result: unknown = apply(original, this, [])
        const ns = currentFrame()?.ns
        const timers = ns === undefined ? undefined : boundTimersOf(ns)
        if (name !== 'refresh') timers?.mark(this, name === 'ref')
        if (isImmediate && timers !== undefined) countAgain(this, timers)
        // One that was cleared stays so, whoever refreshes it: sockets of Node's do, after their end.
        else if (wasOver && this._destroyed !== true) timers?.revive(this)
        return result
      })
      patches.patch(prototype, name, { value: replacement })
    }
  }
}

/** Notices when an immediate that does not count is to count after all. */
function countAgain(immediate: object, timers: BoundTimers): void {
  const prototype = Object.getPrototypeOf(immediate) as { ref: Fn }
  Object.defineProperty(immediate, 'ref', {
    value(): unknown {
      Reflect.deleteProperty(immediate, 'ref')
      timers.mark(immediate, true)
      return apply(prototype.ref, immediate, [])
    },
    writable: true,
    configurable: true,
  })
}

function bind(ns: Namespace): BoundSet {
  const asking = askingFor(ns)
  const who: WhoAsks = () => asking
  const { timers, promises } = bindTimers(ns, who)

  const globals: PropertyDescriptorMap = {}
  const global = (name: string, value: unknown, enumerable = false): void => {
    globals[name] = { value, writable: true, enumerable, configurable: true }
  }
  for (const name of Object.keys(timers)) global(name, timers[name as keyof typeof timers], true)
  // Dates that Node makes are the guest's, too: no realm has a prototype for them of its own.
  global('Date', createDate(hostDate, who))
  if (asking !== undefined) global('performance', bindPerformance(who), true)
  let exports: object | undefined
  return {
    modules: {
      'timers/promises': promises,
      timers: () =>
        (exports ??= Object.defineProperty({ ...originalModule('timers'), ...timers }, 'promises', {
          get: promises,
          enumerable: true,
          configurable: true,
        })),
    },
    globals,
    [Symbol.dispose]() {},
  }
}

/** The host's `performance` with the clock of one namespace. */
function bindPerformance(who: WhoAsks): object {
  const host = globalThis.performance
  const members = createPerformanceMembers(Object.getPrototypeOf(host) as object, who)
  const own: PropertyDescriptorMap = {}
  for (const name of Object.keys(members)) {
    const { get, value } = members[name] as { get?: Fn; value?: Fn }
    // Node's methods refuse every `this` but a real Performance.
    if (get !== undefined)
      own[name] = { get: () => apply(get, host, []) as unknown, enumerable: true, configurable: true }
    else
      own[name] = {
        value: (...args: unknown[]) => apply(value as Fn, host, args) as unknown,
        writable: true,
        configurable: true,
      }
  }
  return Object.create(host, own) as object
}

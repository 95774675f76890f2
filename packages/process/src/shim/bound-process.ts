import type { EventEmitter } from 'node:events'
import { construct, defineProperty, getOwnPropertyDescriptor, ownKeys } from '@libvisor/abi'
import type { Intrinsics } from '@libvisor/abi'
import { restatePlain } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { liveProcess, originalProcess } from '../originals.native.ts'
import { domainMember } from './domain.ts'
import { exceptionMembers } from './exception-members.ts'
import { lifeMembers } from './life-members.ts'
import { methods } from './members.ts'
import type { Members } from './members.ts'
import { moduleMembers } from './module-members.ts'
import { createMemberContext, processMembers } from './process-members.ts'
import { tickMembers } from './tick-members.ts'
import { usageMembers } from './usage-members.ts'
import { warningMembers } from './warning-members.ts'

/** What `process` keeps for itself as an emitter, and what only a process of its own has. */
const notInherited = new Set<PropertyKey>([
  '_events',
  '_eventsCount',
  '_maxListeners',
  'channel',
  'connected',
  'disconnect',
  'mainModule',
  'send',
])

/** Plain data of the host's realm, of which each guest gets a copy in its own. */
const plainData = ['versions', 'release', 'config', 'features', 'moduleLoadList', '_preload_modules'] as const

/**
 * Makes a whole `process` for one namespace, for a context of its own: an emitter with Node's prototype chain whose
 * listeners are the guest's alone.
 *
 * @param ns - the namespace, with an identity and a process state in its slots
 * @returns the object; `instanceof EventEmitter` holds
 */
export function createBoundProcess(ns: Namespace): NodeJS.Process {
  const prototype = Object.getPrototypeOf(liveProcess) as object
  // Of the same constructor: the engine's messages name it.
  const bound = construct(Object, [], liveProcess.constructor) as NodeJS.Process
  if (Object.getPrototypeOf(bound) !== prototype) Object.setPrototypeOf(bound, prototype)
  const emitter = Object.getPrototypeOf(prototype) as { constructor: { init(this: EventEmitter): void } }
  emitter.constructor.init.call(bound)

  const context = createMemberContext(ns, bound)
  const members: Members = {
    ...(takeAhead(ns.intrinsics) ?? copiedData(ns)),
    ...processMembers(context, 'context'),
    ...lifeMembers(context),
    ...exceptionMembers(context),
    ...tickMembers(context),
    ...usageMembers(context),
    domain: domainMember(),
    ...moduleMembers(context),
    ...methods({ openStdin: () => bound.stdin.resume() && bound.stdin }),
  }
  const warnings = warningMembers(context)
  Object.assign(members, warnings.members)
  // In Node's order: programs enumerate them.
  for (const [key, descriptor] of (shape ??= shapeOfProcess())) {
    const mine = typeof key === 'string' && Object.hasOwn(members, key) ? members[key] : undefined
    if (mine !== undefined) lookLike(mine.value, descriptor.value)
    Object.defineProperty(bound, key, { ...(mine ?? descriptor), enumerable: descriptor.enumerable === true })
  }
  for (const key of Object.keys(members)) {
    if (!Object.hasOwn(bound, key)) Object.defineProperty(bound, key, members[key] as PropertyDescriptor)
  }
  warnings.listen()
  return bound
}

/** What there is in a `process`, in Node's order: read once, for all namespaces of the thread. */
let shape: readonly (readonly [PropertyKey, PropertyDescriptor])[] | undefined

function shapeOfProcess(): NonNullable<typeof shape> {
  const keys = ownKeys(originalProcess).filter((key) => !notInherited.has(key))
  return keys.map((key) => [key, getOwnPropertyDescriptor(originalProcess, key) as PropertyDescriptor])
}

/** Gives a function the name and the length of Node's. Most have them already, and to define one takes many times the asking. */
function lookLike(mine: unknown, original: unknown): void {
  if (typeof mine !== 'function' || typeof original !== 'function') return
  if (mine.length !== original.length) defineProperty(mine, 'length', { value: original.length })
  if (mine.name !== original.name) defineProperty(mine, 'name', { value: original.name })
}

/** Copies that were made before it was known whose they are, by the intrinsics of their realm. */
const ahead = new WeakMap<Intrinsics, Members>()

/**
 * Makes of a guest's `process` what can be made before there is the guest: copies of the host's data.
 *
 * @param intrinsics - of the realm that the guest will have
 * @example
 * ```ts
 * import { intrinsicsOf } from '@libvisor/abi'
 * import { prepareProcess } from '@libvisor/process'
 * import vm from 'node:vm'
 *
 * prepareProcess(intrinsicsOf(vm.runInNewContext('globalThis')))
 * ```
 */
export function prepareProcess(intrinsics: Intrinsics): void {
  ahead.set(intrinsics, copiedData({ intrinsics }))
}

function takeAhead(intrinsics: Intrinsics): Members | undefined {
  const members = ahead.get(intrinsics)
  ahead.delete(intrinsics)
  return members
}

function copiedData(ns: Pick<Namespace, 'intrinsics'>): Members {
  const members: Members = {}
  for (const name of plainData) {
    const descriptor = getOwnPropertyDescriptor(originalProcess, name)
    if (descriptor === undefined || !('value' in descriptor)) continue
    members[name] = { ...descriptor, value: restatePlain(ns, descriptor.value as unknown) }
  }
  return members
}

import { captureContext, runInFrame } from './async-context.native.ts'
import { chargeCpu } from './cpu-meter.native.ts'
import { isHere } from './current.ts'
import type { EnterContext } from './async-context.native.ts'
import type { Namespace } from './namespace.ts'
import type { DeliveryKind } from './scheduler.ts'

/**
 * On whose behalf something is delivered: the namespace, and the async context that is entered.
 */
export interface Owner {
  readonly ns: Namespace
  /** Calls a function in the owner's async context, outside any native section. */
  readonly enter: EnterContext
}

/** What was delivered last in this thread, for a watchdog that finds the thread stalled. */
export interface LastDelivery {
  readonly ns: Namespace
  readonly kind: DeliveryKind
}

let last: LastDelivery | undefined

/** Whose task has been left by an error: whoever hears of the error is in nobody's async context any more. */
let left: Namespace | undefined

/**
 * Makes the running code's async context an owner.
 *
 * @param ns - the namespace to which the owner belongs
 * @returns an owner that can be delivered to for as long as the namespace lives
 * @example
 * ```ts
 * import { createNamespace, currentNamespace, ownerHere } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 * import { AsyncLocalStorage } from 'node:async_hooks'
 *
 * const ns = createNamespace({ name: 'server' })
 * const requests = new AsyncLocalStorage<string>()
 * const owner = ns.run(() => requests.run('request 1', () => ownerHere(ns)))
 * assert.equal(owner.enter(currentNamespace), ns)
 * assert.equal(owner.enter(() => requests.getStore()), 'request 1')
 * ```
 */
export function ownerHere(ns: Namespace): Owner {
  return { ns, enter: isHere(ns) ? captureContext() : runInFrame(ns.frame, captureContext) }
}

/**
 * The one way in: everything that reaches guest code from outside its own call goes through here.
 *
 * The task runs in a later turn of the event loop, in the owner's async context and outside native sections. What
 * comes after the end of the owner's namespace is dropped.
 *
 * @param owner - on whose behalf the task runs
 * @param kind - why it runs
 * @param task - what to run; what it throws is an uncaught exception of the owner
 * @example
 * ```ts
 * import { createNamespace, currentNamespace, deliver, ownerHere } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const server = createNamespace({ name: 'server' })
 * const client = createNamespace({ name: 'client' })
 * const owner = ownerHere(server)
 * const seen = await client.run(
 *   () => new Promise((resolve) => deliver(owner, 'data', () => resolve(currentNamespace()?.name))),
 * )
 * assert.equal(seen, 'server')
 * ```
 */
export function deliver(owner: Owner, kind: DeliveryKind, task: () => void): void {
  deliverBy(deliverNow, owner, kind, task)
}

/** Schedules a delivery. @param deliverTask - delivers when the turn has come */
function deliverBy<Task>(
  deliverTask: (owner: Owner, kind: DeliveryKind, task: Task) => void,
  owner: Owner,
  kind: DeliveryKind,
  task: Task,
): void {
  const { ns } = owner
  if (ns.ended) return
  ns.liveness.expect()
  ns.scheduler.schedule(kind, () => {
    ns.liveness.arrive()
    deliverTask(owner, kind, task)
  })
}

/**
 * Fulfils a promise of a guest in a later turn of the event loop. As {@link deliver}, and cheaper: a promise remembers by itself
 * in which async context its reactions run.
 *
 * @param ns - the namespace to which the promise belongs
 * @param resolve - of the promise
 * @param value - with which it is fulfilled
 * @example
 * ```ts
 * import { createNamespace, fulfil } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const ns = createNamespace({ name: 'a' })
 * assert.equal(await new Promise<string>((resolve) => fulfil(ns, resolve, 'done')), 'done')
 * ```
 */
export function fulfil<Value>(ns: Namespace, resolve: (value: Value) => void, value: Value): void {
  if (ns.ended) return
  ns.liveness.expect()
  ns.scheduler.schedule('io', () => {
    ns.liveness.arrive()
    if (enterGate(ns, 'io')) resolve(value)
  })
}

/**
 * Delivers at once, for what the event loop itself has just called: a real socket's data, a message from another
 * thread. The same gate as {@link deliver} without the scheduling.
 *
 * @param owner - on whose behalf the task runs
 * @param kind - why it runs
 * @param task - what to run
 * @throws {unknown} what the task throws, to whoever delivers
 * @example
 * ```ts
 * import { createNamespace, currentNamespace, deliverNow, ownerHere } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const ns = createNamespace({ name: 'server' })
 * const owner = ownerHere(ns)
 * const seen: unknown[] = []
 * const receive = () => void seen.push(currentNamespace()?.name)
 * deliverNow(owner, 'message', receive)
 * assert.deepEqual(seen, ['server'])
 *
 * ns[Symbol.dispose]()
 * deliverNow(owner, 'message', receive)
 * assert.deepEqual(seen, ['server'])
 * ```
 */
export function deliverNow(owner: Owner, kind: DeliveryKind, task: () => void): void {
  const { ns } = owner
  if (!enterGate(ns, kind)) return
  let returned = false
  try {
    owner.enter(task)
    returned = true
    left = undefined
  } finally {
    // Not caught and thrown again: Node shows the line that threw first.
    if (!returned) left = ns
  }
}

/** How often a task is called at most in one turn, as libuv reads from one socket. */
const MOST_IN_ONE_TURN = 32

/**
 * Delivers what there are several of. As {@link deliver}, and again in the same turn while the task says that there is more: between two calls
 * Node's queues of ticks and microtasks are emptied, as between two callbacks of the event loop.
 *
 * @param owner - on whose behalf the task runs
 * @param kind - why it runs
 * @param task - returns whether it is to be called again. When it throws, it is, in a later turn
 * @example
 * ```ts
 * import { createNamespace, deliverEach, ownerHere } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const ns = createNamespace({ name: 'server' })
 * const pieces = ['one', 'two']
 * const seen: string[] = []
 * await new Promise<void>((resolve) =>
 *   deliverEach(ownerHere(ns), 'data', () => {
 *     const piece = pieces.shift()!
 *     seen.push(piece)
 *     process.nextTick(() => seen.push(`tick of ${piece}`))
 *     if (pieces.length === 0) setImmediate(resolve)
 *     return pieces.length > 0
 *   }),
 * )
 * assert.deepEqual(seen, ['one', 'tick of one', 'two', 'tick of two'])
 * ```
 */
export function deliverEach(owner: Owner, kind: DeliveryKind, task: () => boolean): void {
  deliverBy(deliverEachNow, owner, kind, task)
}

/**
 * Begins with {@link deliverEach} at once, for what the event loop itself has just called.
 *
 * @param owner - on whose behalf the task runs
 * @param kind - why it runs
 * @param task - returns whether it is to be called again
 * @throws {unknown} what the task, a tick or a microtask throws, to whoever delivers
 * @example
 * ```ts
 * import { createNamespace, deliverEachNow, ownerHere } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const ns = createNamespace({ name: 'server' })
 * const pieces = ['one', 'two']
 * deliverEachNow(ownerHere(ns), 'data', () => pieces.pop() !== undefined)
 * assert.deepEqual(pieces, [])
 * ```
 */
export function deliverEachNow(owner: Owner, kind: DeliveryKind, task: () => boolean): void {
  const { ns } = owner
  let isMore = true
  const step = (): void => {
    isMore = true
    isMore = task()
  }
  try {
    for (let count = 0; isMore && !ns.ended && count < MOST_IN_ONE_TURN; count++) {
      if (count > 0) {
        if (ns.scheduler.drain === undefined) return
        ns.scheduler.drain()
      }
      deliverNow(owner, kind, step)
    }
  } finally {
    if (isMore) deliverEach(owner, kind, task)
  }
}

/**
 * Whose task was left by an error that nobody has caught. It knows better than the async context in which the error is then
 * reported, which is that of whoever had the task scheduled.
 *
 * @returns the namespace, once; `undefined` when no task has been left since somebody asked
 * @example
 * ```ts
 * import { createNamespace, deliverNow, leftByError, ownerHere } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const ns = createNamespace({ name: 'a' })
 * const fail = () => {
 *   throw new Error('on purpose')
 * }
 * assert.throws(() => deliverNow(ownerHere(ns), 'message', fail))
 * assert.equal(leftByError(), ns)
 * assert.equal(leftByError(), undefined)
 * ```
 */
export function leftByError(): Namespace | undefined {
  const ns = left
  left = undefined
  return ns
}

/**
 * The gate for what runs in the guest's async context already: its own timers and ticks. Notes who is entered.
 *
 * @param ns - the namespace
 * @param kind - why it is entered
 * @returns whether the guest may run: `false` after its end
 * @example
 * ```ts
 * import { createNamespace, enterGate } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const ns = createNamespace({ name: 'a' })
 * assert.equal(enterGate(ns, 'timer'), true)
 * ns[Symbol.dispose]()
 * assert.equal(enterGate(ns, 'timer'), false)
 * ```
 */
export function enterGate(ns: Namespace, kind: DeliveryKind): boolean {
  if (ns.ended) return false
  if (last?.ns !== ns || last.kind !== kind) last = { ns, kind }
  left = undefined
  chargeCpu(ns)
  // What it does may be the last thing that it had to do.
  ns.liveness.enter()
  return true
}

/** Forgets a namespace that has ended: the thread goes on without it. */
export function forgetDelivery(ns: Namespace): void {
  if (last?.ns === ns) last = undefined
  if (left === ns) left = undefined
}

/**
 * What entered a guest last in this thread.
 *
 * @returns the last delivery, or `undefined` before the first one and after the end of its guest
 * @example
 * ```ts
 * import { createNamespace, deliverNow, lastDelivery, ownerHere } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const ns = createNamespace({ name: 'worker' })
 * deliverNow(ownerHere(ns), 'timer', () => {})
 * assert.deepEqual(lastDelivery(), { ns, kind: 'timer' })
 * ```
 */
export function lastDelivery(): LastDelivery | undefined {
  return last
}

/**
 * Who is running: the one piece of async context that libvisor keeps.
 *
 * A frame says in which namespace the running code is and whether it is inside a native section: a call of an
 * original, whose JavaScript re-enters patched exports and must then get originals again, also after asynchronous hops.
 */
import type * as asyncHooks from 'node:async_hooks'
import { apply, builtin } from '@libvisor/abi'
import { chargeCpu } from './cpu-meter.native.ts'
import type { Namespace } from './namespace.ts'

/** Where the running code is. A namespace has exactly two frames, so frames can be compared. */
export interface Frame {
  readonly ns: Namespace | undefined
  /** Whether an original is running: patched exports then pass calls through. */
  readonly native: boolean
}

/** A function whose arguments have been checked already. */
type Untyped<Result> = (...args: readonly unknown[]) => Result

/** Calls a function in a captured async context. */
export type EnterContext = <Args extends readonly unknown[], Result>(
  fn: (...args: Args) => Result,
  ...args: Args
) => Result

// Importing a built-in costs more at start: Node makes a module of it for that.
const { AsyncLocalStorage, AsyncResource } = builtin('async_hooks') as typeof asyncHooks
const storage = new AsyncLocalStorage<Frame>()
const getStore = storage.getStore.bind(storage)
const runWith = storage.run.bind(storage)

/** The native frame of code that runs in no namespace. */
const hostNative: Frame = Object.freeze({ ns: undefined, native: true })

/** How many synchronous native sections are open on the stack. */
let depth = 0

/** Where another thread reads whose code this thread has entered last. */
let entries: Int32Array | undefined

/**
 * Shows from now on in memory that is shared whose code this thread enters, for a watchdog in another thread: this one
 * cannot be asked when it is stalled.
 *
 * @param memory - its first element becomes the `id` of the namespace that was entered last
 * @example
 * ```ts
 * import { createNamespace, publishEntries } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const memory = new Int32Array(new SharedArrayBuffer(4))
 * publishEntries(memory)
 * const ns = createNamespace({ name: 'a' })
 * ns.run(() => assert.equal(memory[0], ns.id))
 * ```
 */
export function publishEntries(memory: Int32Array): void {
  entries = memory
}

/**
 * Shows that code of a namespace is entered, and charges it with what the thread does from now on.
 *
 * @param ns - the namespace
 */
export function showEntry(ns: Namespace): void {
  chargeCpu(ns)
  if (entries !== undefined) entries[0] = ns.id
}

/**
 * The frame of the running code.
 *
 * @returns the frame, or `undefined` where no namespace has been entered
 * @example
 * ```ts
 * import { callNative, createNamespace, currentFrame } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const ns = createNamespace({ name: 'a' })
 * assert.equal(currentFrame(), undefined)
 * assert.equal(ns.run(currentFrame), ns.frame)
 * assert.equal(ns.run(() => callNative(currentFrame)), ns.nativeFrame)
 * ```
 */
export function currentFrame(): Frame | undefined {
  return getStore()
}

/**
 * Whether an original is running that was called with {@link callNativeSync}: what Node's own functions call of one
 * another is answered by this alone.
 *
 * @returns `true` until the outermost such call returns
 */
export function inSyncNativeSection(): boolean {
  return depth > 0
}

/**
 * Whether an original is running, so that a patched export passes the call through.
 *
 * @returns `true` inside a native section, synchronous or not
 * @example
 * ```ts
 * import { callNative, callNativeSync, createNamespace, inNativeSection } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * assert.equal(inNativeSection(), false)
 * assert.equal(callNative(inNativeSection), true)
 * assert.equal(callNativeSync(inNativeSection), true)
 *
 * const ns = createNamespace({ name: 'a' })
 * assert.equal(callNative(() => ns.run(inNativeSection)), false)
 * ```
 */
export function inNativeSection(): boolean {
  return depth > 0 || getStore()?.native === true
}

/**
 * Runs a function in a frame.
 *
 * @param frame - where the function, and all that it starts, belongs
 * @param fn - called without a receiver
 * @param args - its arguments
 * @returns what the function returns
 * @throws {unknown} what the function throws
 * @example
 * ```ts
 * import { callNative, createNamespace, currentFrame, runInFrame } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const ns = createNamespace({ name: 'a' })
 * const after = callNative(() =>
 *   runInFrame(ns.frame, async () => {
 *     await null
 *     return currentFrame()
 *   }),
 * )
 * assert.equal(await after, ns.frame)
 * ```
 */
export function runInFrame<Args extends readonly unknown[], Result>(
  frame: Frame,
  fn: (...args: Args) => Result,
  ...args: Args
): Result {
  const outer = depth
  depth = 0
  try {
    return runWith(frame, fn as unknown as Untyped<Result>, ...args)
  } finally {
    depth = outer
  }
}

/**
 * Calls an original that may re-enter patched exports later: everything it starts stays in the native section.
 * Callbacks of the guest must be bound with {@link bindGuest} before they are passed in.
 *
 * @param fn - an original, called without a receiver
 * @param args - its arguments
 * @returns what the original returns
 * @throws {unknown} what the original throws
 * @example
 * ```ts
 * import { callNative, createCurrent, createNamespace } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const ns = createNamespace({ name: 'a' })
 * const current = createCurrent()
 * const askLater = async () => {
 *   await null
 *   return current()
 * }
 * assert.equal(await ns.run(askLater), ns)
 * assert.equal(await ns.run(() => callNative(askLater)), undefined)
 * ```
 */
export function callNative<Args extends readonly unknown[], Result>(
  fn: (...args: Args) => Result,
  ...args: Args
): Result {
  return runWith(getStore()?.ns?.nativeFrame ?? hostNative, fn as unknown as Untyped<Result>, ...args)
}

/**
 * Calls an original that re-enters patched exports only before it returns. Cheaper than {@link callNative}.
 *
 * @param fn - a synchronous original, called without a receiver
 * @param args - its arguments
 * @returns what the original returns
 * @throws {unknown} what the original throws
 * @example
 * ```ts
 * import { callNativeSync, inNativeSection } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const askTwice = async () => {
 *   const first = inNativeSection()
 *   await null
 *   return [first, inNativeSection()]
 * }
 * assert.deepEqual(await callNativeSync(askTwice), [true, false])
 * ```
 */
export function callNativeSync<Args extends readonly unknown[], Result>(
  fn: (...args: Args) => Result,
  ...args: Args
): Result {
  depth++
  try {
    // Most have one argument: spreading costs as much as a short call.
    return args.length === 1 ? (fn as Untyped<Result>)(args[0]) : fn(...args)
  } finally {
    depth--
  }
}

/**
 * Captures the async context of the running code, outside any native section.
 *
 * @returns a function that calls another one in that context
 * @example
 * ```ts
 * import { callNative, captureContext, createNamespace, currentFrame } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const ns = createNamespace({ name: 'a' })
 * const enter = ns.run(() => callNative(captureContext))
 * assert.equal(enter(currentFrame), ns.frame)
 * assert.equal(currentFrame(), undefined)
 * ```
 */
export function captureContext(): EnterContext {
  const frame = getStore()
  const ns = frame?.ns
  // Of a native section in no namespace, none is left: the code around it is the host's, or the realm's owner's.
  const here = frame?.native === true ? runWith(frame.ns?.frame as Frame, resourceHere) : resourceHere()
  return (fn, ...args) => {
    if (ns !== undefined) showEntry(ns)
    const outer = depth
    depth = 0
    try {
      return here.runInAsyncScope(fn as Untyped<ReturnType<typeof fn>>, undefined, ...args)
    } finally {
      depth = outer
    }
  }
}

/**
 * What keeps an async context. `AsyncLocalStorage.snapshot()` makes one, too, with six more functions around it: there may be as many as
 * there are connections.
 */
function resourceHere(): asyncHooks.AsyncResource {
  return new AsyncResource('bound-anonymous-fn', { requireManualDestroy: true })
}

/**
 * Calls a function in the async context in which libvisor was loaded, before any guest: what the function makes holds no guest.
 *
 * @example
 * ```ts
 * import { createNamespace, currentFrame, enterNobody } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const ns = createNamespace({ name: 'a' })
 * assert.equal(ns.run(() => enterNobody(currentFrame)), undefined)
 * ```
 */
export const enterNobody: EnterContext = captureContext()

/**
 * Binds a callback of the guest to the context in which it was passed, so that an original may call it from a native
 * section.
 *
 * @param callback - a function of the guest; anything else is returned as it is
 * @returns a function that calls it, with its receiver, in the guest's context
 * @example
 * ```ts
 * import { bindGuest, callNative, createNamespace, currentFrame } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const original = (encoding: string, callback: () => unknown) => callback()
 * const ns = createNamespace({ name: 'a' })
 * ns.run(() => {
 *   assert.equal(callNative(original, 'utf8', currentFrame), ns.nativeFrame)
 *   assert.equal(callNative(original, bindGuest('utf8'), bindGuest(currentFrame)), ns.frame)
 * })
 * ```
 */
export function bindGuest<T>(callback: T): T {
  if (typeof callback !== 'function') return callback
  const enter = captureContext()
  return function (this: unknown, ...args: unknown[]) {
    return enter(apply, callback, this, args)
  } as T
}

import { createErrors, hostIntrinsics, linux } from '@libvisor/abi'
import type { ErrorFactory, Intrinsics, Personality } from '@libvisor/abi'
import { currentFrame, runInFrame, showEntry } from './async-context.native.ts'
import type { Frame } from './async-context.native.ts'
import { ownerOf } from './current.ts'
import { forgetDelivery } from './delivery.ts'
import { eventLoop } from './event-loop.native.ts'
import { Liveness } from './liveness.ts'
import { createPolicy } from './policy.ts'
import type { Policy } from './policy.ts'
import { createEventLoopScheduler } from './scheduler.ts'
import type { Scheduler } from './scheduler.ts'
import type { Slot } from './slot.ts'
import { createTrace } from './trace.ts'
import type { Trace } from './trace.ts'
import { VisorError } from './visor-error.ts'

/** Gives a value to a realm: the value itself, with the prototypes of that realm. */
export type Adopt = <T>(value: T) => T

/** How a namespace is made. */
export interface NamespaceOptions {
  /** What messages and tables call it. */
  readonly name: string
  /** @defaultValue {@link createPolicy} without options */
  readonly policy?: Policy
  /** @defaultValue linux */
  readonly personality?: Personality
  /** The realm to which results and errors belong. @defaultValue the realm of libvisor itself */
  readonly intrinsics?: Intrinsics
  /** Gives what the host's functions return or throw to that realm. @defaultValue what needs no realm, as it is */
  readonly adopt?: Adopt
  /** @defaultValue the event loop's, one per thread */
  readonly scheduler?: Scheduler
}

const guestEnded = (name: string): VisorError =>
  new VisorError('VISOR_GUEST_ENDED', `The namespace '${name}' has ended`)

const eventLoopScheduler = createEventLoopScheduler(eventLoop)
let lastId = 0

/**
 * What one guest sees: a file system, a network stack, a clock, a process table, a source of randomness, each in a
 * {@link Slot} of its own. Made by {@link createNamespace}.
 */
export class Namespace implements Disposable {
  /** Unique in this thread. */
  readonly id: number = ++lastId
  readonly personality: Personality
  readonly intrinsics: Intrinsics
  /** Gives what the host's functions return or throw to the realm of {@link Namespace.intrinsics}. */
  readonly adopt: Adopt
  readonly errors: ErrorFactory
  readonly scheduler: Scheduler
  readonly trace: Trace = createTrace()
  /** The frame of the guest's own code. */
  readonly frame: Frame = Object.freeze({ ns: this, native: false })
  /** The frame of originals that run on the guest's behalf. */
  readonly nativeFrame: Frame = Object.freeze({ ns: this, native: true })

  /** What keeps the guest alive. */
  readonly liveness: Liveness = new Liveness(eventLoop, (handle) => ownerOf(handle) === this)

  #ended = false
  #name: string
  #policy: Policy
  readonly #slots = new Map<Slot<unknown>, unknown>()
  readonly #makers = new Map<Slot<unknown>, () => unknown>()
  readonly #resources = new Set<Disposable>()

  constructor(options: NamespaceOptions) {
    this.#name = options.name
    this.#policy = options.policy ?? createPolicy()
    this.personality = options.personality ?? linux
    this.intrinsics = options.intrinsics ?? hostIntrinsics
    this.adopt = options.adopt ?? ((value) => value)
    this.scheduler = options.scheduler ?? eventLoopScheduler
    this.errors = createErrors(this)
  }

  get name(): string {
    return this.#name
  }

  get policy(): Policy {
    return this.#policy
  }

  /**
   * Says whose a namespace is that was made ahead of its guest. Nothing has run in it yet.
   *
   * @param guest - what it is called from now on, and what it may do
   */
  assign({ name, policy }: Required<Pick<NamespaceOptions, 'name' | 'policy'>>): void {
    this.#name = name
    this.#policy = policy
  }

  /** Whether the namespace has been disposed of: nothing is delivered to it any more. */
  get ended(): boolean {
    return this.#ended
  }

  /**
   * Puts a model in its slot.
   *
   * @param slot - the slot of an area
   * @param value - the model; disposed of with the namespace when it can be
   */
  provide<T>(slot: Slot<T>, value: T): void {
    this.#slots.set(slot, value)
  }

  /**
   * Has a model made when it is first asked for.
   *
   * @param slot - the slot of an area
   * @param make - makes the model
   */
  provideLazily<T>(slot: Slot<T>, make: () => T): void {
    this.#makers.set(slot, make)
  }

  /**
   * Whether the model in a slot has been made.
   *
   * @param slot - the slot of an area
   */
  has(slot: Slot<unknown>): boolean {
    return this.#slots.has(slot)
  }

  /**
   * The model in a slot.
   *
   * @param slot - the slot of an area
   * @returns what {@link Namespace.provide} put there
   * @throws {VisorError} VISOR_NO_NAMESPACE when nothing was
   * @throws {VisorError} VISOR_GUEST_ENDED when the namespace has been disposed of
   */
  get<T>(slot: Slot<T>): T {
    const value = this.find(slot)
    if (value === undefined) {
      if (this.#ended) throw guestEnded(this.name)
      throw new VisorError('VISOR_NO_NAMESPACE', `The namespace '${this.name}' has no ${slot.name}`)
    }
    return value
  }

  /**
   * The model in a slot, where there need not be one.
   *
   * @param slot - the slot of an area
   * @returns what {@link Namespace.provide} put there, or `undefined`
   */
  find<T>(slot: Slot<T>): T | undefined {
    const value = this.#slots.get(slot)
    if (value !== undefined) return value as T
    const make = this.#makers.get(slot)
    if (make === undefined || this.#ended) return undefined
    this.#makers.delete(slot)
    const made = make() as T
    this.#slots.set(slot, made)
    return made
  }

  /**
   * Runs a function in this namespace: all that it starts sees it, whatever it awaits.
   *
   * @param fn - called without a receiver
   * @param args - its arguments
   * @returns what the function returns
   * @throws {VisorError} VISOR_GUEST_ENDED when the namespace has been disposed of
   */
  run<Args extends readonly unknown[], Result>(fn: (...args: Args) => Result, ...args: Args): Result {
    if (this.#ended) throw new VisorError('VISOR_GUEST_ENDED', `The namespace '${this.name}' has ended`)
    showEntry(this)
    return runInFrame(this.frame, fn, ...args)
  }

  /**
   * Registers what must be released when the namespace ends: sockets, servers, timers, descriptors.
   *
   * @param resource - disposed of at the end, last registered first
   * @returns a function that takes the registration back
   */
  own(resource: Disposable): () => void {
    this.#resources.add(resource)
    return () => void this.#resources.delete(resource)
  }

  /** Ends the namespace and releases all that it holds. Calling it again does nothing. */
  [Symbol.dispose](): void {
    if (this.#ended) return
    this.#ended = true
    for (const resource of [...this.#resources].reverse()) resource[Symbol.dispose]()
    this.#resources.clear()
    this.#slots.clear()
    this.#makers.clear()
    forgetDelivery(this)
  }
}

/**
 * Makes a namespace without any area: what `@libvisor/fs`, `net`, `time`, `process` and `random` provide is put into
 * its slots by whoever furnishes it.
 *
 * @param options - its name, and what to use in place of the defaults
 * @returns the namespace
 * @example
 * ```ts
 * import { createNamespace, currentNamespace } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * using ns = createNamespace({ name: 'api' })
 * const name = await ns.run(async () => {
 *   await null
 *   return currentNamespace()?.name
 * })
 * assert.equal(name, 'api')
 * ```
 */
export function createNamespace(options: NamespaceOptions): Namespace {
  return new Namespace(options)
}

/**
 * The namespace of the running code.
 *
 * @returns the namespace that was entered last, or `undefined` outside of any
 * @example
 * ```ts
 * import { callNative, createNamespace, currentNamespace } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const outer = createNamespace({ name: 'outer' })
 * const inner = createNamespace({ name: 'inner' })
 * assert.equal(currentNamespace(), undefined)
 * outer.run(() => {
 *   assert.equal(inner.run(currentNamespace), inner)
 *   assert.equal(currentNamespace(), outer)
 *   assert.equal(callNative(currentNamespace), outer)
 * })
 * ```
 */
export function currentNamespace(): Namespace | undefined {
  return currentFrame()?.ns
}

/**
 * Whether there has never been more than one namespace in this thread: then no code of it can be another one's.
 *
 * @returns whether it is so
 * @example
 * ```ts
 * import { createNamespace, isOneNamespace } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * createNamespace({ name: 'a' })
 * createNamespace({ name: 'b' })[Symbol.dispose]()
 * assert.equal(isOneNamespace(), false)
 * ```
 */
export function isOneNamespace(): boolean {
  return lastId === 1
}

/**
 * Stops code of a guest that goes on after the guest's end: nothing else can.
 *
 * @param ns - the guest's namespace
 * @throws {VisorError} VISOR_GUEST_ENDED when it has been disposed of
 * @example
 * ```ts
 * import { createNamespace, requireAlive } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const ns = createNamespace({ name: 'a' })
 * requireAlive(ns)
 * ns[Symbol.dispose]()
 * assert.throws(() => requireAlive(ns), { code: 'VISOR_GUEST_ENDED' })
 * ```
 */
export function requireAlive(ns: Namespace): void {
  if (ns.ended) throw guestEnded(ns.name)
}

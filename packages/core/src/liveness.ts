import type { Namespace } from './namespace.ts'

/** What of the thread's event loop tells whether a guest may still be waiting for something. */
export interface LivenessLoop {
  /** Looks after the guest in the next turn of the event loop, in nobody's async context. */
  lookInTurn(look: () => void): void
  /** The same after a time. */
  lookAfter(look: () => void, ms: number): void
  /** Whether the kernel or the thread pool works on a request whose guest is not known: of files, of names. */
  hasRequests(): boolean
  /** Objects with a handle of the host's that keeps the loop alive: sockets, children. */
  handles(): readonly object[]
}

/** What keeps a guest alive, by kind, for who wants to show it. */
export interface LivenessCounts {
  /** Servers, connections, watchers, requests: whatever {@link keepAlive} was called for. */
  readonly references: number
  /** How many of the references are of sockets. */
  readonly sockets: number
  /** Tasks on their way through the delivery gate. */
  readonly deliveries: number
  readonly [kind: string]: number
}

/** How many turns of the event loop in a row must find nothing that keeps a guest alive. */
const QUIET_TURNS = 2

/** How often to look again while only the host knows what is pending. @units milliseconds */
const FIRST_RETRY_MS = 1
const LAST_RETRY_MS = 32

/**
 * What keeps one guest alive, so that its end is seen although others live in the same thread.
 *
 * Exact for what libvisor knows: references, deliveries, timers. Of requests that only the host knows it is told that
 * there are any in the thread, so that a guest can seem to live for a little longer than it does, and never shorter.
 */
export class Liveness {
  readonly #loop: LivenessLoop
  readonly #owns: (handle: object) => boolean
  readonly #sources = new Map<string, () => number>()
  #references = 0
  #sockets = 0
  #deliveries = 0
  #activity = 0
  #onIdle: (() => void) | undefined
  /** Whether a look is on its way. */
  #looking = false
  #quietTurns = 0
  #retryMs = FIRST_RETRY_MS

  constructor(loop: LivenessLoop, owns: (handle: object) => boolean) {
    this.#loop = loop
    this.#owns = owns
  }

  /** Counts a reference. @returns gives it back; doing so again does nothing */
  hold(kind: 'handle' | 'socket' = 'handle'): () => void {
    this.retain(kind)
    let held = true
    return () => {
      if (!held) return
      held = false
      this.release(kind)
    }
  }

  /** Counts a reference that whoever calls gives back, once. */
  retain(kind: 'handle' | 'socket'): void {
    this.#references++
    if (kind === 'socket') this.#sockets++
  }

  /** Gives a reference back. */
  release(kind: 'handle' | 'socket'): void {
    this.#references--
    if (kind === 'socket') this.#sockets--
    this.enter()
  }

  /** A task is on its way to the guest. */
  expect(): void {
    this.#deliveries++
  }

  /** The task has arrived, or never will. */
  arrive(): void {
    this.#deliveries--
    this.enter()
  }

  /**
   * Lets a kind of thing that keeps the guest alive be counted when somebody wants to know. Whoever has such things calls
   * {@link Liveness.touch} when there may be fewer.
   *
   * @param kind - what they are called
   * @param count - how many there are now
   */
  count(kind: string, count: () => number): void {
    this.#sources.set(kind, count)
  }

  /** Changes whenever the event loop has run the guest. */
  get activity(): number {
    return this.#activity
  }

  /** Whether nothing is known, at this moment, that keeps the guest alive. */
  get isIdle(): boolean {
    if (this.#references > 0 || this.#deliveries > 0) return false
    for (const count of this.#sources.values()) if (count() > 0) return false
    return !this.#isRequested()
  }

  /** Whether a guest whose end is watched for has come to it. */
  get isOver(): boolean {
    return this.#onIdle !== undefined && this.isIdle
  }

  /** Says that the event loop runs the guest. */
  enter(): void {
    this.#activity++
    this.touch()
  }

  /** Says that something which kept the guest alive is gone: it may have become idle. */
  touch(): void {
    if (this.#onIdle === undefined || this.#references > 0) return
    this.#quietTurns = 0
    this.#retryMs = FIRST_RETRY_MS
    if (this.#looking) return
    this.#looking = true
    this.#loop.lookInTurn(this.#look)
  }

  /** How much keeps the guest alive now. */
  counts(): LivenessCounts {
    const counts: Record<string, number> = {
      references: this.#references,
      sockets: this.#sockets,
      deliveries: this.#deliveries,
    }
    for (const [kind, count] of this.#sources) counts[kind] = count()
    return counts as LivenessCounts
  }

  /**
   * Calls a function each time when the guest has become idle: nothing will run it any more.
   *
   * @param onIdle - called in a turn of its own, outside of the guest
   * @returns stops watching
   */
  watch(onIdle: () => void): Disposable {
    this.#onIdle = onIdle
    this.touch()
    return {
      [Symbol.dispose]: () => {
        if (this.#onIdle === onIdle) this.#onIdle = undefined
      },
    }
  }

  readonly #look = (): void => {
    this.#looking = false
    const onIdle = this.#onIdle
    if (onIdle === undefined || this.#references > 0 || this.#deliveries > 0) return
    for (const count of this.#sources.values()) if (count() > 0) return
    if (this.#isRequested()) return this.#retry()
    // What Node itself has put off by a turn belongs to somebody, and there is no telling to whom.
    if (++this.#quietTurns < QUIET_TURNS) {
      this.#looking = true
      this.#loop.lookInTurn(this.#look)
      return
    }
    onIdle()
  }

  #isRequested(): boolean {
    return this.#loop.hasRequests() || this.#loop.handles().some(this.#owns)
  }

  /** Looks again soon: nobody says when a request of the host's ends. */
  #retry(): void {
    this.#looking = true
    this.#quietTurns = 0
    this.#loop.lookAfter(this.#look, this.#retryMs)
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS)
  }
}

/**
 * What keeps a guest alive.
 *
 * @param ns - its namespace
 * @returns counts it, and tells when nothing does any more
 * @example
 * ```ts
 * import { createNamespace, keepAlive, livenessOf } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * using ns = createNamespace({ name: 'a' })
 * const server = keepAlive(ns)
 * assert.equal(livenessOf(ns).counts().references, 1)
 * const idle = new Promise<void>((resolve) => livenessOf(ns).watch(resolve))
 * server[Symbol.dispose]()
 * await idle
 * ```
 */
export function livenessOf(ns: Namespace): Liveness {
  return ns.liveness
}

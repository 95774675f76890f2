import type { CallContext } from './call-context.ts'
import type { HostFs } from './host-fs.ts'
import { STALE_AFTER_MS } from './known-names.ts'
import type { MountTable } from './mounts.ts'
import { Trace, trace, traced } from './trace.ts'
import { access } from './permission.ts'
import { fileType } from './vnode.ts'
import type { Place } from './walk.ts'

/** How many answers are given by one look at the clock, which costs more than the rest of an answer. */
const ANSWERS_A_LOOK = 32

/** Paths whose components are names, one behind each slash. */
const plain = /^(?:\/(?!\.{0,2}(?:\/|$))[^/]+)+$/

/** Longer paths may be longer than a path may be. */
const LONGEST = 1024

/**
 * Where paths lead, remembered for as long as one callback of the event loop runs (or one iteration, of what promises run) and nothing is
 * renamed, made or removed through the guest's file system. That nothing is there is remembered, too: a loader looks for the same missing
 * names again and again.
 */
export class KnownPlaces {
  /** Whose answers are kept: a loader asks thousands of times in one callback, and not again for long. */
  static #last: KnownPlaces | undefined
  readonly #context: CallContext
  readonly #mounts: MountTable
  readonly #host: HostFs
  readonly #places = new Map<string, Place | undefined>()
  /** What was found while a trace was open, with what it was found by. */
  readonly #traces = new Map<string, Trace>()
  #turn = -1
  #generation = -1
  #version = -1
  #staleAt = 0
  #looks = 0

  constructor(context: CallContext, mounts: MountTable, host: HostFs) {
    this.#context = context
    this.#mounts = mounts
    this.#host = host
  }

  /** The place to which a path leads, links followed; `undefined` when nothing is there, or it cannot be reached. */
  find(path: string): Place | undefined {
    this.#refresh()
    return path.length < LONGEST && plain.test(path) ? this.#find(path) : this.#walk(path)
  }

  forget(): void {
    this.#clear()
    if (KnownPlaces.#last === this) KnownPlaces.#last = undefined
  }

  #clear(): void {
    this.#places.clear()
    this.#traces.clear()
  }

  #refresh(): void {
    const turn = this.#host.turn()
    const { generation } = this.#mounts
    const { version } = this.#context.feed
    if (--this.#looks >= 0 && turn === this.#turn) {
      if (generation === this.#generation && version === this.#version) return
    }
    const now = this.#host.nowMs()
    this.#looks = ANSWERS_A_LOOK - 1
    const isCurrent = turn === this.#turn && generation === this.#generation && version === this.#version
    if (isCurrent && now < this.#staleAt) return
    if (KnownPlaces.#last !== this) KnownPlaces.#last?.forget()
    KnownPlaces.#last = this
    this.#clear()
    this.#turn = turn
    this.#generation = generation
    this.#version = version
    this.#staleAt = now + STALE_AFTER_MS
  }

  #find(path: string): Place | undefined {
    if (path === '') return this.#context.root
    if (trace !== undefined) return this.#trace(path, trace)
    const known = this.#places.get(path)
    if (known !== undefined || this.#places.has(path)) return known
    return this.#findNew(path)
  }

  #findNew(path: string): Place | undefined {
    const slash = path.lastIndexOf('/')
    const place = this.#step(this.#find(path.slice(0, slash)), path.slice(slash + 1), path)
    this.#places.set(path, place)
    return place
  }

  /** Finds a place and what it is found by. */
  #trace(path: string, open: Trace): Place | undefined {
    const known = this.#traces.get(path)
    if (known !== undefined) {
      open.include(known)
      return this.#places.get(path)
    }
    const made = new Trace()
    this.#traces.set(path, made)
    return traced(made, () => this.#findNew(path))
  }

  #step(directory: Place | undefined, name: string, path: string): Place | undefined {
    if (directory?.isDirectory() !== true) return undefined
    const { identity } = this.#context
    try {
      if (identity.uid !== 0) this.#context.demand(directory.node, access.execute)
      const place = directory.step(name)
      return place?.node.type === fileType.link ? this.#walk(path) : place
    } catch {
      return undefined
    }
  }

  #walk(path: string): Place | undefined {
    try {
      return this.#context.find(path, true)
    } catch {
      return undefined
    }
  }
}

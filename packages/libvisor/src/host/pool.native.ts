import { Readable } from 'node:stream'
import { MessageChannel } from 'node:worker_threads'
import type { PlacementOption } from '../config/guest-options.ts'
import type { PoolSpec, Stall } from '../config/pool-options.ts'
import type { PooledGuestEnvelope, ToGuest } from '../thread/protocol.ts'
import { BEAT_MS } from '../thread/pulse.ts'
import type { Carrier, Departure } from './carrier.ts'
import type { GuestStreams } from './guest-streams.native.ts'
import { choosePlace } from './placement.ts'
import { PoolThread } from './pool-thread.native.ts'
import type { PooledGuest } from './pool-thread.native.ts'
import type { ThreadStats } from './host-stats.ts'
import type { CargoOptions } from './thread-carrier.native.ts'

/** What is to be carried in a context. */
export interface PooledCargoOptions extends CargoOptions {
  readonly placement: PlacementOption
  /** The streams of the guest's handle. */
  readonly streams: GuestStreams
}

/** A guest that cannot be asked to end has so long before its thread is looked at. @units milliseconds */
const STUCK_MS = 500
/** A thread without guests ends after so long, unless it is the only one. @units milliseconds */
const IDLE_MS = 2000
/** A thread that does not say what it uses is stalled. @units milliseconds */
const ANSWER_MS = 1000

/** The threads in which guests in contexts run: which guest is where, and whether all of them get on. */
export class Pool implements AsyncDisposable {
  readonly #spec: PoolSpec
  readonly #threads = new Map<number, PoolThread>()
  readonly #lookMs: number
  #looking: ReturnType<typeof setInterval> | undefined
  #closed = false

  constructor(spec: PoolSpec) {
    this.#spec = spec
    // A beat in each look at least, and a stall is told in time.
    this.#lookMs = Math.max(2 * BEAT_MS, Math.min(1000, spec.stallMs, spec.stallLimitMs) / 2)
  }

  /**
   * Finds a place for a guest, and starts it there.
   *
   * @param cargo - the guest
   * @param leave - called when the thread has ended
   * @returns its place, as the guest's carrier
   * @throws {VisorError} VISOR_CONFIG_INVALID when its hints cannot be followed, VISOR_POOL_FULL when there is no room
   */
  carry(cargo: PooledCargoOptions, leave: (departure: Departure) => void): Carrier {
    const { spec, program, stdio, network, placement, streams } = cargo
    const thread = this.#threadFor(spec.name, placement)
    const control = new MessageChannel()
    const files = new MessageChannel()
    const envelope: PooledGuestEnvelope = {
      kind: 'guest',
      namespace: spec,
      program,
      stdio,
      control: control.port2,
      network,
      files: files.port2,
      keepFiles: cargo.keepFiles,
      stdioPort: streams.connect(),
    }
    const guest: PooledGuest = { name: spec.name, group: placement.group, namespaceId: undefined, leave }
    thread.spawn(envelope, guest, performance.now())
    const inherits = stdio === 'inherit'
    return {
      address: network.address,
      thread: thread.number,
      control: control.port1,
      files: files.port1,
      stdin: streams.stdin,
      stdout: inherits ? Readable.from([]) : streams.stdout,
      stderr: inherits ? Readable.from([]) : streams.stderr,
      started: (namespaceId) => void (guest.namespaceId = namespaceId),
      terminate: () => {
        control.port1.postMessage({ type: 'signal', id: 0, signal: 'SIGKILL' } satisfies ToGuest)
        this.#insist(thread, guest)
      },
      release(notice) {
        thread.remove(guest, performance.now())
        files.port1.close()
        if (notice === undefined) return streams.disconnect()
        if (inherits) process.stderr.write(notice)
        streams.end(inherits ? '' : notice)
      },
    }
  }

  /** What each thread uses. */
  async stats(): Promise<readonly ThreadStats[]> {
    const rows = [...this.#threads.values()].map(async (thread): Promise<ThreadStats> => {
      const { number, guests, utilization, stalledMs } = thread
      const unknown = { heapUsedBytes: undefined, heapLimitBytes: undefined, cpuMs: undefined }
      const silence = Promise.withResolvers<typeof unknown>()
      const timer = setTimeout(() => silence.resolve(unknown), ANSWER_MS)
      const usage = await Promise.race([thread.usage().catch(() => unknown), silence.promise])
      clearTimeout(timer)
      return { thread: number, guests: guests.size, contexts: thread.pulse.contexts, ...usage, utilization, stalledMs }
    })
    return (await Promise.all(rows)).sort((a, b) => a.thread - b.thread)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    const threads = [...this.#threads.values()]
    for (const thread of threads) thread.end({ why: 'closed' })
    await Promise.all(threads.map(({ exited }) => exited))
    clearInterval(this.#looking)
  }

  #threadFor(guest: string, placement: PlacementOption): PoolThread {
    const { threads, maxGuestsPerThread } = this.#spec
    const places = Array.from({ length: threads }, (_, index) => {
      const number = index + 1
      const thread = this.#threads.get(number)
      return {
        number,
        guests: thread?.guests.size ?? 0,
        groups: new Set([...(thread?.guests ?? [])].flatMap(({ group }) => group ?? [])),
        utilization: thread?.utilization ?? 0,
        // A thread that is ending is no place either, as long as there is another one.
        stalled: thread !== undefined && (thread.stalled || thread.ending),
      }
    })
    return this.#threadAt(choosePlace(guest, places, placement, maxGuestsPerThread))
  }

  #threadAt(number: number): PoolThread {
    const running = this.#threads.get(number)
    if (running !== undefined && !running.ending) return running
    const thread: PoolThread = new PoolThread({
      number,
      spec: this.#spec,
      lookMs: this.#lookMs,
      onGone: () => {
        if (this.#threads.get(number) === thread) this.#threads.delete(number)
        if (this.#threads.size > 0) return
        clearInterval(this.#looking)
        this.#looking = undefined
      },
    })
    this.#threads.set(number, thread)
    this.#looking ??= setInterval(() => this.#look(), this.#lookMs).unref()
    return thread
  }

  #look(): void {
    const now = performance.now()
    for (const thread of this.#threads.values()) {
      const verdict = thread.look(now)
      if (verdict === 'stalled') this.#tell(thread, 'noticed')
      else if (verdict === 'over') this.#endStalled(thread)
      else this.#endIdle(thread, now)
    }
  }

  #endStalled(thread: PoolThread): void {
    this.#tell(thread, 'ended')
    const seconds = (thread.stalledMs / 1000).toFixed(1)
    const notice = `visor: ended: it kept thread ${thread.number} from its event loop for ${seconds} s\n`
    thread.end({ why: 'stalled', culprit: thread.entered, notice })
  }

  #endIdle(thread: PoolThread, now: number): void {
    const isIdle = thread.idleSince !== undefined && now - thread.idleSince > IDLE_MS
    const isLast = ![...this.#threads.values()].some((other) => other !== thread && !other.ending)
    if (isIdle && !isLast) thread.end({ why: 'closed' })
  }

  #tell(thread: PoolThread, action: Stall['action']): void {
    const { number, stalledMs, entered, guests } = thread
    const others = [...guests].filter((guest) => guest !== entered).map(({ name }) => name)
    const { stallLimitMs: limitMs } = this.#spec
    this.#spec.onStall({ thread: number, guest: entered?.name, stalledMs, limitMs, action, others })
  }

  /** Replaces the thread of a guest that was told to end and never returns to its event loop. */
  #insist(thread: PoolThread, guest: PooledGuest): void {
    const { beats } = thread.pulse
    setTimeout(() => {
      if (this.#closed || thread.ending || !thread.guests.has(guest)) return
      const { entered } = thread
      // Held up by another guest, it ends when that one returns, or with it.
      const isItsFault = entered === undefined || entered === guest
      if (isItsFault && thread.pulse.beats === beats) thread.end({ why: 'stalled', culprit: guest, notice: '' })
      else this.#insist(thread, guest)
    }, STUCK_MS)
  }
}

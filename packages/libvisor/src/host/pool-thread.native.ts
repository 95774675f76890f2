import { inspect } from 'node:util'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { EventLoopUtilization } from 'node:perf_hooks'
import type { MessagePort } from 'node:worker_threads'
import type { PoolSpec } from '../config/pool-options.ts'
import { putIntoWorkerData } from '../thread/envelope.ts'
import { preloadArgv } from '../thread/preload-argv.ts'
import { portsOf } from '../thread/protocol.ts'
import type { PooledGuestEnvelope, ToPool } from '../thread/protocol.ts'
import { createPulse, readPulse } from '../thread/pulse.ts'
import type { Pulse } from '../thread/pulse.ts'
import type { Departure } from './carrier.ts'
import { StallDetector } from './stall-detector.ts'
import type { Verdict } from './stall-detector.ts'

/** A guest in a thread of the pool. */
export interface PooledGuest {
  readonly name: string
  readonly group: string | undefined
  /** What the thread's pulse calls it, once it has started. */
  namespaceId: number | undefined
  /** Called once, when the thread has ended. */
  leave(departure: Departure): void
}

/** Why the host ends a thread. */
export type Ending =
  /** The host is closed, or the thread is not needed any more. */
  | { readonly why: 'closed' }
  /** It does not return to its event loop, because of a guest that was told to end or that has reached the limit. */
  | { readonly why: 'stalled'; readonly culprit: PooledGuest | undefined; readonly notice: string }

/** How a thread is started. */
export interface PoolThreadOptions {
  readonly number: number
  readonly spec: PoolSpec
  /** How often {@link PoolThread.look} is called. @units milliseconds */
  readonly lookMs: number
  /** Called when the thread has ended, before its guests hear of it. */
  readonly onGone: () => void
}

/** A guest that starts keeps its thread busy for a while, which says nothing of the time after it. @units milliseconds */
const SETTLE_MS = 2000

/** What each of Node's versions needs for contexts. */
const contextArgv: readonly string[] = [
  '--experimental-vm-modules',
  // Of the option above: that it is experimental is nothing that a guest could do anything about.
  '--disable-warning=ExperimentalWarning',
  // From 24 on it is the only way.
  ...(process.version.startsWith('v22.') ? ['--experimental-async-context-frame'] : []),
]

/**
 * V8 lets the part of the heap that new objects come into grow to four times this as long as guests start, and keeps it: of a hundred
 * guests each would cost twice as much. A quarter answers as many requests. @units mebibytes
 */
const YOUNG_GENERATION_MB = 48

/** A thread in which guests run in contexts, as its host sees it. */
export class PoolThread {
  readonly number: number
  readonly guests = new Set<PooledGuest>()
  /** How much of the time between two looks its event loop was busy when no guest had just been started: 0 to 1. */
  utilization = 0
  /** Since when it has had no guests. @units milliseconds, monotonic */
  idleSince: number | undefined
  readonly exited: Promise<void>
  readonly #spec: PoolSpec
  readonly #worker: Worker
  readonly #control: MessagePort
  readonly #pulse = createPulse()
  readonly #stall: StallDetector
  #measured: EventLoopUtilization | undefined
  /** When what its guests do says more than that they start. @units milliseconds, monotonic */
  #settledAt = 0
  #verdict: Verdict = 'turning'
  #ending: Ending | undefined
  #error: unknown

  constructor(options: PoolThreadOptions) {
    const { number, spec, lookMs, onGone } = options
    this.number = number
    this.#spec = spec
    const { stallMs, stallLimitMs: limitMs, memoryLimitMb, cacheDirectory } = spec
    this.#stall = new StallDetector({ stallMs, limitMs, stepMs: 2 * lookMs })
    const control = new MessageChannel()
    this.#control = control.port1
    this.#worker = new Worker('', {
      eval: true,
      name: `visor pool ${number}`,
      // Nothing of the host's is there for a guest to find.
      argv: [],
      env: {},
      execArgv: [...contextArgv, ...preloadArgv],
      workerData: putIntoWorkerData({ kind: 'pool', control: control.port2, pulse: this.#pulse, cacheDirectory }),
      transferList: [control.port2],
      resourceLimits: {
        maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
        ...(memoryLimitMb === undefined ? {} : { maxOldGenerationSizeMb: memoryLimitMb }),
      },
    })
    this.#worker.on('error', (error) => void (this.#error = error))
    const gone = Promise.withResolvers<void>()
    this.exited = gone.promise
    this.#worker.on('exit', (code) => {
      this.#control.close()
      onGone()
      this.#dismiss(code)
      gone.resolve()
    })
  }

  /** Whether it takes no more guests. */
  get ending(): boolean {
    return this.#ending !== undefined
  }

  get stalled(): boolean {
    return this.#stall.stalled
  }

  get stalledMs(): number {
    return this.#stall.stalledMs
  }

  get pulse(): Pulse {
    return readPulse(this.#pulse)
  }

  /** The guest whose code was entered last. */
  get entered(): PooledGuest | undefined {
    const { namespaceId } = this.pulse
    return [...this.guests].find((guest) => guest.namespaceId === namespaceId)
  }

  /** Starts a guest. */
  spawn(envelope: PooledGuestEnvelope, guest: PooledGuest, now: number): void {
    this.guests.add(guest)
    this.idleSince = undefined
    this.#settledAt = now + SETTLE_MS
    this.#worker.ref()
    this.#control.postMessage({ type: 'spawn', envelope } satisfies ToPool, portsOf(envelope))
  }

  /** A guest has ended. */
  remove(guest: PooledGuest, now: number): void {
    if (!this.guests.delete(guest) || this.guests.size > 0) return
    this.idleSince = now
    // A thread that waits for guests is no reason for the process to live on.
    this.#worker.unref()
  }

  /** Measures, and tells when its state is another one than the last time. */
  look(now: number): Verdict | undefined {
    const { performance } = this.#worker
    const measured = performance.eventLoopUtilization()
    if (this.#measured !== undefined && now > this.#settledAt) {
      this.utilization = performance.eventLoopUtilization(measured, this.#measured).utilization
    }
    this.#measured = measured
    const { beats, namespaceId } = this.pulse
    // Until it has entered a guest it starts, which takes as long as it takes.
    if (namespaceId === 0 || this.ending) return undefined
    const verdict = this.#stall.look(beats, now)
    if (verdict === this.#verdict) return undefined
    this.#verdict = verdict
    return verdict
  }

  /** What it uses. Fails, or never settles, when the thread cannot be asked. */
  async usage(): Promise<{ heapUsedBytes: number; heapLimitBytes: number; cpuMs: number }> {
    const [heap, cpu] = await Promise.all([this.#worker.getHeapStatistics(), this.#worker.cpuUsage()])
    const { used_heap_size: heapUsedBytes, heap_size_limit: heapLimitBytes } = heap
    return { heapUsedBytes, heapLimitBytes, cpuMs: (cpu.user + cpu.system) / 1000 }
  }

  /** Ends it, with all its guests, whatever it does. */
  end(ending: Ending): void {
    if (this.#ending !== undefined) return
    this.#ending = ending
    void this.#worker.terminate()
  }

  /** Tells the guests what has become of them. */
  #dismiss(exitCode: number): void {
    const { culprit, departure } = this.#judge(exitCode)
    const bystander: Departure = { code: null, signal: 'SIGKILL', innocent: this.#ending?.why !== 'closed' }
    const isAnybodys = culprit !== undefined || this.#ending !== undefined || this.pulse.namespaceId !== 0
    for (const guest of [...this.guests]) guest.leave(guest === culprit || !isAnybodys ? departure : bystander)
    this.guests.clear()
  }

  /** Whose fault the end of the thread is, and what it is told. */
  #judge(exitCode: number): { readonly culprit: PooledGuest | undefined; readonly departure: Departure } {
    const ending = this.#ending
    if (ending !== undefined) {
      const [culprit, notice] = ending.why === 'stalled' ? [ending.culprit, ending.notice] : [undefined, '']
      return { culprit, departure: { code: null, signal: 'SIGKILL', innocent: false, notice } }
    }
    const culprit = this.entered
    const thread = `thread ${this.number}`
    if ((this.#error as { code?: string } | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
      const limit = this.#spec.memoryLimitMb === undefined ? '' : ` (limit: ${this.#spec.memoryLimitMb} MiB)`
      const notice = `visor: ${thread} ran out of memory${limit} while '${culprit?.name}' ran\n`
      return { culprit, departure: { code: null, signal: 'SIGABRT', innocent: false, notice } }
    }
    const why = this.#error === undefined ? `with code ${exitCode}` : `by ${inspect(this.#error)}`
    const notice = `visor: ${thread} ended ${why}\n`
    return { culprit, departure: { code: exitCode === 0 ? 1 : exitCode, signal: null, innocent: false, notice } }
  }
}

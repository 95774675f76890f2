import { cpuMsOf, livenessOf, runInFrame, slots } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { originalModule } from '../originals.native.ts'
import { endNamespace, ending, running } from '../state/ending.ts'
import type { EndStatus } from '../state/ending.ts'
import { readReportingOptions } from '../state/node-options.ts'
import { processState } from '../state/process-state.ts'
import { leaveDomains, takenByDomain } from './domain.ts'
import { captureException } from './exception-members.ts'
import { describeUncaught } from './describe-error.ts'
import { createRejections } from './rejections.ts'
import { takeWarning } from './warning-members.ts'

/** What an uncaught exception came from, as listeners are told. */
export type ExceptionOrigin = 'uncaughtException' | 'unhandledRejection'

/** The life of a guest's process from the start of its program to its end. */
export interface GuestLifecycle extends Disposable {
  /**
   * Runs the program: what it throws is uncaught, and when nothing keeps the guest alive any more it ends.
   *
   * @param main - runs the entry; what it returns settles when the entry has been evaluated
   */
  start(main: () => Promise<void>): void
  /**
   * An error that nobody has caught: the monitor, the capture callback, or the listeners of the guest hear of it; else it
   * is printed as Node prints it, and ends the guest.
   */
  uncaught(error: unknown, origin: ExceptionOrigin): void
  /** A promise was rejected and nobody handles it. */
  rejected(reason: unknown, promise: Promise<unknown>): void
  /** A promise is handled after all. */
  handledLate(promise: Promise<unknown>): void
  /** Node has warned of something that the guest did. */
  warned(warning: unknown): void
  /** The entry has been evaluated: from now on the guest ends as soon as nothing keeps it alive. */
  idle(): void
  /** What the guest uses now. */
  readonly usage: GuestUsage
}

/** What a guest uses, and what keeps it alive. */
export interface GuestUsage {
  readonly timers: number
  readonly sockets: number
  /** Servers, watchers, requests and whatever else keeps the guest alive beside timers and sockets. */
  readonly handles: number
  /** Processor time, where it is measured. @units milliseconds */
  readonly cpuMs: number
}

/** What the life of a guest's process depends on. */
export interface LifecycleOptions {
  readonly ns: Namespace
  /** The guest's `process`, as its interceptor has bound it. */
  readonly process: NodeJS.Process
  /** Hears of the end, when all that the guest held has been released. */
  readonly onEnd: (status: EndStatus) => void
  /**
   * What is printed of an error that ends the guest, without a line break at its end.
   *
   * @defaultValue {@link describeUncaught}
   */
  readonly describe?: (error: unknown, origin: ExceptionOrigin) => string
}

/** A `process`, with the events that only Node itself emits. */
type GuestProcess = Omit<NodeJS.Process, 'emit'> & {
  _exiting: boolean
  emit(event: string, ...args: unknown[]): boolean
}

/** @source Node 24 doc/api/process.md, exit codes */
const exitCodes = { uncaught: 1, handlerFailed: 7, unsettledAwait: 13 } as const

/**
 * Makes the life of a guest's process in a context.
 *
 * @param options - the guest, and who hears of its end
 * @returns is told what happens to the guest
 * @example
 * ```ts
 * import { createNamespace, slots } from '@libvisor/core'
 * import { createEnvironment, createIdentity, createLifecycle, createProcessInterceptor, createProcessState, processState } from '@libvisor/process'
 * import assert from 'node:assert/strict'
 *
 * const ns = createNamespace({ name: 'api' })
 * ns.provide(slots.identity, createIdentity())
 * ns.provide(processState, createProcessState({ env: createEnvironment({}), argv: ['node', '/app.js'] }))
 * const process = createProcessInterceptor().bind(ns).modules['process']!() as NodeJS.Process
 * const { code } = await new Promise<{ code: number | null }>((onEnd) => {
 *   const lifecycle = createLifecycle({ ns, process, onEnd, describe: String })
 *   lifecycle.start(async () => void (process.exitCode = 3))
 * })
 * assert.equal(code, 3)
 * ```
 */
export function createLifecycle(options: LifecycleOptions): GuestLifecycle {
  const { ns, onEnd, describe = (error, origin) => describeUncaught(ns, error, { origin }) } = options
  const process = options.process as unknown as GuestProcess
  const state = ns.get(processState)
  const liveness = livenessOf(ns)
  /** Whether the entry is still being evaluated. */
  let evaluating = false
  let watching: Disposable | undefined
  ns.provide(running, { failed: (error) => fail(error, exitCodes.handlerFailed) })
  ns.provide(ending, (status) => {
    watching?.[Symbol.dispose]()
    onEnd(status)
  })

  const exitCode = (otherwise: number): number => Number(process.exitCode ?? otherwise)
  const end = (code: number): void => {
    if (!ns.ended) state.onExit?.(code)
    endNamespace(ns, { code: code & 0xff, signal: null })
  }
  /** Runs a step of the process in the guest's context. What ends the guest in there needs no further handling. */
  const inGuest = (step: () => void, onError: (error: unknown) => void): void => {
    if (ns.ended) return
    try {
      runInFrame(ns.frame, step)
    } catch (error) {
      if (!ns.ended) onError(error)
    }
  }
  const print = (error: unknown, origin: ExceptionOrigin): void => {
    const text = `${describe(error, origin)}\n\nNode.js ${process.version}\n`
    ns.find(slots.stdio)?.[2].writeSync(Buffer.from(text))
  }
  const fail = (error: unknown, code: number, origin: ExceptionOrigin = 'uncaughtException'): void => {
    print(error, origin)
    end(code)
  }
  /** @source Node 24 `lib/internal/process/execution.js`, `src/node_errors.cc` TriggerUncaughtException */
  const die = (error: unknown, origin: ExceptionOrigin): void => {
    inGuest(
      () => {
        if (process._exiting) return
        process._exiting = true
        process.exitCode = exitCodes.uncaught
        process.emit('exit', exitCodes.uncaught)
      },
      () => {},
    )
    if (!ns.ended) fail(error, exitCode(exitCodes.uncaught), origin)
  }
  const uncaught = (error: unknown, origin: ExceptionOrigin): void => {
    let handled = false
    let failed = false
    inGuest(
      () => {
        process.emit('uncaughtExceptionMonitor', error, origin)
        handled = captureException(options.process, error) || process.emit('uncaughtException', error, origin)
      },
      (thrown) => {
        failed = true
        fail(thrown, exitCodes.handlerFailed)
      },
    )
    if (ns.ended || failed) return
    if (!handled) die(error, origin)
    else liveness.touch()
  }

  const exit = (): void => {
    if (evaluating && process.exitCode === undefined) process.exitCode = exitCodes.unsettledAwait
    inGuest(
      () => {
        if (process._exiting) return
        process._exiting = true
        process.emit('exit', exitCode(0))
      },
      (error) => uncaught(error, 'uncaughtException'),
    )
    if (!ns.ended) end(exitCode(0))
  }
  /** Whether it is still to be seen what listeners of `beforeExit` have started. */
  let waiting = false
  const beforeExit = (): void => {
    if (waiting) return
    waiting = true
    const before = liveness.activity
    inGuest(
      () => void process.emit('beforeExit', exitCode(0)),
      (error) => uncaught(error, 'uncaughtException'),
    )
    if (ns.ended) return
    // What it has started runs first; what it has started that keeps the guest alive calls for another time.
    ns.scheduler.schedule('exit', () => {
      waiting = false
      if (ns.ended) return
      if (liveness.isIdle && liveness.activity === before) exit()
      else liveness.touch()
    })
  }

  const rejections = createRejections({
    ns,
    process: options.process,
    mode: readReportingOptions(state.execArgv, state.env).unhandledRejections,
    uncaught,
    inspect: (value) => originalModule('util').inspect(value),
  })
  /** What the entry throws does not come by way of Node, which would have asked the domain first. */
  const thrownByMain = (error: unknown): void => {
    evaluating = false
    let taken = false
    inGuest(
      () => void (taken = takenByDomain(error)),
      (thrown) => fail(thrown, exitCodes.handlerFailed),
    )
    leaveDomains()
    if (!taken && !ns.ended) uncaught(error, 'uncaughtException')
  }
  const watch = (): void => {
    watching ??= liveness.watch(beforeExit)
  }

  return {
    start(main) {
      evaluating = true
      inGuest(() => {
        main().then(() => {
          evaluating = false
          liveness.touch()
        }, thrownByMain)
      }, thrownByMain)
      if (!ns.ended) watch()
    },
    uncaught,
    rejected: (reason, promise) =>
      inGuest(
        () => rejections.rejected(reason, promise),
        (error) => uncaught(error, 'uncaughtException'),
      ),
    handledLate: (promise) =>
      inGuest(
        () => rejections.handledLate(promise),
        (error) => uncaught(error, 'uncaughtException'),
      ),
    warned: (warning) =>
      inGuest(
        () => takeWarning(options.process, warning),
        (error) => uncaught(error, 'uncaughtException'),
      ),
    idle() {
      evaluating = false
      if (!ns.ended) watch()
    },
    get usage() {
      const { references, sockets, Timeout = 0, Immediate = 0 } = liveness.counts()
      return { timers: Timeout + Immediate, sockets, handles: references - sockets, cpuMs: cpuMsOf(ns) }
    },
    [Symbol.dispose]() {
      watching?.[Symbol.dispose]()
    },
  }
}

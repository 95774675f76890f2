import { apply } from '@libvisor/abi'
import type { Realm } from '@libvisor/core'
import { VisorError, deliver, mimic, ownerHere } from '@libvisor/core'
import type { OriginalProcess } from '../originals.native.ts'
import { endNamespace, leaveEnded } from '../state/ending.ts'
import { createSignalSender } from '../state/signals.ts'
import type { Signals } from '../state/signals.ts'
import { methods } from './members.ts'
import type { MemberContext, Members } from './members.ts'

/** Where the process of a namespace ends and how. */
export interface ExitOptions {
  readonly kind: Realm['kind']
  /** Whether the realm is a worker thread, which has no signals of its own. */
  readonly inWorker: boolean
  /** The real process id, to which signals of a realm in a process of its own go. */
  readonly hostPid: number
}

/**
 * Ends a guest that shares its realm, and the code of it that runs.
 *
 * @param context - the namespace
 * @param code - the exit code
 * @param signal - what has ended it, if something has
 * @throws {VisorError} VISOR_GUEST_ENDED in the guest's own code: there is no other way to unwind its stack
 */
export function endGuest(
  { ns, state }: Pick<MemberContext, 'ns' | 'state'>,
  code: number,
  signal: NodeJS.Signals | null = null,
): never {
  if (!ns.ended) state.onExit?.(code)
  endNamespace(ns, { code: signal === null ? code : null, signal })
  throw new VisorError('VISOR_GUEST_ENDED', `The guest '${ns.name}' has ended with exit code ${code}`)
}

/**
 * Makes what sends signals to the process of a namespace.
 *
 * @param context - the namespace and what it is made of
 * @param options - where the process is
 * @returns the sender
 */
export function createSignals(context: MemberContext, options: ExitOptions): Signals {
  const { ns, original, process, state } = context
  const end = (code: number, signal: NodeJS.Signals): void => {
    if (options.kind === 'context') {
      // Whoever sends it from outside of the guest has nothing to unwind.
      if (!ns.ended) state.onExit?.(code)
      return endNamespace(ns, { code: null, signal })
    }
    if (options.kind !== 'own') endGuest(context, code, signal)
    state.onExit?.(code)
    original.reallyExit(code)
  }
  if (options.kind === 'own' && !options.inWorker) {
    // The guest's process is a real one, and its listeners are the kernel's to call.
    const signals = Object.entries(ns.personality.signals)
    return {
      raise(signal) {
        const number = signals.find(([name, number]) => (typeof signal === 'number' ? number : name) === signal)?.[1]
        if (number === undefined) throw new RangeError(`There is no signal ${signal}`)
        original._kill(options.hostPid, number)
      },
    }
  }
  return createSignalSender(ns.personality, {
    listens: (name) => process.listenerCount(name) > 0,
    emit(name, number) {
      deliver(
        ownerHere(ns),
        'signal',
        () => void apply(process.emit as (...args: unknown[]) => boolean, process, [name, name, number]),
      )
    },
    terminate: end,
    stop(name) {
      throw new VisorError(
        'VISOR_UNSUPPORTED',
        `The signal ${name} is not supported in a guest: a thread cannot be stopped`,
      )
    },
  })
}

/**
 * The ways in which a process ends itself or signals another one.
 *
 * `process.kill()` and `process.exit()` stay Node's own, with its checks and errors; what they call in the end is
 * replaced.
 *
 * @param context - the namespace and what it is made of
 * @param options - where the process is
 * @param signals - sends signals to it
 * @returns members of `process`
 */
export function exitMembers(context: MemberContext, options: ExitOptions, signals: () => Signals): Members {
  const { ns, identity, original, state } = context
  const { errno, signals: numbers } = ns.personality
  const highest = 64
  const known = new Set(Object.values(numbers))

  const members = methods({
    _kill(pid: number, signal: number): number {
      if (signal < 0 || signal > highest) return -errno.EINVAL[0]
      // 0 is the process group and -1 all that may be signalled: of the guest there is this process alone.
      if (![identity.pid, 0, -1, -identity.pid].includes(pid)) {
        const child = state.children.get(pid)
        const runs = child !== undefined && child.exitCode === null && child.signalCode === null
        return runs ? original._kill(pid, signal) : -errno.ESRCH[0]
      }
      if (signal !== 0 && known.has(signal)) signals().raise(signal)
      if (options.kind === 'context') leaveEnded(ns)
      return 0
    },
  })

  if (options.kind === 'own') {
    if (state.onExit !== undefined) {
      Object.assign(
        members,
        methods({
          reallyExit(code: number): never {
            state.onExit?.(code)
            return original.reallyExit(code)
          },
        }),
      )
      if (!options.inWorker) Object.assign(members, methods({ _fatalException: tellingOfEnd(context) }))
    }
    if (options.inWorker) Object.assign(members, methods({ abort: () => signals().raise('SIGABRT') }))
    return members
  }

  Object.assign(
    members,
    methods({
      reallyExit: (code?: unknown) => endGuest(context, Number(code ?? 0)),
      abort() {
        // No listener keeps a process alive that aborts itself.
        if (options.kind === 'context') endNamespace(ns, { code: null, signal: 'SIGABRT' })
        else signals().raise('SIGABRT')
        leaveEnded(ns)
      },
    }),
  )
  // A realm that guests share has one `process.exitCode`, and it is the host's.
  if (options.kind === 'shared') {
    Object.assign(members, methods({ exit: (code?: unknown) => endGuest(context, Number(code ?? 0)) }))
  }
  return members
}

/** Node's handler of errors that nobody has caught: what it does not handle either ends the process without `reallyExit`. */
function tellingOfEnd({ original, process, state }: MemberContext): OriginalProcess['_fatalException'] {
  const { _fatalException: handle } = original
  return mimic(handle, (...args) => {
    let handled = false
    try {
      handled = apply(handle, process, args)
    } finally {
      if (!handled) state.onExit?.(Number(process.exitCode ?? 1))
    }
    return handled
  })
}

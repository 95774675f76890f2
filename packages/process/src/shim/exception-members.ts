import { methods } from './members.ts'
import type { MemberContext, Members } from './members.ts'

type Fn = (...args: unknown[]) => unknown

/** Who takes uncaught exceptions in place of listeners. */
interface CaptureState {
  primary: Fn | null
  readonly auxiliary: Fn[]
}

const states = new WeakMap<object, CaptureState>()

/**
 * The callbacks that take uncaught exceptions in place of listeners.
 *
 * @param context - the namespace and what it is made of
 * @returns members of `process`
 * @source Node 24, 26 `lib/internal/process/execution.js`: setUncaughtExceptionCaptureCallback and its siblings
 */
export function exceptionMembers(context: MemberContext): Members {
  const { ns, argument, process, original } = context
  const state: CaptureState = { primary: null, auxiliary: [] }
  states.set(process, state)

  const members = methods({
    setUncaughtExceptionCaptureCallback(fn: unknown): void {
      if (fn === null) {
        state.primary = null
        return
      }
      if (typeof fn !== 'function') throw argument.type('fn', 'of type function or null', fn)
      if (state.primary !== null) {
        throw ns.errors.coded(
          'Error',
          'ERR_UNCAUGHT_EXCEPTION_CAPTURE_ALREADY_SET',
          '`process.setupUncaughtExceptionCapture()` was called while a capture callback was already active',
        )
      }
      state.primary = fn as Fn
    },
    hasUncaughtExceptionCaptureCallback: () => state.primary !== null,
  })
  if ('addUncaughtExceptionCaptureCallback' in original) {
    Object.assign(
      members,
      methods({
        addUncaughtExceptionCaptureCallback(fn: unknown): void {
          if (typeof fn !== 'function') throw argument.type('fn', 'of type function', fn)
          state.auxiliary.push(fn as Fn)
        },
      }),
    )
  }
  return members
}

/**
 * Lets the callbacks of a process take an exception.
 *
 * @param process - of a guest in a context
 * @param error - the exception
 * @returns whether one of them has taken it
 * @throws {unknown} what a callback throws
 */
export function captureException(process: NodeJS.Process, error: unknown): boolean {
  const state = states.get(process)
  if (state === undefined) return false
  if (state.primary !== null) {
    state.primary.call(undefined, error)
    return true
  }
  return state.auxiliary.toReversed().some((fn) => fn(error) === true)
}

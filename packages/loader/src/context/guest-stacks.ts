import { currentNamespace } from '@libvisor/core'
import { createOwnFrames } from '../shim/own-frames.ts'
import { describeFrame, errorClassOf } from './loader-registry.ts'

type PrepareStackTrace = (error: Error, trace: NodeJS.CallSite[]) => unknown

/**
 * How many frames the stacks of the errors that the host's functions make have before any are hidden: V8 counts by the limit of the realm in which
 * an error is made, and not by the guest's.
 */
const CAPTURED_FRAMES = 200
/** The function of the loader that runs a main module. */
const MAIN_FUNCTION = 'runMain'
/** How many are shown where no guest says so. */
const SHOWN_FRAMES = 10

/**
 * Has the stacks that the guests of this thread read show no frames of libvisor's own, and the lines that source maps tell.
 * A guest that formats stacks by itself gets all frames.
 *
 * @param isOwnCode - whether the URL of a module is libvisor's own
 * @returns takes it back
 * @example
 * ```ts
 * import { createNamespace } from '@libvisor/core'
 * import { formatGuestStacks } from '@libvisor/loader'
 * import assert from 'node:assert/strict'
 *
 * const ns = createNamespace({ name: 'a' })
 * const stacks = formatGuestStacks((url) => url === import.meta.url)
 * const { stack } = ns.run(() => {
 *   const error = new Error('seen by the guest')
 *   return { stack: error.stack }
 * })
 * stacks[Symbol.dispose]()
 * assert.equal(stack?.includes(import.meta.url), false)
 * ```
 */
export function formatGuestStacks(isOwnCode: (url: string) => boolean): Disposable {
  const before = Error.prepareStackTrace as PrepareStackTrace
  const limitBefore = Error.stackTraceLimit
  const { isOwn, hide } = createOwnFrames(isOwnCode)
  /** The error whose stack a guest is formatting by itself. */
  let formatted: Error | undefined

  /** The frames of a program: below its main module are those of whatever has started it. */
  function programOf(trace: NodeJS.CallSite[]): NodeJS.CallSite[] {
    const end = trace.findIndex((site) => site.getFunctionName() === MAIN_FUNCTION && isOwn(site))
    return end === -1 ? trace : trace.slice(0, end)
  }

  /** Formats the stack of an error of a context that a guest has made: Node asks the `Error` of the main context then. */
  function formatNested(
    GuestError: ErrorConstructor | undefined,
    error: Error,
    trace: NodeJS.CallSite[],
  ): { readonly stack: unknown } | undefined {
    const format = GuestError?.prepareStackTrace as PrepareStackTrace | undefined
    if (GuestError === undefined || typeof format !== 'function' || format === prepareStackTrace || formatted === error)
      return undefined
    if (isOfRealm(error, GuestError) || isOfRealm(error, Error)) return undefined
    formatted = error
    try {
      return { stack: format(error, trace) }
    } finally {
      formatted = undefined
    }
  }

  function prepareStackTrace(error: Error, trace: NodeJS.CallSite[]): unknown {
    const ns = currentNamespace()
    if (ns === undefined) return before(error, trace.slice(0, SHOWN_FRAMES))
    const GuestError = errorClassOf(ns)
    const nested = formatNested(GuestError, error, trace)
    if (nested !== undefined) return nested.stack
    const limit: unknown = GuestError === undefined ? SHOWN_FRAMES : GuestError.stackTraceLimit
    const shown = hide(programOf(trace)).slice(0, typeof limit === 'number' ? Math.max(0, limit) : 0)
    // What Node's own function joins need not be frames.
    const described = shown.map((site, index) => describeFrame(ns, site, shown[index + 1]) ?? site)
    return before(error, described as NodeJS.CallSite[])
  }

  Error.prepareStackTrace = prepareStackTrace
  Error.stackTraceLimit = CAPTURED_FRAMES
  return {
    [Symbol.dispose]() {
      Error.stackTraceLimit = limitBefore
      if (Error.prepareStackTrace === prepareStackTrace) Error.prepareStackTrace = before
    },
  }
}

/** Whether an error, of whatever class, is one of a realm. */
function isOfRealm(error: Error, { prototype }: ErrorConstructor): boolean {
  return Object.prototype.isPrototypeOf.call(prototype, error)
}

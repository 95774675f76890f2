import { apply, host } from '@libvisor/abi'
import { bindGuest, currentFrame, mimic, ownerHere, requireAlive } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import type { ArgumentErrors } from './argument-errors.ts'
import { methods } from './members.ts'
import type { MemberContext, Members } from './members.ts'

type Fn = (...args: unknown[]) => unknown

const { nextTick, queueMicrotask } = host

/** The guest's function in the guest's context, also where somebody else's code has got hold of the guest's `process`. */
function inside(ns: Namespace, callback: Fn): Fn {
  return currentFrame() === ns.frame ? callback : ownerHere(ns).enter(bindGuest, callback)
}

/**
 * `process.nextTick()`: Node's own queue, in which nothing of a guest runs after its end.
 *
 * @param context - the namespace and what it is made of
 * @returns members of `process`
 */
export function tickMembers({ ns, argument, process }: MemberContext): Members {
  const run = (callback: Fn, ...args: unknown[]): void => {
    if (!ns.ended) apply(callback, undefined, args)
  }
  return methods({
    nextTick(callback: unknown, ...args: unknown[]): void {
      requireAlive(ns)
      if (typeof callback !== 'function') throw argument.type('callback', 'of type function', callback)
      if ((process as unknown as { _exiting: boolean })._exiting) return
      nextTick(run as (...args: unknown[]) => void, inside(ns, callback as Fn), ...args)
    },
  })
}

/**
 * The global `queueMicrotask()` of a context.
 *
 * @param ns - its namespace
 * @param argument - makes the guest's errors
 * @returns the function
 */
export function createQueueMicrotask(ns: Namespace, argument: ArgumentErrors): (callback: unknown) => void {
  return mimic(queueMicrotask, (callback: unknown): void => {
    requireAlive(ns)
    if (typeof callback !== 'function') throw argument.type('callback', 'of type function', callback)
    const fn = inside(ns, callback as Fn)
    queueMicrotask(() => {
      if (!ns.ended) apply(fn, undefined, [])
    })
  })
}

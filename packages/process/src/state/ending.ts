import { callNativeSync, currentFrame, defineSlot, requireAlive } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'

/** How a process has ended: with a code of its own, or by a signal. */
export interface EndStatus {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Where a namespace that shares its realm keeps who wants to hear of its end. */
export const ending = defineSlot<(status: EndStatus) => void>('end of the process')

/** Where such a namespace keeps what ends it when it cannot deal with an error itself. */
export const running = defineSlot<{ failed(error: unknown): void }>('running process')

/** Where such a namespace keeps its built-in modules. */
export const builtinModules = defineSlot<{ get(id: string): object | undefined }>('built-in modules')

/**
 * Ends a guest that shares its thread: releases all that it holds, and tells who wants to hear of it. Code of the guest
 * that is running goes on until {@link leaveEnded} stops it.
 *
 * @param ns - the guest's namespace
 * @param status - how it ends
 */
export function endNamespace(ns: Namespace, status: EndStatus): void {
  if (ns.ended) return
  const tell = ns.find(ending)
  // What is released calls patched functions, which refuse the guest from now on.
  callNativeSync(() => ns[Symbol.dispose]())
  tell?.(status)
}

/**
 * Leaves the code of a guest that has just ended itself: nothing else unwinds its stack.
 *
 * @param ns - the guest's namespace
 * @throws {VisorError} VISOR_GUEST_ENDED when the guest has ended and its own code is running
 */
export function leaveEnded(ns: Namespace): void {
  if (currentFrame()?.ns === ns) requireAlive(ns)
}

import { currentFrame, defineSlot, requireAlive, callNativeSync } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'

/** How a process has ended: with a code of its own, or by a signal. */
export interface EndStatus {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Where a namespace that shares its realm keeps who wants to hear of its end. */
export const ending = defineSlot<(status: EndStatus) => void>('end of the process')

/**
 * Ends a guest that shares its thread: releases all that it holds, and tells who wants to hear of it.
 *
 * @param ns - the guest's namespace
 * @param status - how it ends
 * @throws {VisorError} VISOR_GUEST_ENDED when the guest's own code is running: nothing else leaves its stack
 */
export function endNamespace(ns: Namespace, status: EndStatus): void {
  if (!ns.ended) {
    const tell = ns.find(ending)
    // What is released calls patched functions, which refuse the guest from now on.
    callNativeSync(() => ns[Symbol.dispose]())
    tell?.(status)
  }
  if (currentFrame()?.ns === ns) requireAlive(ns)
}

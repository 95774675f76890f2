import { apply } from '@libvisor/abi'
import { currentFrame, leftByError } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { liveProcess } from '../originals.native.ts'
import { leaveDomains } from './domain.ts'
import type { ExceptionOrigin, GuestLifecycle } from './lifecycle.ts'

/** Who hears of what goes wrong in a thread that guests share. */
export interface ContainmentOptions {
  lifecycleOf(ns: Namespace): GuestLifecycle | undefined
  /** Whose promise it is, where its realm tells: a second witness beside the async context. */
  ownerOfPromise?(promise: Promise<unknown>): Namespace | undefined
  /** An error that belongs to no guest. */
  onHostError(error: unknown): void
}

/**
 * Contains what goes wrong in a thread that guests share: each uncaught exception, unhandled rejection and warning goes to
 * the guest in whose async context it happened. What a guest does after its end concerns nobody.
 *
 * @param options - who hears of it
 * @returns gives the thread its own handling back
 * @example
 * ```ts
 * import { createNamespace } from '@libvisor/core'
 * import { installContainment } from '@libvisor/process'
 * import assert from 'node:assert/strict'
 *
 * const ns = createNamespace({ name: 'a' })
 * const seen = await new Promise((resolve) => {
 *   using containment = installContainment({ lifecycleOf: () => undefined, onHostError: resolve })
 *   ;(process as NodeJS.EventEmitter).emit('uncaughtException', new Error('lost'), 'uncaughtException')
 * })
 * assert.equal(`${seen}`, 'Error: lost')
 * ```
 */
export function installContainment(options: ContainmentOptions): Disposable {
  const { lifecycleOf, ownerOfPromise, onHostError } = options
  const promises = new WeakMap<object, Namespace>()

  const route = (ns: Namespace | undefined, tell: (lifecycle: GuestLifecycle) => void, error: unknown): void => {
    if (ns?.ended === true) return leaveDomains()
    const lifecycle = ns === undefined ? undefined : lifecycleOf(ns)
    if (lifecycle === undefined) onHostError(error)
    else tell(lifecycle)
  }

  const listeners: Record<string, (...args: never[]) => void> = {
    uncaughtException(error: unknown, origin: ExceptionOrigin) {
      // As natively, before any listener hears of it.
      leaveDomains()
      route(leftByError() ?? currentFrame()?.ns, (lifecycle) => lifecycle.uncaught(error, origin), error)
    },
    unhandledRejection(reason: unknown, promise: Promise<unknown>) {
      const ns = ownerOfPromise?.(promise) ?? currentFrame()?.ns
      if (ns !== undefined) promises.set(promise, ns)
      route(ns, (lifecycle) => lifecycle.rejected(reason, promise), reason)
    },
    rejectionHandled(promise: Promise<unknown>) {
      const ns = promises.get(promise)
      if (ns !== undefined) route(ns, (lifecycle) => lifecycle.handledLate(promise), undefined)
    },
    warning(warning: unknown) {
      const ns = currentFrame()?.ns
      const lifecycle = ns === undefined || ns.ended ? undefined : lifecycleOf(ns)
      if (lifecycle !== undefined) lifecycle.warned(warning)
      else if (ns === undefined) for (const print of printers) apply(print, liveProcess, [warning])
    },
  }
  /** Node's own listener prints every warning to the host's stderr. */
  const printers = liveProcess.listeners('warning')
  for (const print of printers) liveProcess.removeListener('warning', print as never)
  for (const name of Object.keys(listeners)) liveProcess.on(name, listeners[name] as never)

  return {
    [Symbol.dispose]() {
      for (const name of Object.keys(listeners)) liveProcess.removeListener(name, listeners[name] as never)
      for (const print of printers.splice(0)) liveProcess.on('warning', print as never)
    },
  }
}

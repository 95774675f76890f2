/** The end of a guest in its first form: what the process area has takes its place. */
import { host } from '@libvisor/abi'
import { currentNamespace, livenessOf } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'

export interface GuestLifecycle extends Disposable {
  idle(): void
  uncaught(error: unknown, origin: string): void
  readonly usage: { readonly timers: number; readonly sockets: number; readonly handles: number; readonly cpuMs: number }
}

interface Options {
  readonly ns: Namespace
  readonly process: NodeJS.Process
  readonly onEnd: (status: { code: number | null; signal: NodeJS.Signals | null }) => void
}

export function createLifecycle({ ns, process, onEnd }: Options): GuestLifecycle {
  const watching = livenessOf(ns).watch(() =>
    ns.run(() => {
      process.emit('beforeExit', 0)
      process.emit('exit', 0)
      onEnd({ code: Number(process.exitCode ?? 0), signal: null })
    }),
  )
  return {
    idle() {},
    uncaught(error) {
      process.stderr.write(`${(error as Error)?.stack ?? error}\n`)
      onEnd({ code: 1, signal: null })
    },
    usage: { timers: 0, sockets: 0, handles: 0, cpuMs: 0 },
    [Symbol.dispose]: () => watching[Symbol.dispose](),
  }
}

export function installContainment(options: {
  lifecycleOf(ns: Namespace): GuestLifecycle | undefined
  ownerOfPromise?(promise: Promise<unknown>): Namespace | undefined
  onHostError(error: unknown): void
}): void {
  const blame = (error: unknown): void => {
    const ns = currentNamespace()
    const lifecycle = ns === undefined ? undefined : options.lifecycleOf(ns)
    if (lifecycle === undefined) options.onHostError(error)
    else lifecycle.uncaught(error, 'uncaughtException')
  }
  host.process.on('uncaughtException', blame)
  host.process.on('unhandledRejection', blame)
}

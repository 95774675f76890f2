import { linux } from '@libvisor/abi'
import { deliver, ownerHere } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { createSignalSender, signals } from '@libvisor/process'

/** What ends a guest that does not listen to a signal. */
export type Terminate = (signal: NodeJS.Signals, code: number) => void

/**
 * Lets signals reach a guest: the listeners of its `process`, or else they end it.
 *
 * @param ns - the guest's namespace
 * @param process - the guest's
 * @param terminate - ends the guest at once
 */
export function provideSignals(ns: Namespace, process: NodeJS.Process, terminate: Terminate): void {
  const owner = ownerHere(ns)
  const nameOf = (code: number): NodeJS.Signals =>
    (Object.entries(linux.signals).find(([, number]) => number === code - 128)?.[0] ?? 'SIGKILL') as NodeJS.Signals
  ns.provide(
    signals,
    createSignalSender(ns.personality, {
      listens: (name) => process.listenerCount(name) > 0,
      emit: (name, number) =>
        deliver(owner, 'signal', () => void (process as NodeJS.EventEmitter).emit(name, name, number)),
      terminate: (code) => terminate(nameOf(code), code),
      // A thread cannot be stopped and continued.
      stop: () => {},
    }),
  )
}

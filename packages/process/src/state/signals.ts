import { defineSlot } from '@libvisor/core'
import type { Personality } from '@libvisor/abi'

/** What a signal does to a process that does not listen to it. */
export type DefaultAction = 'ignore' | 'stop' | 'terminate'

/** Sends signals to the process of a guest. */
export interface Signals {
  /**
   * Delivers a signal: to the guest's listeners, or else it ends the guest with 128 + n.
   *
   * @param signal - its name or number
   * @throws {RangeError} when there is no such signal
   */
  raise(signal: NodeJS.Signals | number): void
}

/** What signals act on. */
export interface SignalTarget {
  /** Whether the guest listens to a signal. */
  listens(name: string): boolean
  /** Calls the guest's listeners, later. */
  emit(name: string, number: number): void
  /** Ends the guest now, with 128 + n. */
  terminate(code: number, signal: NodeJS.Signals): void
  /** Stops or continues the guest. */
  stop(name: string): void
}

/** Where a namespace keeps what sends it signals. */
export const signals = defineSlot<Signals>('signals')

const ignored = new Set(['SIGCHLD', 'SIGCONT', 'SIGURG', 'SIGWINCH'])
const stopping = new Set(['SIGSTOP', 'SIGTSTP', 'SIGTTIN', 'SIGTTOU'])

/**
 * What a signal does to a process that does not listen to it.
 *
 * @param name - such as `SIGTERM`
 * @returns the default action
 * @example
 * ```ts
 * import { defaultAction } from '@libvisor/process'
 * import assert from 'node:assert/strict'
 *
 * assert.equal(defaultAction('SIGWINCH'), 'ignore')
 * assert.equal(defaultAction('SIGTERM'), 'terminate')
 * ```
 * @source signal(7)
 */
export function defaultAction(name: string): DefaultAction {
  return ignored.has(name) ? 'ignore' : stopping.has(name) ? 'stop' : 'terminate'
}

/**
 * Makes what sends signals to a process.
 *
 * @param personality - numbers the signals
 * @param target - what they act on
 * @returns the sender
 * @example
 * ```ts
 * import { linux } from '@libvisor/abi'
 * import { createSignalSender } from '@libvisor/process'
 * import assert from 'node:assert/strict'
 *
 * let ended
 * const sender = createSignalSender(linux, {
 *   listens: () => false,
 *   emit() {},
 *   stop() {},
 *   terminate: (code) => (ended = code),
 * })
 * sender.raise('SIGTERM')
 * assert.equal(ended, 143)
 * ```
 */
export function createSignalSender(personality: Personality, target: SignalTarget): Signals {
  const table = Object.entries(personality.signals)
  return {
    raise(signal) {
      // Two names share a number (SIGABRT and SIGIOT): the first one is what Node emits.
      const [name, number] =
        table.find(([name, number]) => (typeof signal === 'number' ? number : name) === signal) ?? []
      if (name === undefined || number === undefined) throw new RangeError(`There is no signal ${signal}`)
      if (name === 'SIGKILL') return target.terminate(128 + number, name)
      if (name === 'SIGSTOP') return target.stop(name)
      if (target.listens(name)) return target.emit(name, number)
      const action = defaultAction(name)
      if (action === 'terminate') target.terminate(128 + number, name as NodeJS.Signals)
      else if (action === 'stop') target.stop(name)
    },
  }
}

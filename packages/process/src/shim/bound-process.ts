import type { EventEmitter } from 'node:events'
import { getOwnPropertyDescriptor, ownKeys } from '@libvisor/abi'
import type { Namespace } from '@libvisor/core'
import { liveProcess, originalProcess } from '../originals.native.ts'
import { endGuest } from './exit-members.ts'
import { methods } from './members.ts'
import { createMemberContext, processMembers } from './process-members.ts'

/** What `process` keeps for itself as an emitter, and what is the host's alone. */
const notInherited = new Set<PropertyKey>([
  '_events',
  '_eventsCount',
  '_maxListeners',
  'channel',
  'connected',
  'disconnect',
  'domain',
  'exitCode',
  'mainModule',
  'send',
  '_exiting',
])

/**
 * Makes a whole `process` for one namespace, for a context of its own: an emitter with Node's prototype chain whose
 * listeners are the guest's alone.
 *
 * @param ns - the namespace, with an identity and a process state in its slots
 * @returns the object; `instanceof EventEmitter` holds
 */
export function createBoundProcess(ns: Namespace): NodeJS.Process {
  const prototype = Object.getPrototypeOf(liveProcess) as object
  const bound = Object.create(prototype) as NodeJS.Process
  const emitter = Object.getPrototypeOf(prototype) as { constructor: { init(this: EventEmitter): void } }
  emitter.constructor.init.call(bound)

  const context = createMemberContext(ns, bound)
  const members = processMembers(context, 'context')
  for (const key of ownKeys(originalProcess)) {
    if (notInherited.has(key) || key in members) continue
    Object.defineProperty(bound, key, getOwnPropertyDescriptor(originalProcess, key) as PropertyDescriptor)
  }
  Object.defineProperties(bound, members)

  let exiting = false
  Object.defineProperties(bound, {
    exitCode: { value: undefined, writable: true, enumerable: true, configurable: true },
    ...methods({
      exit(code?: number | string): never {
        if (code !== undefined) bound.exitCode = code
        if (!exiting) {
          exiting = true
          bound.emit('exit', Number(bound.exitCode ?? 0))
        }
        return endGuest(context, Number(bound.exitCode ?? 0))
      },
      // Node's own asks the host's process for _kill.
      kill(pid: number, signal: NodeJS.Signals | number = 'SIGTERM'): true {
        return killThrough(bound, ns, pid, signal)
      },
    }),
  })
  return bound
}

function killThrough(bound: NodeJS.Process, ns: Namespace, pid: number, signal: NodeJS.Signals | number): true {
  const number =
    typeof signal === 'number' ? signal : ns.personality.signals[signal as keyof typeof ns.personality.signals]
  if (number === undefined) throw ns.errors.coded('TypeError', 'ERR_UNKNOWN_SIGNAL', `Unknown signal: ${signal}`)
  const error = (bound as unknown as { _kill(pid: number, signal: number): number })._kill(pid, number)
  if (error !== 0) throw ns.errors.call(error === -ns.personality.errno.ESRCH[0] ? 'ESRCH' : 'EINVAL', 'kill')
  return true
}

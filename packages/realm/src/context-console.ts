import { apply, defineProperty, getOwnPropertyDescriptor, ownKeys } from '@libvisor/abi'
import type { RealmKit } from './context-kit.ts'

type Method = (this: unknown, ...args: unknown[]) => unknown

const { bind } = Function.prototype
const { create, setPrototypeOf } = Object

/** The streams of a process. They are opened when something is first written. */
export interface ConsoleStreams {
  readonly stdout: unknown
  readonly stderr: unknown
}

/**
 * Makes the global `console` of a guest as Node makes its own: an object with the methods of `Console.prototype` bound to it, over streams
 * that are opened late.
 *
 * @param own - the engine's console of the context, which keeps what only debuggers implement
 * @param streams - the guest's
 * @param kit - of the guest's realm
 * @returns the console
 * @source Node 24 `lib/internal/console/global.js`
 */
export function createGuestConsole(own: object, streams: ConsoleStreams, kit: RealmKit): object {
  const { Console } = globalThis.console
  const { prototype } = Console as unknown as { prototype: Record<PropertyKey, Method> }
  const guest = create(kit.object()) as Record<PropertyKey, Method>
  for (const key of ownKeys(prototype)) {
    const descriptor = getOwnPropertyDescriptor(prototype, key)
    if (descriptor === undefined || key === 'constructor') continue
    if (typeof descriptor.value === 'function') {
      const method = descriptor.value as Method
      const bound = apply(bind, method, [guest]) as Method
      defineProperty(bound, 'name', { value: method.name, configurable: true })
      descriptor.value = setPrototypeOf(bound, Object.getPrototypeOf(kit.object) as object)
    }
    defineProperty(guest, key, descriptor)
  }
  method(guest, 'kBindProperties')(true, 'auto')
  method(guest, 'kBindStreamsLazy')(streams)
  const hidden = { writable: true, enumerable: false, configurable: true }
  defineProperty(guest, 'Console', { ...hidden, value: Console, enumerable: true })
  for (const key of ownKeys(own)) {
    const descriptor = getOwnPropertyDescriptor(own, key)
    if (descriptor !== undefined && getOwnPropertyDescriptor(guest, key) === undefined)
      defineProperty(guest, key, descriptor)
  }
  return guest
}

/** A method of Node's `Console` that only its symbol's description names. */
function method(guest: Record<PropertyKey, Method>, name: string): Method {
  const key = ownKeys(guest).find((each) => typeof each === 'symbol' && each.description === name)
  return key === undefined ? () => undefined : (guest[key] as Method)
}

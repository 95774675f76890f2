import type { ModuleHost } from './module-host.ts'

type Callable = (...args: never[]) => unknown

/** How the guest's side of the loader makes and throws errors. */
export interface GuestErrors {
  /** Calls the host's side: what it throws has no stack above the function that the guest called. */
  ask<Args extends readonly unknown[], Result>(below: Callable, call: (...args: Args) => Result, ...args: Args): Result
  /** @throws ERR_INVALID_ARG_TYPE */
  validateString(value: unknown, name: string, below: Callable): void
  /** ERR_INVALID_ARG_VALUE */
  invalidValue(name: string, value: unknown, reason: string): Error
}

/**
 * Makes what the guest's side of the loader throws errors with. It is evaluated in the guest's realm, from its own source
 * text: it must not refer to anything outside of itself.
 *
 * @param host - the host's side
 * @returns the functions
 * @source Node 24 `lib/internal/errors.js`
 */
export function createGuestErrors(host: Pick<ModuleHost, 'coded' | 'hide' | 'inspect'>): GuestErrors {
  'use strict'
  const { apply } = Reflect
  /** Calls the host's side: what it throws has no stack above the function that the guest called. */
  function ask<Args extends readonly unknown[], Result>(
    below: Callable,
    call: (...args: Args) => Result,
    ...args: Args
  ): Result {
    try {
      return apply(call, undefined, args)
    } catch (error) {
      throw host.hide(error, below)
    }
  }

  function invalidValue(name: string, value: unknown, reason: string): Error {
    const text = host.inspect(value)
    const shown = text.length > 128 ? `${text.slice(0, 128)}...` : text
    const kind = name.includes('.') ? 'property' : 'argument'
    return host.coded('TypeError', 'ERR_INVALID_ARG_VALUE', `The ${kind} '${name}' ${reason}. Received ${shown}`)
  }

  function validateString(value: unknown, name: string, below: Callable): void {
    if (typeof value === 'string') return
    const message = `The "${name}" argument must be of type string.${describe(value)}`
    throw host.hide(host.coded('TypeError', 'ERR_INVALID_ARG_TYPE', message), below)
  }

  function describe(value: unknown): string {
    if (value === undefined || value === null) return ` Received ${String(value)}`
    if (typeof value === 'function') return ` Received function ${value.name}`
    if (typeof value === 'object') {
      const name = (value as { constructor?: { name?: string } }).constructor?.name
      return name ? ` Received an instance of ${name}` : ` Received ${host.inspect(value)}`
    }
    const text = host.inspect(value)
    return ` Received type ${typeof value} (${text.length > 28 ? `${text.slice(0, 25)}...` : text})`
  }

  return { ask, validateString, invalidValue }
}

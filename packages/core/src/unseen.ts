import { host } from '@libvisor/abi'

/** How many resources are remembered that have come of others: fewer are alive at a time. */
const REMEMBERED = 1000

/** Async ids of what libvisor has started for itself. */
const started = new Set<number>()
/** Async ids of what has come of it, the oldest first. */
const derived = new Set<number>()
let isStarting = false

/**
 * Starts something of libvisor's own of which the `async_hooks` of a program in the same thread are not to tell: nor of what comes of it later.
 *
 * @param start - makes a resource, such as a timer or a server's handle
 * @param idOf - tells its async id; `undefined` where none was made
 * @returns the resource
 * @example
 * ```ts
 * import { isUnseen, startUnseen } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const timer = startUnseen(() => setTimeout(() => {}), Number)
 * assert.equal(isUnseen(Number(timer)), true)
 * assert.equal(isUnseen(Number(setTimeout(() => {}))), false)
 * ```
 */
export function startUnseen<Resource>(
  start: () => Resource,
  idOf: (resource: Resource) => number | undefined,
): Resource {
  const wasStarting = isStarting
  isStarting = true
  try {
    const resource = start()
    const id = idOf(resource)
    if (id !== undefined) started.add(id)
    return resource
  } finally {
    isStarting = wasStarting
  }
}

/**
 * Whether a resource is one of which a program is not to hear.
 *
 * @param id - its async id
 * @param triggerId - of what has caused it, where it is just being made
 * @returns `true` for what was started with {@link startUnseen}, and what came of it
 * @example
 * ```ts
 * import { isUnseen } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 * import { executionAsyncId, triggerAsyncId } from 'node:async_hooks'
 *
 * assert.equal(isUnseen(executionAsyncId(), triggerAsyncId()), false)
 * ```
 */
export function isUnseen(id: number, triggerId?: number): boolean {
  if (started.has(id) || derived.has(id)) return true
  if (triggerId === undefined || !(isStarting || isUnseen(triggerId) || isUnseen(host.callbackId()))) return false
  derived.add(id)
  if (derived.size > REMEMBERED) derived.delete(derived.values().next().value as number)
  return true
}

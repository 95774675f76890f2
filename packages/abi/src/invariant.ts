/**
 * Asserts what can only fail through a bug of libvisor's own.
 *
 * @param condition - what must hold
 * @param message - what it means when it does not
 * @throws {Error} when the condition does not hold
 * @example
 * ```ts
 * import { invariant } from '@libvisor/abi'
 * import assert from 'node:assert/strict'
 *
 * assert.throws(() => invariant(false, 'the table is sorted'), /A bug in libvisor: the table is sorted/)
 * ```
 */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`A bug in libvisor: ${message}`)
}

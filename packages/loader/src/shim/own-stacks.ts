import { mimic } from '@libvisor/core'
import type { PatchRegistry } from '@libvisor/core'
import { createOwnFrames } from './own-frames.ts'

type PrepareStackTrace = (error: Error, trace: NodeJS.CallSite[]) => unknown

/**
 * Has the stacks of a realm that belongs to one guest show no frames of libvisor's own. Node formats stacks by a function that programs may
 * replace, and call: one that does so by itself gets all frames.
 *
 * @param patches - of the realm
 * @param isOwnCode - whether the URL of a module is libvisor's own
 * @example
 * ```ts
 * import { createPatchRegistry } from '@libvisor/core'
 * import { hideOwnFrames } from '@libvisor/loader'
 * import assert from 'node:assert/strict'
 *
 * using patches = createPatchRegistry()
 * hideOwnFrames(patches, (url) => url === import.meta.url)
 * assert.equal(new Error('here').stack?.includes(import.meta.url), false)
 * ```
 */
export function hideOwnFrames(patches: PatchRegistry, isOwnCode: (url: string) => boolean): void {
  const original = Error.prepareStackTrace as PrepareStackTrace | undefined
  if (original === undefined) return
  const { hide } = createOwnFrames(isOwnCode)
  const prepareStackTrace: PrepareStackTrace = (error, trace) => original(error, hide(trace))
  patches.patch(Error, 'prepareStackTrace', { value: mimic(original, prepareStackTrace) })
}

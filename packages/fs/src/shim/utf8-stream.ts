/** `Utf8Stream`, with the namespace's functions under it. */
import { construct } from '@libvisor/abi'
import { nodeFs } from './natives.native.ts'

type StreamConstructor = new (options?: unknown) => object

/**
 * Makes the class for one namespace.
 *
 * @param exports - the namespace's own `fs`
 */
export function createUtf8Stream(exports: () => Record<PropertyKey, unknown>): unknown {
  const Original = (nodeFs as unknown as { Utf8Stream: StreamConstructor }).Utf8Stream
  const bound = function (options?: { fs?: object }): object {
    const isObject = options === undefined || (typeof options === 'object' && options !== null)
    const own = isObject && (options?.fs === undefined || typeof options.fs === 'object')
    const args = own ? [{ ...options, fs: { ...exports(), ...options?.fs } }] : [options]
    const target = new.target as unknown as StreamConstructor | undefined
    return construct(
      Original,
      args,
      target === undefined || target === (bound as unknown) ? Original : target,
    ) as object
  }
  bound.prototype = Original.prototype as object
  return bound
}

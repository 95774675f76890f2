/** Finds the host's file to which a path leads, so that a whole call may be passed to the original. */
import type { HostPath, ResolveIntent } from '../types.ts'
import type { CallContext } from './call-context.ts'
import type { MountTable } from './mounts.ts'
import { fileType } from './vnode.ts'
import { checkPath, Place } from './walk.ts'

/** What the answer depends on. */
export interface DelegationOptions {
  readonly context: CallContext
  readonly mounts: MountTable
  readonly hostUid: number
  readonly hostUmask: number
}

/** See {@link FileSystemProcess.resolve}. */
export type Resolve = (path: string, intent: ResolveIntent, followLast: boolean) => HostPath | undefined

/**
 * Makes the function that answers {@link FileSystemProcess.resolve} for one process.
 *
 * @param options - what it depends on
 */
export function createResolve(options: DelegationOptions): Resolve {
  const { context, mounts, hostUid, hostUmask } = options
  const { identity } = context

  return (path, intent, followLast) => {
    if (identity.uid !== hostUid) return undefined
    if (mounts.readsPass) {
      if (intent === 'read') return { path, identical: true }
      return mounts.writesPass && identity.umask === hostUmask ? { path, identical: true } : undefined
    }
    if (intent === 'write' && identity.umask !== hostUmask) return undefined
    let found
    try {
      checkPath(path)
      const walk = context.walk()
      found = walk.last(walk.parent(path), followLast)
    } catch {
      // The call fails: emulation says how.
      return undefined
    }
    if (!(found instanceof Place)) {
      const { node } = found.directory
      if (intent !== 'write' || found.slash || !node.hostWritable || node.hostPath === undefined) return undefined
      return answer(path, `${node.hostPath === '/' ? '' : node.hostPath}/${found.name}`)
    }
    const { node, mounts: below } = found
    if (node.hostPath === undefined || (intent === 'write' && !node.hostWritable)) return undefined
    if (below !== undefined && below.children.size > 0 && node.type === fileType.directory) return undefined
    return answer(path, node.hostPath)
  }
}

function answer(path: string, hostPath: string): HostPath {
  return { path: hostPath, identical: hostPath === path }
}

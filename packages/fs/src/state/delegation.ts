/** Finds the host's file to which a path leads, so that a whole call may be passed to the original. */
import type { HostPath, ResolveIntent } from '../types.ts'
import type { CallContext } from './call-context.ts'
import { STALE_AFTER_MS } from './host-directory.ts'
import type { HostFs } from './host-fs.ts'
import type { MountTable } from './mounts.ts'
import { fileType } from './vnode.ts'
import { checkPath, Place } from './walk.ts'

/** How many answers are remembered. */
const CACHED_ANSWERS = 10_000

/** What the answer depends on. */
export interface DelegationOptions {
  readonly context: CallContext
  readonly mounts: MountTable
  readonly host: HostFs
}

/** See {@link FileSystemProcess.resolve}. */
export type Resolve = (path: string, intent: ResolveIntent, followLast: boolean) => HostPath | undefined

interface KnownAnswer {
  readonly answer: HostPath
  readonly staleAt: number
}

/**
 * Makes the function that answers {@link FileSystemProcess.resolve} for one process.
 *
 * Where a path leads on the host is remembered until something stops showing there, and for {@link STALE_AFTER_MS} at
 * most. That it leads to nothing of the host's is not: what is made in memory needs no such answer.
 *
 * @param options - what it depends on
 */
export function createResolve(options: DelegationOptions): Resolve {
  const { context, mounts, host } = options
  const { identity } = context
  const known = new Map<string, KnownAnswer>()
  let generation = 0

  const recall = (path: string): HostPath | undefined => {
    if (generation !== mounts.generation) {
      known.clear()
      generation = mounts.generation
      return undefined
    }
    const found = known.get(path)
    return found !== undefined && found.staleAt > host.nowMs() ? found.answer : undefined
  }

  const remember = (path: string, answer: HostPath): HostPath => {
    if (known.size >= CACHED_ANSWERS) known.clear()
    known.set(path, { answer, staleAt: host.nowMs() + STALE_AFTER_MS })
    return answer
  }

  const find = (path: string, intent: ResolveIntent, followLast: boolean): HostPath | undefined => {
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
      // Nothing is there yet: the host may make it.
      const { node } = found.directory
      if (intent === 'read' || found.slash || !node.hostWritable || node.hostPath === undefined) return undefined
      return answerOf(path, `${node.hostPath === '/' ? '' : node.hostPath}/${found.name}`)
    }
    const { node, mounts: below } = found
    if (node.hostPath === undefined || (intent === 'write' && !node.hostWritable)) return undefined
    if (below !== undefined && below.children.size > 0 && node.type === fileType.directory) return undefined
    const answer = answerOf(path, node.hostPath)
    return intent === 'read' && followLast ? remember(path, answer) : answer
  }

  return (path, intent, followLast) => {
    if (identity.uid !== host.uid) return undefined
    if (intent === 'write') {
      if (identity.umask !== host.umask) return undefined
      if (mounts.writesPass) return { path, identical: true }
      const answer = find(path, intent, followLast)
      if (answer !== undefined) {
        // What the host does next may change what names are.
        mounts.forgetNames()
        known.clear()
      }
      return answer
    }
    if (mounts.readsPass) return { path, identical: true }
    return (followLast ? recall(path) : undefined) ?? find(path, intent, followLast)
  }
}

function answerOf(path: string, hostPath: string): HostPath {
  return { path: hostPath, identical: hostPath === path }
}

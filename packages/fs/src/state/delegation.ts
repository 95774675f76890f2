/** Finds the host's file to which a path leads, so that a whole call may be passed to the original. */
import type { HostPath, ResolveIntent } from '../types.ts'
import type { CallContext } from './call-context.ts'
import type { HostFs } from './host-fs.ts'
import { KnownAnswers } from './known-answers.ts'
import type { MountTable } from './mounts.ts'
import { fileType } from './vnode.ts'
import { trace } from './trace.ts'
import { checkPath, Place } from './walk.ts'

/** What the answer depends on. */
export interface DelegationOptions {
  readonly context: CallContext
  readonly mounts: MountTable
  readonly host: HostFs
}

/** See {@link FileSystemProcess.resolve}. */
export type Resolve = (path: string, intent: ResolveIntent, followLast: boolean) => HostPath | undefined

/** The functions of a process that say where paths lead on the host. */
export interface Delegation {
  readonly isSame: (path: unknown) => boolean
  readonly isSameToWrite: (path: unknown) => boolean
  readonly recall: Resolve
  readonly resolve: Resolve
}

/**
 * Makes the functions that answer {@link FileSystemProcess.resolve} and {@link FileSystemProcess.recall} for one process.
 *
 * @param options - what it depends on
 */
export function createResolve(options: DelegationOptions): Delegation {
  const { context, mounts, host } = options
  const { identity } = context
  const known = new KnownAnswers(host)

  const find = (path: string, intent: ResolveIntent, followLast: boolean): HostPath | undefined => {
    let found
    try {
      checkPath(path, identity.cwd)
      const walk = context.walk()
      const parent = walk.parent(path)
      if (intent !== 'read' && !followLast) {
        // Calls that take a name away fail where there is none, and an overlay has to note what is gone.
        if (parent.last !== 'name' || parent.slash || !parent.directory.node.hostWritable) return undefined
      }
      found = walk.last(parent, followLast)
    } catch {
      // The call fails: emulation says how.
      return undefined
    }
    if (!(found instanceof Place)) {
      const { node } = found.directory
      if (node.hostPath === undefined) return undefined
      const answer = answerOf(path, `${node.hostPath === '/' ? '' : node.hostPath}/${found.name}`)
      // Nothing is there: the host says so itself, where its words need no mapping, or makes it.
      if (intent === 'read') return answer.identical ? answer : undefined
      return found.slash || !node.hostWritable ? undefined : answer
    }
    const { node, mounts: below } = found
    if (node.hostPath === undefined || (intent !== 'read' && !node.hostWritable)) return undefined
    if (below !== undefined && below.children.size > 0 && node.type === fileType.directory) return undefined
    const answer = answerOf(path, node.hostPath)
    // What is written into a file leaves its name what it is.
    if (intent !== 'write' && followLast) known.remember(path, answer, node.hostWritable)
    return answer
  }

  /** What the host does next may change what names are. */
  const forget = (): void => {
    context.feed.version++
    host.witnesses.expire()
  }

  const { last } = known
  const isSame = (path: unknown): boolean =>
    path === last.path &&
    mounts.generation === last.generation &&
    ((--last.looks >= 0 && host.callback() === last.callback) || known.look()) &&
    identity.uid === host.uid &&
    trace === undefined

  const isSameToWrite = (path: unknown): boolean => {
    if (!isSame(path) || !last.writable || identity.umask !== host.umask) return false
    forget()
    return true
  }

  const recall: Resolve = (path, intent, followLast) => {
    // An answer that is at hand does not tell what it was made of.
    if (identity.uid !== host.uid || trace !== undefined) return undefined
    if (intent === 'read') {
      if (mounts.readsPass) return { path, identical: true }
      return followLast ? known.recall(path, mounts.generation) : undefined
    }
    if (identity.umask !== host.umask) return undefined
    let answer: HostPath | undefined
    if (mounts.writesPass) answer = { path, identical: true }
    else if (intent === 'content' && followLast) answer = known.recall(path, mounts.generation, true)
    if (answer === undefined) return undefined
    forget()
    return answer
  }

  const resolve: Resolve = (path, intent, followLast) => {
    if (identity.uid !== host.uid || (intent !== 'read' && identity.umask !== host.umask)) return undefined
    const recalled = recall(path, intent, followLast)
    if (recalled !== undefined) return recalled
    const answer = find(path, intent, followLast)
    if (answer !== undefined && intent !== 'read') {
      if (intent === 'write') mounts.forgetNames()
      forget()
    }
    return answer
  }

  return { isSame, isSameToWrite, recall, resolve }
}

function answerOf(path: string, hostPath: string): HostPath {
  return { path: hostPath, identical: hostPath === path }
}

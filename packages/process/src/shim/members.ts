import type { Namespace } from '@libvisor/core'
import type { GuestIdentity } from '../state/identity.ts'
import type { ProcessState } from '../state/process-state.ts'
import type { HostDirectory } from './child-process.ts'
import type { OriginalProcess } from '../originals.native.ts'
import type { OriginalModules } from '@libvisor/abi'
import type { ArgumentErrors } from './argument-errors.ts'

/** What the members of one namespace's `process` are made of. */
export interface MemberContext {
  readonly ns: Namespace
  readonly identity: GuestIdentity
  readonly state: ProcessState
  readonly argument: ArgumentErrors
  /** The members of `process` as they were. */
  readonly original: OriginalProcess
  /** An original module, loaded when it is first asked for. */
  readonly module: <Id extends keyof OriginalModules>(id: Id) => OriginalModules[Id]
  /** The `process` that the guest sees: patched in place, or its own. */
  readonly process: NodeJS.Process
  /**
   * Where a directory of the guest is on the host: only where the guest's process is a real one, which may become
   * another program.
   */
  readonly hostDirectory?: HostDirectory | undefined
}

/** Members of `process` as one namespace sees them. */
export type Members = Record<string, PropertyDescriptor>

/**
 * Makes methods into descriptors that look as Node's.
 *
 * @param methods - functions by name
 * @returns their descriptors
 */
export function methods(methods: Record<string, (...args: never[]) => unknown>): Members {
  const members: Members = {}
  for (const name of Object.keys(methods)) {
    members[name] = { value: methods[name], writable: true, enumerable: true, configurable: true }
  }
  return members
}

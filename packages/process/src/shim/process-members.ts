import type { Realm } from '@libvisor/core'
import { slots } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { hostPid, inWorker, originalModule, originalProcess } from '../originals.native.ts'
import type { GuestIdentity } from '../state/identity.ts'
import { processState } from '../state/process-state.ts'
import { signals } from '../state/signals.ts'
import { createArgumentErrors } from './argument-errors.ts'
import type { ArgumentErrors } from './argument-errors.ts'
import { credentialMembers } from './credential-members.ts'
import { envFileMembers } from './env-file-members.ts'
import { createSignals, exitMembers } from './exit-members.ts'
import { guardedMembers } from './guarded-members.ts'
import { identityMembers } from './identity-members.ts'
import type { MemberContext, Members } from './members.ts'
import { stdioMembers } from './stdio-members.ts'
import { uptimeMember } from './usage-members.ts'

/**
 * Makes the errors about arguments that a guest sees.
 *
 * @param ns - the guest's namespace
 * @returns what makes them
 */
export function argumentErrorsOf(ns: Namespace): ArgumentErrors {
  return createArgumentErrors(ns.errors, (value, options) => originalModule('util').inspect(value, options))
}

/**
 * Puts together what the members of a namespace's `process` are made of.
 *
 * @param ns - the namespace, with an identity and a process state in its slots
 * @param process - the object that the guest sees
 * @returns the context
 */
export function createMemberContext(ns: Namespace, process: NodeJS.Process): MemberContext {
  return {
    ns,
    identity: ns.get(slots.identity) as GuestIdentity,
    state: ns.get(processState),
    argument: argumentErrorsOf(ns),
    original: originalProcess,
    module: originalModule,
    process,
  }
}

/**
 * All members of `process` that a namespace sees differently, and the sender of its signals in its slot.
 *
 * @param context - the namespace and what it is made of
 * @param kind - of the realm
 * @returns the members by name
 */
export function processMembers(context: MemberContext, kind: Realm['kind']): Members {
  const { ns } = context
  const where = { kind, inWorker, hostPid }
  if (ns.find(signals) === undefined) ns.provide(signals, createSignals(context, where))
  return {
    ...identityMembers(context),
    ...credentialMembers(context),
    ...envFileMembers(context),
    ...exitMembers(context, where, () => ns.get(signals)),
    ...guardedMembers(context),
    ...stdioMembers(context),
    ...uptimeMember(context),
  }
}

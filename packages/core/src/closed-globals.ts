import type { Policy } from './policy.ts'
import type { SupportRow } from './support.ts'
import { deniedGlobals, hostGlobals } from './support/closed-globals.table.ts'

/**
 * The properties of the global object that a guest does not get, because they are denied or because its policy denies
 * them. Whether there are any is known without the whole support table.
 *
 * @param policy - of the guest
 * @returns their names; of what a property holds, with a dot: `crypto.subtle`
 * @example
 * ```ts
 * import { closedGlobals, createPolicy } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * assert.ok(closedGlobals(createPolicy()).includes('localStorage'))
 * assert.ok(closedGlobals(createPolicy({ denied: ['gc'] })).includes('gc'))
 * ```
 */
export function closedGlobals(policy: Policy): readonly string[] {
  return [...namesOf(deniedGlobals), ...namesOf(hostGlobals).filter((name) => !policy.host(name))]
}

const namesOf = (rows: readonly SupportRow[]): readonly string[] => rows.flatMap(([names]) => names.split(' '))

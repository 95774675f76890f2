import { slots } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import type { Failure } from '../thread/failure.ts'

/**
 * Looks for a guest's program before it is started: Node completes names, and runs what a directory's manifest names.
 *
 * @param ns - the guest's namespace
 * @param entry - the path of the program
 * @returns what to tell the host when there is none
 */
export function missingProgram(ns: Namespace, entry: string): Failure | undefined {
  const files = ns.get(slots.fileView)
  if (['', '.js', '.json', '.node'].some((extension) => files.kind(entry + extension) !== undefined)) return undefined
  return {
    code: 'VISOR_ENTRY_NOT_FOUND',
    message: `There is no program '${entry}' in the guest '${ns.name}'`,
    hint: 'An absolute path is a path of the guest: check its mounts.',
  }
}

import type { Namespace } from '@libvisor/core'
import { fileSystem } from '@libvisor/fs'

/**
 * Where an executable of the host starts: in a directory of the guest that is the host's as well.
 *
 * @param ns - the guest's namespace
 * @param directory - an absolute path in the guest
 * @returns its path on the host, or `undefined` when it is only the guest's
 */
export function hostDirectory(ns: Namespace, directory: string): string | undefined {
  return ns.get(fileSystem).resolve(directory, 'read', true)?.path
}

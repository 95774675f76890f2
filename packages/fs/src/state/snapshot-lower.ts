/** What the lower layers of an overlay have at a name: directories that merge, or one inode that is none. */
import { fileType } from './vnode.ts'
import type { Vnode } from './vnode.ts'

/**
 * Looks a name up in merging directories.
 *
 * @param directories - the topmost first
 * @param name - of an entry
 * @param onlyDirectories - for what lies over them is a directory: anything else is hidden by it
 */
export function lookupLower(directories: readonly Vnode[], name: string, onlyDirectories: boolean): readonly Vnode[] {
  const found: Vnode[] = []
  for (const directory of directories) {
    const node = directory.type === fileType.directory ? directory.lookup(name) : undefined
    if (node === undefined) continue
    if (node.type !== fileType.directory) {
      if (found.length === 0 && !onlyDirectories) found.push(node)
      break
    }
    found.push(node)
  }
  return found
}

/**
 * Follows a redirect.
 *
 * @param roots - of the lower layers
 * @param path - from the root
 */
export function followLower(roots: readonly Vnode[], path: string): readonly Vnode[] {
  let found = roots
  for (const name of path.split('/').slice(1)) found = lookupLower(found, name, true)
  return found
}

/**
 * The names in merging directories, each once.
 *
 * @param directories - the topmost first
 */
export function namesOfLower(directories: readonly Vnode[]): Set<string> {
  const names = new Set<string>()
  for (const directory of directories) {
    if (directory.type !== fileType.directory) continue
    for (const { name } of directory.entries()) names.add(name)
  }
  return names
}

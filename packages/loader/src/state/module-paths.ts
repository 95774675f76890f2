import { original } from '@libvisor/abi'

/** For how many folders the answer is kept. */
const MOST_FOLDERS = 10_000

/**
 * Makes what tells in which folders of modules a module is looked for. Each guest asks for the folders of all its modules, and gets a copy.
 *
 * @returns the function; its argument is an absolute path
 * @source Node 24 `lib/internal/modules/cjs/loader.js`, Module._nodeModulePaths
 */
export function createModulePaths(): (folder: string) => readonly string[] {
  const { resolve } = original('path')
  const known = new Map<string, readonly string[]>()
  return (folder) => {
    let paths = known.get(folder)
    if (paths === undefined) {
      if (known.size >= MOST_FOLDERS) known.clear()
      known.set(folder, (paths = modulePaths(resolve(folder))))
    }
    return paths
  }
}

/** The folders themselves. @param folder - absolute */
export function modulePaths(folder: string): string[] {
  const paths: string[] = []
  for (let end = folder.length; end > 0;) {
    const slash = folder.lastIndexOf('/', end - 1)
    const last = folder.slice(slash + 1, end)
    if (last !== 'node_modules' && last !== '') paths.push(`${folder.slice(0, end)}/node_modules`)
    end = slash
  }
  paths.push('/node_modules')
  return paths
}

import { apply } from '@libvisor/abi'

// As it was before a program could replace it: every stack asks.
const { startsWith } = String.prototype

/** Where libvisor's own modules are: the folder of the bundle, or that of all packages where they run as sources. */
const runsAsSources = import.meta.url.endsWith('.ts')
const ownFolder = new URL(runsAsSources ? '../../../' : './', import.meta.url).href

/**
 * Whether a module is libvisor's own: an `import()` that seems to come from one would get past the guest's loader.
 *
 * @param url - the URL of a module
 * @returns whether it is libvisor's own
 */
export function isOwnCode(url: string): boolean {
  if (!apply(startsWith, url, [ownFolder])) return false
  // The folders of packages hold programs of tests and benchmarks, too, which are guests.
  return !runsAsSources || /^[^/]+\/src\//.test(url.slice(ownFolder.length))
}

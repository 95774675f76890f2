/** Where libvisor's own modules are: the folder of the bundle, or that of all packages where they run as sources. */
const ownFolder = new URL(import.meta.url.endsWith('.ts') ? '../../../' : './', import.meta.url).href

/**
 * Whether a module is libvisor's own: an `import()` that seems to come from one would get past the guest's loader.
 *
 * @param url - the URL of a module
 * @returns whether it is libvisor's own
 */
export function isOwnCode(url: string): boolean {
  return url.startsWith(ownFolder)
}

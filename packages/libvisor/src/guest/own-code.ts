/** Where libvisor's own modules are: the folder of the bundle, or of the sources of this package. */
const ownFolder = new URL('.', import.meta.url).href

/**
 * Whether a module is libvisor's own: an `import()` that seems to come from one would get past the guest's loader.
 *
 * @param url - the URL of a module
 * @returns whether it is libvisor's own
 */
export function isOwnCode(url: string): boolean {
  return url.startsWith(ownFolder)
}

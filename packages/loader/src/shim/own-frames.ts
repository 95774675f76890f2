/** What libvisor compiles in the realms of guests is called so. */
const kitFolder = 'node:internal/libvisor/'

/** Frames of Node's through which libvisor enters a guest. */
const entranceFrame = /^node:(?:internal\/)?(?:async_hooks|async_local_storage|vm)\b/

/** Tells frames of libvisor's own from those of programs. */
export interface OwnFrames {
  isOwn(site: NodeJS.CallSite): boolean
  /** A stack without own frames, and without those of Node's through which libvisor went. */
  hide(trace: readonly NodeJS.CallSite[]): NodeJS.CallSite[]
}

/**
 * Makes what finds own frames.
 *
 * @param isOwnCode - whether the URL of a module is libvisor's own
 * @returns what tells and hides them
 */
export function createOwnFrames(isOwnCode: (url: string) => boolean): OwnFrames {
  const isOwn = (site: NodeJS.CallSite): boolean => {
    const name = site.getFileName() ?? ''
    const file = name.startsWith('/') ? `file://${name}` : name
    return file.startsWith(kitFolder) || (file.startsWith('file:') && isOwnCode(file))
  }
  const isEntrance = (site: NodeJS.CallSite): boolean => entranceFrame.test(site.getFileName() ?? '')
  /** Functions of the language have no file. */
  const isBuiltin = (site: NodeJS.CallSite): boolean => (site.getFileName() ?? '') === ''
  const isBetween = (site: NodeJS.CallSite): boolean => isEntrance(site) || isBuiltin(site)

  const isOwnAt = (site: NodeJS.CallSite | undefined): boolean => site !== undefined && isOwn(site)

  function isShown(site: NodeJS.CallSite, index: number, trace: readonly NodeJS.CallSite[]): boolean {
    if (!isBetween(site)) return !isOwn(site)
    const above = trace.slice(0, index).findLast((other) => !isBetween(other))
    const below = trace.slice(index).find((other) => !isBetween(other))
    // At an end of the stack the other side counts alone.
    const isAboveOwn = isOwnAt(above ?? below)
    const isBelowOwn = isOwnAt(below ?? above)
    return isEntrance(site) ? !isBelowOwn && !isAboveOwn : !isBelowOwn || !isAboveOwn
  }

  return { isOwn, hide: (trace) => trace.filter(isShown) }
}

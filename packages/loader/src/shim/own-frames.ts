import { apply } from '@libvisor/abi'

/** What libvisor compiles in the realms of guests is called so. */
const kitFolder = 'node:internal/libvisor/'

/** How the files of Node's are called through which libvisor enters a guest. */
const entrances = [
  'node:async_hooks',
  'node:internal/async_hooks',
  'node:internal/async_local_storage',
  'node:internal/vm',
  'node:vm',
]

// As they were before a program could replace them: stacks are also formatted for one that has.
const { startsWith } = String.prototype

const begins = (text: string, start: string): boolean => apply(startsWith, text, [start])

const fileOf = (site: NodeJS.CallSite): string => site.getFileName() ?? ''

/** Tells frames of libvisor's own from those of programs. */
export interface OwnFrames {
  isOwn(site: NodeJS.CallSite): boolean
  /** A stack without own frames, and without those of Node's through which libvisor went. */
  hide(trace: readonly NodeJS.CallSite[]): NodeJS.CallSite[]
}

/**
 * Makes what finds own frames. It calls nothing that a program could replace.
 *
 * @param isOwnCode - whether the URL of a module is libvisor's own
 * @returns what tells and hides them
 */
export function createOwnFrames(isOwnCode: (url: string) => boolean): OwnFrames {
  const isOwn = (site: NodeJS.CallSite): boolean => {
    const file = fileOf(site)
    if (begins(file, '/')) return isOwnCode(`file://${file}`)
    return begins(file, 'file:') ? isOwnCode(file) : begins(file, kitFolder)
  }
  const isOwnAt = (site: NodeJS.CallSite | undefined): boolean => site !== undefined && isOwn(site)

  const isEntrance = (site: NodeJS.CallSite): boolean => {
    const file = fileOf(site)
    for (let index = 0; index < entrances.length; index++) if (begins(file, entrances[index]!)) return true
    return false
  }
  /** Functions of the language have no file. */
  const isBetween = (site: NodeJS.CallSite): boolean => fileOf(site) === '' || isEntrance(site)

  /** The next frame in a direction that is neither the language's nor an entrance. */
  function neighbour(trace: readonly NodeJS.CallSite[], index: number, step: 1 | -1): NodeJS.CallSite | undefined {
    let at = index + step
    while (at >= 0 && at < trace.length && isBetween(trace[at]!)) at += step
    return at < 0 ? undefined : trace[at]
  }

  function isShown(trace: readonly NodeJS.CallSite[], index: number): boolean {
    const site = trace[index]!
    if (!isBetween(site)) return !isOwn(site)
    const above = neighbour(trace, index, -1)
    const below = neighbour(trace, index, 1)
    // At an end of the stack the other side counts alone.
    const isAboveOwn = isOwnAt(above ?? below)
    const isBelowOwn = isOwnAt(below ?? above)
    return isEntrance(site) ? !isBelowOwn && !isAboveOwn : !isBelowOwn || !isAboveOwn
  }

  return {
    isOwn,

    hide(trace) {
      const shown: NodeJS.CallSite[] = []
      for (let index = 0; index < trace.length; index++) {
        if (isShown(trace, index)) shown[shown.length] = trace[index]!
      }
      return shown
    },
  }
}

import { currentNamespace } from '@libvisor/core'
import { describeFrame } from './loader-registry.ts'

type PrepareStackTrace = (error: Error, trace: NodeJS.CallSite[]) => unknown

/** Frames of Node's through which libvisor enters a guest. */
const entranceFrame = /^node:(?:internal\/)?(?:async_hooks|async_local_storage|vm)\b/

/**
 * Has the stacks that the guests of this thread read show no frames of libvisor's own, and the lines that source maps tell.
 * A guest that formats stacks by itself gets all frames.
 *
 * @param isOwnCode - whether the URL of a module is libvisor's own
 * @returns takes it back
 * @example
 * ```ts
 * import { createNamespace } from '@libvisor/core'
 * import { formatGuestStacks } from '@libvisor/loader'
 * import assert from 'node:assert/strict'
 *
 * const ns = createNamespace({ name: 'a' })
 * const stacks = formatGuestStacks((url) => url === import.meta.url)
 * const { stack } = ns.run(() => {
 *   const error = new Error('seen by the guest')
 *   return { stack: error.stack }
 * })
 * stacks[Symbol.dispose]()
 * assert.equal(stack?.includes(import.meta.url), false)
 * ```
 */
export function formatGuestStacks(isOwnCode: (url: string) => boolean): Disposable {
  const before = Error.prepareStackTrace as PrepareStackTrace

  function fileOf(site: NodeJS.CallSite): string {
    const file = site.getFileName() ?? ''
    return file.startsWith('/') ? `file://${file}` : file
  }

  const isOwn = (site: NodeJS.CallSite): boolean => {
    const file = fileOf(site)
    return file.startsWith('file:') && isOwnCode(file)
  }
  const isEntrance = (site: NodeJS.CallSite): boolean => entranceFrame.test(site.getFileName() ?? '')

  /** Hides own frames, and those of Node's through which libvisor went. */
  function isShown(site: NodeJS.CallSite, index: number, trace: readonly NodeJS.CallSite[]): boolean {
    if (!isEntrance(site)) return !isOwn(site)
    const above = trace.slice(0, index).findLast((other) => !isEntrance(other))
    const below = trace.slice(index).find((other) => !isEntrance(other))
    return ![above, below].some((other) => other !== undefined && isOwn(other))
  }

  function prepareStackTrace(error: Error, trace: NodeJS.CallSite[]): unknown {
    const ns = currentNamespace()
    if (ns === undefined) return before(error, trace)
    const shown = trace.filter(isShown)
    // What Node's own function joins need not be frames.
    const described = shown.map((site, index) => describeFrame(ns, site, shown[index + 1]) ?? site)
    return before(error, described as NodeJS.CallSite[])
  }

  Error.prepareStackTrace = prepareStackTrace
  return {
    [Symbol.dispose]() {
      if (Error.prepareStackTrace === prepareStackTrace) Error.prepareStackTrace = before
    },
  }
}

import { currentNamespace } from '@libvisor/core'
import { describeFrame } from './loader-registry.ts'

type PrepareStackTrace = (error: Error, trace: NodeJS.CallSite[]) => unknown

/** Frames of Node's through which libvisor enters a guest. */
const entranceFrame = /^node:(?:internal\/)?(?:async_local_storage|vm)\b/

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

  /** Own frames, and those of Node's between two of them or at the end, by which one was called. */
  function isShown(site: NodeJS.CallSite, index: number, trace: readonly NodeJS.CallSite[]): boolean {
    const file = fileOf(site)
    if (file.startsWith('file:')) return !isOwnCode(file)
    if (!entranceFrame.test(file)) return true
    const neighbours = [trace[index - 1], trace[index + 1]]
    return !neighbours.some((neighbour) => neighbour !== undefined && isOwnCode(fileOf(neighbour)))
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

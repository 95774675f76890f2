import { apply } from '@libvisor/abi'
import { currentFrame, mimic } from '@libvisor/core'
import type { Realm } from '@libvisor/core'
import { liveProcess } from '../originals.native.ts'
import { running } from '../state/ending.ts'

type Fn = (...args: unknown[]) => unknown

interface Domain {
  exit(): void
  listenerCount(event: 'error'): number
  _errorHandler(error: unknown): void
}

/** What `process.domain` is while Node's `domain` module is loaded: one for the thread, empty whenever the loop turns. */
const active = (): Domain | null | undefined => (liveProcess as { domain?: Domain | null }).domain

/** A guest that is left in the middle of a domain must not leave it active for the next guest. */
export function leaveDomains(): void {
  for (let domain = active(); domain !== null && domain !== undefined; domain = active()) domain.exit()
  if (active() === undefined) (liveProcess as { domain?: unknown }).domain = null
}

/**
 * Lets the active domain take an error that reaches the bottom of the stack without passing through Node.
 *
 * @param error - what was thrown
 * @returns whether a domain has taken it
 * @throws {unknown} what the domain's handler throws
 */
export function takenByDomain(error: unknown): boolean {
  const domain = active()
  if (domain === null || domain === undefined || domain.listenerCount('error') === 0) return false
  domain._errorHandler(error)
  return true
}

/**
 * `process.domain` of a guest: Node's own, which `domain` keeps in step with the running code.
 *
 * @returns the member of `process`
 */
export function domainMember(): PropertyDescriptor {
  return {
    get: active,
    set(domain: unknown) {
      ;(liveProcess as { domain?: unknown }).domain = domain
    },
    enumerable: true,
    configurable: true,
  }
}

/**
 * Contains errors in the error handlers of domains: natively they end the process, and here they would end the thread.
 *
 * @param realm - of a thread that guests share
 */
export function hookDomain(realm: Realm): void {
  realm.whenAsked('domain', (exports) => {
    const { prototype } = exports['Domain'] as { prototype: { _errorHandler: Fn } }
    const original = prototype._errorHandler
    const replacement = mimic(original, function (this: unknown, error: unknown) {
      const ns = currentFrame()?.ns
      // Ticks that an error has interrupted run in the next turn.
      ns?.liveness.enter()
      try {
        return ns?.ended === true ? true : apply(original, this, [error])
      } catch (thrown) {
        const life = ns?.find(running)
        if (life === undefined) throw thrown
        life.failed(thrown)
        return true
      } finally {
        if (ns?.ended === true) leaveDomains()
      }
    })
    realm.patches.patch(prototype, '_errorHandler', { value: replacement })
  })
}

import type * as dns from 'node:dns'
import { perNamespace } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import type { LookupOriginals } from './dns-lookup.ts'

/** What `dns` and `dns.promises` ask where a program names no resolver. */
interface Resolvers {
  readonly callback: dns.Resolver
  readonly promises: dns.promises.Resolver
}

/** The resolver of a namespace, and whom it asks. */
export interface DefaultResolvers {
  readonly resolver: () => Resolvers
  readonly getServers: typeof dns.getServers
  readonly setServers: typeof dns.setServers
}

const resolversOf = perNamespace((): { made?: Resolvers } => ({}))

/**
 * The resolvers that a namespace has in place of the thread's, made at the first use. What they have been asked is given
 * up with the namespace.
 *
 * @param ns - the namespace
 * @param originals - Node's own
 */
export function defaultResolvers(ns: Namespace, originals: LookupOriginals): DefaultResolvers {
  const kept = resolversOf(ns)
  const resolver = (): Resolvers => {
    if (kept.made !== undefined) return kept.made
    const made = { callback: new originals.callback.Resolver(), promises: new originals.promises.Resolver() }
    ns.own({
      [Symbol.dispose]() {
        made.callback.cancel()
        made.promises.cancel()
      },
    })
    return (kept.made = made)
  }
  return {
    resolver,
    getServers: () => resolver().callback.getServers(),
    setServers(servers) {
      const { callback, promises } = resolver()
      callback.setServers(servers)
      promises.setServers(servers)
    },
  }
}

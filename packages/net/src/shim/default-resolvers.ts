import type * as dns from 'node:dns'
import { apply } from '@libvisor/abi'
import { perNamespace } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import type { LookupOriginals } from './dns-lookup.ts'
import { createServerMethods } from './name-servers.ts'

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
  const methods = createServerMethods(ns, originals.callback.Resolver)
  const make = (): Resolvers => {
    const made = { callback: new originals.callback.Resolver(), promises: new originals.promises.Resolver() }
    ns.own({
      [Symbol.dispose]() {
        made.callback.cancel()
        made.promises.cancel()
        // Its native side holds the guest's async context on Node 22.
        if (kept.made === made) delete kept.made
      },
    })
    return made
  }
  const resolver = (): Resolvers => (kept.made ??= make())
  return {
    resolver,
    getServers: () => apply(methods.getServers, resolver().callback, []),
    setServers(servers) {
      // One that waits for answers takes no other servers.
      const made = make()
      apply(methods.setServers, made.callback, [servers])
      apply(createServerMethods(ns, originals.promises.Resolver).setServers, made.promises, [servers])
      kept.made = made
    },
  }
}

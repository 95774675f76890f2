import process from 'node:process'
import { createNamespace } from '@libvisor/core'
import type { BoundSet, Namespace } from '@libvisor/core'
import { createContextRealm, createGuestModules, createModuleCopies } from '@libvisor/realm'
import type { ContextRealm, GuestModules } from '@libvisor/realm'

/** A context whose areas are the host's own. */
export interface Guest {
  readonly ns: Namespace
  readonly realm: ContextRealm
  readonly modules: GuestModules
}

/** Makes a guest of which only the realm is its own. */
export function createGuest(name: string): Guest {
  const realm = createContextRealm({ name })
  const ns = createNamespace({ name, intrinsics: realm.intrinsics, adopt: realm.adopt })
  const bound: BoundSet = { modules: { process: () => process }, globals: {}, [Symbol.dispose]() {} }
  // From the second guest on, built-ins of the first ones have been copied before they are asked for.
  const copies = createModuleCopies(realm)
  copies.copyAhead()
  const modules = createGuestModules({ ns, realm, bound: [bound], ask() {}, copies })
  realm.furnish({ ns, globals: {}, modules })
  return { ns, realm, modules }
}

import process from 'node:process'
import { createNamespace } from '@libvisor/core'
import type { BoundSet, Namespace } from '@libvisor/core'
import { createContextRealm, createGuestModules } from '@libvisor/realm'
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
  const modules = createGuestModules({ ns, realm, bound: [bound], ask() {} })
  realm.furnish({ ns, globals: {}, modules })
  return { ns, realm, modules }
}

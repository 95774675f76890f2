/**
 * Makes this process a guest as far as the network goes, so that whole programs can be run in a patched realm:
 * `node --import ./preload.ts app.js`.
 */
import { builtin } from '@libvisor/abi'
import { createCurrent, createNamespace, createPatchRegistry, createPolicy } from '@libvisor/core'
import type { Realm } from '@libvisor/core'
import { syncBuiltinESMExports } from 'node:module'
import { createNetInterceptor, createNetStack, netStack } from '../../src/index.ts'

const { VISOR_TEST_EGRESS: egress } = process.env
const ns = createNamespace({
  name: 'guest',
  policy: createPolicy(egress === 'none' ? { egress: () => false } : {}),
})
ns.provide(netStack, createNetStack({ hostname: 'guest' }))

const realm: Realm = {
  kind: 'own',
  global: globalThis,
  patches: createPatchRegistry(),
  whenAsked: (id, install) => install(builtin(id) as Record<PropertyKey, unknown>),
  ask() {},
}
// In the order in which they need each other.
createNetInterceptor().install(realm, createCurrent(ns))
syncBuiltinESMExports()

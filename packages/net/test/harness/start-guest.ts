/** Patches the realm of a guest that has a thread or a process of its own, then runs its program. */
import { syncBuiltinESMExports } from 'node:module'
import { builtin } from '@libvisor/abi'
import { createCurrent, createNamespace, createPatchRegistry } from '@libvisor/core'
import { createNetInterceptor, createNetStack, netStack } from '../../src/index.ts'
import type { SwitchPort } from '../../src/index.ts'

/** @param program - the URL of a module */
export async function startGuest(name: string, switchPort: SwitchPort, program: string): Promise<void> {
  const ns = createNamespace({ name })
  ns.provide(netStack, createNetStack({ hostname: name, switchPort }))
  createNetInterceptor().install(
    {
      kind: 'own',
      global: globalThis,
      patches: createPatchRegistry(),
      whenAsked: (id, install) => install(builtin(id) as Record<PropertyKey, unknown>),
      ask() {},
    },
    createCurrent(ns),
  )
  syncBuiltinESMExports()
  await import(program)
}

/** The entry of a guest's thread: patches the realm, then runs the program that it is given. */
import { syncBuiltinESMExports } from 'node:module'
import { workerData } from 'node:worker_threads'
import { builtin } from '@libvisor/abi'
import { createCurrent, createNamespace, createPatchRegistry } from '@libvisor/core'
import { createNetInterceptor, createNetStack, netStack, openSwitchPort } from '../../src/index.ts'
import type { SwitchAttachment } from '../../src/index.ts'

export interface ThreadGuest {
  readonly name: string
  readonly attachment: SwitchAttachment
  /** The URL of a module. */
  readonly program: string
}

const { name, attachment, program } = workerData as ThreadGuest
const ns = createNamespace({ name })
ns.provide(netStack, createNetStack({ hostname: name, switchPort: openSwitchPort(attachment) }))
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

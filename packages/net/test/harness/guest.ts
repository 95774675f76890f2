/** Namespaces with bound modules, for tests that patch nothing. */
import type dgram from 'node:dgram'
import type dns from 'node:dns'
import type net from 'node:net'
import { createNamespace, createPolicy } from '@libvisor/core'
import type { Namespace, PolicyOptions } from '@libvisor/core'
import { createNetInterceptor, createNetStack, netStack } from '../../src/index.ts'
import type { NetStack, NetStackOptions } from '../../src/index.ts'

export interface Guest extends Disposable {
  readonly ns: Namespace
  readonly stack: NetStack
  readonly net: typeof net
  readonly dgram: typeof dgram
  readonly dns: typeof dns
}

export interface GuestOptions extends NetStackOptions {
  readonly egress?: PolicyOptions['egress']
}

export function createGuest(name = 'guest', options: GuestOptions = {}): Guest {
  const { egress, ...stackOptions } = options
  const ns = createNamespace({ name, policy: createPolicy(egress === undefined ? {} : { egress }) })
  const stack = createNetStack({ hostname: name, ...stackOptions })
  ns.provide(netStack, stack)
  ns.own(stack)
  const { modules } = createNetInterceptor().bind(ns)
  return {
    ns,
    stack,
    net: modules['net']!() as typeof net,
    dgram: modules['dgram']!() as typeof dgram,
    dns: modules['dns']!() as typeof dns,
    [Symbol.dispose]: () => ns[Symbol.dispose](),
  }
}

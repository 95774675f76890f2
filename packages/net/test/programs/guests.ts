/** Many guests in one thread whose realm is patched for all: what they make, use, keep and leave behind. */
import type http from 'node:http'
import type http2 from 'node:http2'
import type https from 'node:https'
import type dgram from 'node:dgram'
import type dns from 'node:dns'
import type net from 'node:net'
import type tls from 'node:tls'
import { AsyncLocalStorage } from 'node:async_hooks'
import { builtin } from '@libvisor/abi'
import { createCurrent, createNamespace, createPatchRegistry } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { createNetInterceptor, createNetStack, createSwitch, netStack } from '../../src/index.ts'
import type { NetStack } from '../../src/index.ts'

const interceptor = createNetInterceptor()
const asked = new Set<string>()
const waiting = new Map<string, ((exports: Record<PropertyKey, unknown>) => void)[]>()
const ask = (id: string): void => {
  if (asked.has(id)) return
  asked.add(id)
  for (const install of waiting.get(id) ?? []) install(builtin(id) as Record<PropertyKey, unknown>)
  waiting.delete(id)
}
interceptor.install(
  {
    kind: 'shared',
    global: globalThis,
    patches: createPatchRegistry(),
    whenAsked: (id, install) => {
      const others = waiting.get(id)
      if (others === undefined) waiting.set(id, [install])
      else others.push(install)
    },
    ask,
  },
  createCurrent(),
)
for (const id of ['net', 'dns', 'tls', 'http', 'https', 'http2', 'dgram']) ask(id)

export const network = createSwitch()

export interface Modules {
  readonly net: typeof net
  readonly http: typeof http
  readonly https: typeof https
  readonly http2: typeof http2
  readonly tls: typeof tls
  readonly dns: typeof dns
  readonly dgram: typeof dgram
}

export interface ThreadGuest extends Modules {
  readonly ns: Namespace
  readonly stack: NetStack
  readonly globals: { fetch: typeof fetch; WebSocket: typeof WebSocket }
  /** Runs code as the guest's own. */
  run<T>(code: () => T): T
  end(): void
}

/** Makes a guest as a pool thread does. */
export function createGuest(name: string): ThreadGuest {
  const ns = createNamespace({ name })
  const stack = createNetStack({ hostname: name, switchPort: network.attachLocal(name) })
  ns.provide(netStack, stack)
  ns.own(stack)
  const bound = interceptor.bind(ns)
  const modules = {} as Record<string, object>
  for (const id of ['net', 'http', 'https', 'http2', 'tls', 'dns', 'dgram']) {
    Object.defineProperty(modules, id, { get: () => bound.modules[id]!() })
  }
  const globals = Object.defineProperties({}, bound.globals) as ThreadGuest['globals']
  return Object.assign(modules as unknown as Modules, {
    ns,
    stack,
    globals,
    run: <T>(code: () => T): T => ns.run(() => whose.run(name, code)),
    end: () => ns[Symbol.dispose](),
  }) as ThreadGuest
}

/** A guest's own async context. */
export const whose = new AsyncLocalStorage<string>()

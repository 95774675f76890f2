import type * as http from 'node:http'
import { builtin } from '@libvisor/abi'
import { setOwner } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { usedProxies } from './guest-proxy.ts'
import type { GuestProperty } from './guest-settings.ts'

/** Where Node itself reads the agent of requests that name none. */
export const httpAgent: GuestProperty = {
  id: '_http_agent',
  key: 'globalAgent',
  initial: (ns) => createAgent(ns, 'http'),
}
export const httpsAgent: GuestProperty = { id: 'https', key: 'globalAgent', initial: (ns) => createAgent(ns, 'https') }

/**
 * Makes an agent for requests that name none.
 *
 * @param ns - whose it is
 * @param id - of which built-in
 * @param proxies - variables that name those through which it connects. @defaultValue what the namespace was started with
 * @source Node 24 `lib/_http_agent.js` and `lib/https.js`, globalAgent
 */
export function createAgent(ns: Namespace, id: 'http' | 'https', proxies = usedProxies(ns)): http.Agent {
  const { Agent } = builtin(id) as typeof http
  const settings = { keepAlive: true, scheduling: 'lifo', timeout: 5000 } as const
  const agent = new Agent(proxies === undefined ? settings : { ...settings, proxyEnv: proxies })
  setOwner(agent, ns)
  return agent
}

import type * as http from 'node:http'
import type * as https from 'node:https'
import { host } from '@libvisor/abi'

/**
 * Has Node's own clients of HTTP go by the proxies that the environment of this process names, as Node does when it starts with
 * `NODE_USE_ENV_PROXY`. On Node 22, which has no function for it, `fetch` does not.
 */
export function setProxies(): void {
  const { env, getBuiltinModule } = host.process
  const web = getBuiltinModule('http') as typeof http & { setGlobalProxyFromEnv?: () => void }
  if (web.setGlobalProxyFromEnv !== undefined) {
    web.setGlobalProxyFromEnv()
    return
  }
  const settings = { keepAlive: true, scheduling: 'lifo', timeout: 5000, proxyEnv: env } as const
  web.globalAgent = new web.Agent(settings)
  const secure = getBuiltinModule('https') as typeof https
  secure.globalAgent = new secure.Agent(settings)
}

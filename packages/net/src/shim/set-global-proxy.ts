import type { Namespace } from '@libvisor/core'
import { createAgent, httpAgent, httpsAgent } from './guest-agents.ts'
import { proxiesByDefault, whileProxied } from './guest-proxy.ts'
import { readProperty, writeProperty } from './guest-settings.ts'
import { readDispatchers, setDispatchers } from './pools.ts'

type Env = Readonly<Record<string, string | undefined>>

/**
 * Makes `http.setGlobalProxyFromEnv` of a namespace that shares its realm: it sets the namespace's own agents and dispatcher.
 *
 * @param ns - the namespace
 * @source Node 24 lib/http.js
 */
export function createSetGlobalProxy(ns: Namespace): (env?: Env) => () => void {
  return (env = proxiesByDefault(ns)) => {
    const before = readDispatchers()
    const dispatchers = whileProxied(env, readDispatchers)!
    const isProxied = Object.getOwnPropertySymbols(dispatchers).some((key) => dispatchers[key] !== before[key])
    // Node has found no proxy among the variables.
    if (!isProxied) return () => {}
    const replaced = setDispatchers(ns, dispatchers)
    const undo: (() => void)[] = [() => void setDispatchers(ns, replaced)]
    const replaceAgent = (property: typeof httpAgent, id: 'http' | 'https'): void => {
      const agent = readProperty(ns, property)
      writeProperty(ns, property, createAgent(ns, id, env))
      undo.push(() => writeProperty(ns, property, agent))
    }
    if (env['http_proxy'] || env['HTTP_PROXY']) replaceAgent(httpAgent, 'http')
    if (env['https_proxy'] || env['HTTPS_PROXY']) replaceAgent(httpsAgent, 'https')
    return () => {
      for (const step of undo) step()
    }
  }
}

import type * as http from 'node:http'
import { builtin } from '@libvisor/abi'
import { callNativeSync, captureContext } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import { proxyEnvironment } from '../slot.ts'
import type { ProxyEnvironment } from '../slot.ts'

type Env = ProxyEnvironment['env']

/** The variables that Node reads. @source Node 24 lib/internal/http.js, filterEnvForProxies */
const NAMES = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'no_proxy', 'NO_PROXY'] as const

/** `http.setGlobalProxyFromEnv`, which Node 22 does not have. */
type SetGlobalProxy = (env: object) => () => void

/** The async context in which this module was loaded, which is nobody's. */
const enterHost = captureContext()

function proxiesOf(env: Env): Record<string, string | undefined> {
  return Object.fromEntries(NAMES.map((name) => [name, env[name]]))
}

/**
 * What Node's own clients of a namespace go by from the start.
 *
 * @param ns - a namespace that shares its realm
 * @returns the variables that name proxies, or `undefined` where it is not to go by them
 */
export function usedProxies(ns: Namespace): Env | undefined {
  const found = ns.find(proxyEnvironment)
  if (found?.isUsed !== true) return undefined
  const env = proxiesOf(found.env)
  // Only one for `http:` or `https:` changes anything.
  return NAMES.slice(0, 4).some((name) => env[name]) ? env : undefined
}

/** What `setGlobalProxyFromEnv()` takes where it is given nothing. */
export function proxiesByDefault(ns: Namespace): Env {
  return proxiesOf(ns.find(proxyEnvironment)?.env ?? {})
}

/**
 * Has Node make what goes through proxies. Its class of dispatchers cannot be had otherwise: it is made the thread's for the time of a call.
 *
 * @param env - variables that name proxies
 * @param read - takes what it is interested in
 * @returns what that returned, or `undefined` where this Node cannot do it
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_PROXY_INVALID_CONFIG
 */
export function whileProxied<T>(env: unknown, read: () => T): T | undefined {
  const { setGlobalProxyFromEnv } = builtin('http') as typeof http & { setGlobalProxyFromEnv?: SetGlobalProxy }
  if (setGlobalProxyFromEnv === undefined) return undefined
  return enterHost(() =>
    callNativeSync(() => {
      const restore = setGlobalProxyFromEnv(env as object)
      try {
        return read()
      } finally {
        restore()
      }
    }),
  )
}

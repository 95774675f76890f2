import { defineSlot } from '@libvisor/core'
import type { NetStack } from './state/net-stack.ts'

/** Where a namespace keeps its network stack. In a file of its own: who only asks for the stack need not load it. */
export const netStack = defineSlot<NetStack>('network stack')

/** What a process was started with that concerns proxies of HTTP. */
export interface ProxyEnvironment {
  /** Its environment, with `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` in either case. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether Node's own clients go by them: `NODE_USE_ENV_PROXY=1` or `--use-env-proxy`. */
  readonly isUsed: boolean
}

/** Where a namespace that shares its realm keeps it. Elsewhere Node itself has looked when it started. */
export const proxyEnvironment = defineSlot<ProxyEnvironment>('proxy environment')

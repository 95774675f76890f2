import { VisorError } from './visor-error.ts'

/** What a namespace may do beyond its own borders. Each answer is asked for when it is needed. */
export interface Policy {
  /**
   * Whether a connection may leave the guests' network.
   *
   * @param host - the name that was asked for, or the address where none was
   * @param port - the port of the destination; 0 where a name is only looked up, and any of its ports will do
   */
  egress(host: string, port: number): boolean
  /** Whether an executable of the host may run. @param file - as it was passed to `spawn` */
  exec(file: string): boolean
  /** Whether a native addon of the host may be loaded. @param path - its path on the host */
  addon(path: string): boolean
  /** Whether an API that the support table calls `host` may be used. @param api - such as `v8.setFlagsFromString` */
  host(api: string): boolean
}

/** How a policy is made; what is left out is allowed or denied as `@defaultValue` says. */
export interface PolicyOptions {
  /** @defaultValue allow all */
  readonly egress?: (host: string, port: number) => boolean
  /** Names of executables of the host that may run, or `true` for all. @defaultValue none */
  readonly exec?: readonly string[] | boolean
  /** @defaultValue true */
  readonly addons?: boolean
  /** Names of `host` APIs that are denied. @defaultValue none */
  readonly denied?: readonly string[]
}

/**
 * Makes a policy.
 *
 * @param options - what is allowed
 * @returns the policy, frozen
 * @example
 * ```ts
 * import { createPolicy } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const policy = createPolicy({ exec: ['git'], egress: (host) => host.endsWith('.example.com') })
 * assert.equal(policy.exec('/usr/bin/git'), true)
 * assert.equal(policy.exec('sh'), false)
 * assert.equal(policy.egress('api.example.com', 443), true)
 * ```
 */
export function createPolicy(options: PolicyOptions = {}): Policy {
  const { egress = () => true, exec = false, addons = true, denied = [] } = options
  const allowed = typeof exec === 'boolean' ? undefined : new Set(exec)
  const deniedApis = new Set(denied)
  return Object.freeze({
    egress,
    exec: (file: string) =>
      allowed === undefined ? exec === true : allowed.has(file) || allowed.has(file.slice(file.lastIndexOf('/') + 1)),
    addon: () => addons,
    host: (api: string) => !deniedApis.has(api),
  })
}

/**
 * The error for something a policy denies.
 *
 * @param api - what was called
 * @param hint - how its user may allow it
 * @returns the error, to be thrown
 * @example
 * ```ts
 * import { denied } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const error = denied('spawn git', "Name it in the policy: exec: ['git'].")
 * assert.equal(`${error}`, 'VisorError [VISOR_DENIED]: spawn git is denied by the policy of this guest')
 * assert.equal(error.hint, "Name it in the policy: exec: ['git'].")
 * ```
 */
export function denied(api: string, hint?: string): VisorError {
  return new VisorError(
    'VISOR_DENIED',
    `${api} is denied by the policy of this guest`,
    hint === undefined ? {} : { hint },
  )
}

/**
 * The error for something that libvisor does not virtualize, so that it is never silently real.
 *
 * @param api - what was called
 * @param reason - why it is not there
 * @returns the error, to be thrown
 * @example
 * ```ts
 * import { unsupported } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const error = unsupported('v8.setFlagsFromString', 'it would change every guest of the thread')
 * assert.equal(error.code, 'VISOR_UNSUPPORTED')
 * assert.equal(
 *   error.message,
 *   'v8.setFlagsFromString is not supported in a guest: it would change every guest of the thread',
 * )
 * ```
 */
export function unsupported(api: string, reason?: string): VisorError {
  return new VisorError(
    'VISOR_UNSUPPORTED',
    `${api} is not supported in a guest${reason === undefined ? '' : `: ${reason}`}`,
  )
}

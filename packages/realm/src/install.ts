import { original } from '@libvisor/abi'
import type { CurrentNamespace, Interceptor, Realm } from '@libvisor/core'

/** What is installed in a realm. */
export interface InstallOptions {
  readonly realm: Realm
  readonly interceptors: readonly Interceptor[]
  readonly current: CurrentNamespace
  /**
   * Diagnostics channels on which Node says that it is about to use a built-in that it has loaded by itself (as `fetch`
   * loads `net`), and the built-ins that are asked for then.
   *
   * @defaultValue none
   */
  readonly announcements?: Readonly<Record<string, readonly string[]>>
}

/**
 * Installs interceptors in a realm, in their order.
 *
 * @param options - the realm, the interceptors, and who answers for whom a call is made
 * @returns undoes, in reverse order, what the realm's patch registry does not undo by itself
 * @example
 * ```ts
 * import { createCurrent, createDispatcher, createNamespace } from '@libvisor/core'
 * import type { Interceptor } from '@libvisor/core'
 * import { installInterceptors, openRealm } from '@libvisor/realm'
 * import assert from 'node:assert/strict'
 *
 * const dice: Interceptor = {
 *   area: 'random',
 *   install({ global, patches }, current) {
 *     patches.patch(global.Math, 'random', { value: createDispatcher(Math.random, current, () => () => 6) })
 *     return { [Symbol.dispose]() {} }
 *   },
 *   bind: () => ({ modules: {}, globals: {}, [Symbol.dispose]() {} }),
 * }
 * const ns = createNamespace({ name: 'a' })
 * const { random } = Math
 * {
 *   using realm = openRealm({ kind: 'shared' })
 *   using installed = installInterceptors({ realm, interceptors: [dice], current: createCurrent() })
 *   assert.equal(ns.run(() => Math.random()), 6)
 *   assert.ok(Math.random() < 1)
 * }
 * assert.equal(Math.random, random)
 * ```
 */
export function installInterceptors(options: InstallOptions): Disposable {
  const { realm, interceptors, current, announcements = {} } = options
  const installed = interceptors.map((interceptor) => interceptor.install(realm, current))
  for (const [channel, ids] of Object.entries(announcements)) installed.push(askWhenAnnounced(realm, channel, ids))
  return {
    [Symbol.dispose]() {
      for (const installation of installed.splice(0).reverse()) installation[Symbol.dispose]()
    },
  }
}

/**
 * Asks for built-ins when Node is about to use them by itself. Reading a global to wrap it would load what is behind it:
 * `WebSocket` is made when its property is first read, even the descriptor.
 */
function askWhenAnnounced(realm: Realm, channel: string, ids: readonly string[]): Disposable {
  const { subscribe, unsubscribe } = original('diagnostics_channel')
  const listener = (): void => {
    unsubscribe(channel, listener)
    for (const id of ids) realm.ask(id)
  }
  subscribe(channel, listener)
  return { [Symbol.dispose]: () => void unsubscribe(channel, listener) }
}

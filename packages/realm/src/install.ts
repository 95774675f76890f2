import { apply } from '@libvisor/abi'
import { mimic } from '@libvisor/core'
import type { CurrentNamespace, Interceptor, Realm } from '@libvisor/core'

/** What is installed in a realm. */
export interface InstallOptions {
  readonly realm: Realm
  readonly interceptors: readonly Interceptor[]
  readonly current: CurrentNamespace
  /**
   * Globals that ride on built-ins which Node loads by itself, by name: the built-ins are asked for before the global
   * is first used.
   */
  readonly globalsRidingOn?: Readonly<Record<string, readonly string[]>>
}

/**
 * Installs interceptors in a realm, in their order.
 *
 * @param options - the realm, the interceptors, and who answers for whom a call is made
 * @returns undoes, in reverse order, what the realm's patch registry does not undo by itself
 */
export function installInterceptors(options: InstallOptions): Disposable {
  const { realm, interceptors, current, globalsRidingOn = {} } = options
  const installed = interceptors.map((interceptor) => interceptor.install(realm, current))
  for (const [name, ids] of Object.entries(globalsRidingOn)) askBeforeGlobal(realm, name, ids)
  return {
    [Symbol.dispose]() {
      for (const installation of installed.splice(0).reverse()) installation[Symbol.dispose]()
    },
  }
}

/** Makes a global ask for the built-ins that it rides on when it is first read or called. */
function askBeforeGlobal(realm: Realm, name: string, ids: readonly string[]): void {
  const descriptor = Object.getOwnPropertyDescriptor(realm.global, name)
  if (descriptor === undefined || realm.patches.has(realm.global, name)) return
  const ask = (): void => {
    for (const id of ids) realm.ask(id)
  }
  const { get, value } = descriptor as { get?: () => unknown; value?: unknown }
  if (get !== undefined) {
    const getter = function (this: unknown): unknown {
      ask()
      return apply(get, this, [])
    }
    realm.patches.patch(realm.global, name, { ...descriptor, get: mimic(get, getter) })
  } else if (typeof value === 'function') {
    const asking = function (this: unknown, ...args: unknown[]): unknown {
      ask()
      return apply(value as (...args: unknown[]) => unknown, this, args)
    }
    realm.patches.patch(realm.global, name, { value: mimic(value, asking) })
  }
}

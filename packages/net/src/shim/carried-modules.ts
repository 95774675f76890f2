import { apply, builtin, construct, defineProperty, getOwnPropertyDescriptor, ownKeys } from '@libvisor/abi'
import { currentNamespace, mimic, unsupported } from '@libvisor/core'
import type { CurrentNamespace, Namespace, Realm } from '@libvisor/core'
import { httpAgent, httpsAgent } from './guest-agents.ts'
import { bindProperty, familySelection, separateProperty } from './guest-settings.ts'
import type { GuestProperty } from './guest-settings.ts'
import { closePooledParsers } from './open-handles.ts'
import { createSetGlobalProxy } from './set-global-proxy.ts'

type Bag = Record<PropertyKey, unknown>
type AnyFunction = (this: unknown, ...args: unknown[]) => unknown

/** A realm that namespaces share, in which the interceptor is installed. */
export interface SharedRealm {
  readonly realm: Realm
  readonly current: CurrentNamespace
}

const tlsDefaults: readonly GuestProperty[] = [
  'DEFAULT_CIPHERS',
  'DEFAULT_ECDH_CURVE',
  'DEFAULT_MIN_VERSION',
  'DEFAULT_MAX_VERSION',
].map((key) => ({ id: 'tls', key }))

/** Functions that Node itself takes from the exports at each call: what a program puts in their place, it uses. */
const connecting: readonly GuestProperty[] = ['connect', 'createConnection'].map((key) => ({ id: 'net', key }))

/** The settings that each namespace has of its own, by the built-in on which a program finds them. */
const properties: Readonly<Record<string, readonly GuestProperty[]>> = Object.freeze({
  http: [httpAgent],
  _http_agent: [httpAgent],
  https: [httpsAgent],
  net: connecting,
  tls: [...tlsDefaults, { id: 'tls', key: 'connect' }],
})

/** Whether somebody in this thread has asked for http. */
let usesHttp = false

/** Releases what Node keeps of a namespace of a shared realm after its end. */
export const releasePools: Disposable = Object.freeze({
  [Symbol.dispose]() {
    if (usesHttp) closePooledParsers()
  },
})

/** Gives each namespace of a realm that they share its own global agents, and its own defaults of TLS. */
export function separateSettings({ realm, current }: SharedRealm): void {
  const separate = (property: GuestProperty): void =>
    separateProperty(realm, current, builtin(property.id) as object, property)
  realm.whenAsked('http', () => {
    usesHttp = true
    separate(httpAgent)
  })
  realm.whenAsked('https', () => separate(httpsAgent))
  for (const id of ['net', 'tls']) realm.whenAsked(id, () => properties[id]!.forEach(separate))
}

/** Exports that change what all guests of a thread have, with the reason to say. */
const threadWide: Readonly<Record<string, Readonly<Record<string, string>>>> = Object.freeze({
  tls: { setDefaultCACertificates: 'it sets what all guests of the thread trust: pass `ca` instead' },
})

/**
 * The exports of a built-in that rides on sockets, as one namespace of a shared realm has them: functions that enter the
 * namespace, whoever calls them, and settings of its own.
 *
 * @param ns - the namespace
 * @param shared - the realm, whose hooks do the rest
 * @param id - the name of the built-in
 */
export function bindCarried(ns: Namespace, { realm }: SharedRealm, id: string): object {
  realm.ask(id)
  const host = builtin(id) as Bag
  const bound: Bag = {}
  const refused = threadWide[id] ?? {}
  const separate = new Map(properties[id]?.map((property) => [property.key as PropertyKey, property]))
  for (const key of ownKeys(host)) {
    const descriptor = getOwnPropertyDescriptor(host, key)!
    const property = separate.get(key)
    // On the host these are accessors, which give what nobody has set.
    if (property !== undefined && property.initial === undefined) {
      const { enumerable = true } = descriptor
      const initial = host[key]
      const value = typeof initial === 'function' ? entering(ns, initial as AnyFunction) : initial
      defineProperty(bound, key, { value, enumerable, writable: true, configurable: true })
      continue
    }
    const { value } = descriptor as { value?: unknown }
    const reason = typeof key === 'string' ? refused[key] : undefined
    if (reason !== undefined && typeof value === 'function') {
      defineProperty(bound, key, { ...descriptor, value: refusing(value, `${id}.${String(key)}`, reason) })
    } else if (typeof value === 'function' && !isClass(key)) {
      defineProperty(bound, key, { ...descriptor, value: entering(ns, value as AnyFunction), configurable: true })
    } else {
      defineProperty(bound, key, { ...descriptor, configurable: true })
    }
  }
  for (const property of separate.values()) bindProperty(ns, bound, property)
  if (id === 'http') {
    replaceFunctions(bound, {
      setMaxIdleHTTPParsers: limitParsers(host),
      setGlobalProxyFromEnv: createSetGlobalProxy(ns),
    })
  }
  if (id === 'net') replaceFunctions(bound, { ...familySelection(ns) })
  return bound
}

function replaceFunctions(bound: Bag, functions: Readonly<Record<string, unknown>>): void {
  for (const [name, fn] of Object.entries(functions)) {
    const { [name]: original } = bound
    if (typeof original !== 'function') continue
    defineProperty(bound, name, {
      ...getOwnPropertyDescriptor(bound, name),
      value: mimic(original, fn as object),
    })
  }
}

/** Node's classes have names that begin with a capital letter, and nothing else has. */
function isClass(key: PropertyKey): boolean {
  return typeof key === 'string' && /^[A-Z]/.test(key)
}

/** What a function makes belongs to the namespace, although no async context says so, and what it throws to its realm. */
function entering(ns: Namespace, original: AnyFunction): AnyFunction {
  const entered = function (this: unknown, ...args: unknown[]): unknown {
    const call = (): unknown =>
      new.target === undefined ? apply(original, this, args) : construct(original as never, args)
    try {
      return currentNamespace() === ns || ns.ended ? call() : ns.run(call)
    } catch (error) {
      throw ns.adopt(error)
    }
  }
  Object.setPrototypeOf(entered, Object.getPrototypeOf(ns.intrinsics.Object) as object)
  return mimic(original, entered)
}

function refusing(original: object, name: string, reason: string): AnyFunction {
  return mimic(original, function (): never {
    throw unsupported(name, reason)
  })
}

/** The pool of parsers belongs to the thread: a guest's limit is checked, and means nothing. */
function limitParsers(host: Bag): (max: number) => void {
  return (max) => {
    const { parsers } = builtin('_http_common') as { parsers: { max: number } }
    const before = parsers.max
    apply(host['setMaxIdleHTTPParsers'] as AnyFunction, host, [max])
    parsers.max = before
  }
}

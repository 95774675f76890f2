import type * as dns from 'node:dns'
import type * as net from 'node:net'
import { apply, defineProperty, getOwnPropertyDescriptor, original } from '@libvisor/abi'
import { perNamespace } from '@libvisor/core'
import type { CurrentNamespace, Namespace, Realm } from '@libvisor/core'

/** What Node keeps once per thread as defaults of its network, and each namespace has of its own. */
interface GuestSettings {
  resultOrder?: string
  autoSelectFamily?: boolean
  autoSelectFamilyTimeoutMs?: number
  /** Properties of built-ins. */
  readonly properties: Map<GuestProperty, unknown>
}

const settingsOf = perNamespace((ns): GuestSettings => {
  const properties = new Map<GuestProperty, unknown>()
  // Sockets in the pool of an agent hold the guest's async context on Node 22, and so what leads to them.
  ns.own({ [Symbol.dispose]: () => properties.clear() })
  return { properties }
})

/**
 * What one of Node's own setters makes of a value. Node checks it, and keeps what it had.
 *
 * @throws {TypeError} what the setter throws
 */
function checked<T>(get: () => T, set: (value: T) => void, value: T): T {
  const before = get()
  set(value)
  const accepted = get()
  set(before)
  return accepted
}

type ResultOrder = Pick<typeof dns, 'getDefaultResultOrder' | 'setDefaultResultOrder'>

/** The order in which a namespace gets the addresses of a name: what `dns` calls the default result order. */
export function resultOrder(ns: Namespace, node: ResultOrder): ResultOrder {
  const settings = settingsOf(ns)
  const { getDefaultResultOrder: get, setDefaultResultOrder: set } = node
  return {
    getDefaultResultOrder: () => (settings.resultOrder ?? get()) as ReturnType<typeof get>,
    setDefaultResultOrder(order) {
      settings.resultOrder = checked<Parameters<typeof set>[0]>(get, set, order)
    },
  }
}

type FamilySelection = Pick<
  typeof net,
  | 'getDefaultAutoSelectFamily'
  | 'getDefaultAutoSelectFamilyAttemptTimeout'
  | 'setDefaultAutoSelectFamily'
  | 'setDefaultAutoSelectFamilyAttemptTimeout'
>

/** Which of several addresses sockets of a namespace try, and for how long. */
export function familySelection(ns: Namespace): FamilySelection {
  const settings = settingsOf(ns)
  const node = original('net')
  return {
    getDefaultAutoSelectFamily: () => settings.autoSelectFamily ?? node.getDefaultAutoSelectFamily(),
    setDefaultAutoSelectFamily(value) {
      settings.autoSelectFamily = checked(node.getDefaultAutoSelectFamily, node.setDefaultAutoSelectFamily, value)
    },
    getDefaultAutoSelectFamilyAttemptTimeout: () =>
      settings.autoSelectFamilyTimeoutMs ?? node.getDefaultAutoSelectFamilyAttemptTimeout(),
    setDefaultAutoSelectFamilyAttemptTimeout(value) {
      const { getDefaultAutoSelectFamilyAttemptTimeout: get, setDefaultAutoSelectFamilyAttemptTimeout: set } = node
      settings.autoSelectFamilyTimeoutMs = checked(get, set, value)
    },
  }
}

/** The defaults that a namespace has set for options of `connect` which are left out. */
export function connectDefaults(ns: Namespace, options: object): PropertyDescriptorMap {
  const { autoSelectFamily, autoSelectFamilyTimeoutMs } = settingsOf(ns)
  const given = options as { autoSelectFamily?: unknown; autoSelectFamilyAttemptTimeout?: unknown }
  const defaults: PropertyDescriptorMap = {}
  if (autoSelectFamily !== undefined && given.autoSelectFamily === undefined) {
    defaults['autoSelectFamily'] = { value: autoSelectFamily, enumerable: true }
  }
  if (autoSelectFamilyTimeoutMs !== undefined && given.autoSelectFamilyAttemptTimeout === undefined) {
    defaults['autoSelectFamilyAttemptTimeout'] = { value: autoSelectFamilyTimeoutMs, enumerable: true }
  }
  return defaults
}

/** A property of a built-in that Node's own code reads whenever it needs it, and that a program may set. There is one object for each. */
export interface GuestProperty {
  /** The built-in whose property Node reads. */
  readonly id: string
  readonly key: string
  /** What a namespace has before it sets it. @defaultValue what the host has */
  readonly initial?: (ns: Namespace) => unknown
}

function read(ns: Namespace, property: GuestProperty, host: () => unknown): unknown {
  const { properties } = settingsOf(ns)
  if (!properties.has(property)) {
    if (property.initial === undefined) return host()
    properties.set(property, property.initial(ns))
  }
  return properties.get(property)
}

/** What a property of a namespace is now. @param property - one that each namespace has from the start */
export function readProperty(ns: Namespace, property: GuestProperty): unknown {
  return read(ns, property, () => undefined)
}

/** Sets a property of a namespace. */
export function writeProperty(ns: Namespace, property: GuestProperty, value: unknown): void {
  settingsOf(ns).properties.set(property, value)
}

/**
 * Gives each namespace of a realm that they share a property of its own.
 *
 * @param realm - the realm
 * @param current - who reads or sets it
 * @param exports - of the built-in
 * @param property - which
 */
export function separateProperty(
  realm: Realm,
  current: CurrentNamespace,
  exports: object,
  property: GuestProperty,
): void {
  const { key } = property
  const descriptor = getOwnPropertyDescriptor(exports, key)
  if (descriptor === undefined || descriptor.get !== undefined) return
  let value: unknown = descriptor.value
  const host = (): unknown => value
  realm.patches.patch(exports, key, {
    get() {
      const ns = current()
      return ns === undefined ? value : read(ns, property, host)
    },
    set(given: unknown) {
      const ns = current()
      if (ns === undefined) value = given
      else writeProperty(ns, property, given)
    },
  })
}

/**
 * Puts a namespace's own property on its exports of a built-in.
 *
 * @param ns - the namespace
 * @param bound - its exports of a built-in, with what it has before it sets the property
 * @param property - the property, which Node may read somewhere else
 */
export function bindProperty(ns: Namespace, bound: object, property: GuestProperty): void {
  const { key } = property
  const { value, get, enumerable = true } = getOwnPropertyDescriptor(bound, key) ?? {}
  const initial = (): unknown => (get === undefined ? value : apply(get, bound, []))
  defineProperty(bound, key, {
    get: () => read(ns, property, initial),
    set: (given: unknown) => writeProperty(ns, property, given),
    enumerable,
    configurable: true,
  })
}

import { apply, defineProperty, getOwnPropertyDescriptor, ownKeys } from '@libvisor/abi'
import { createDispatcher } from './dispatch.ts'
import type { CurrentNamespace } from './interceptor.ts'
import type { Namespace } from './namespace.ts'
import type { PatchRegistry } from './patch-registry.ts'
import { denied, unsupported } from './policy.ts'
import type { Policy } from './policy.ts'
import { supportOf, supportRows } from './support.ts'
import type { SupportEntry } from './support.ts'
import type { VisorError } from './visor-error.ts'

/** A built-in whose exports are to be sealed. */
export interface SealOptions {
  /** The name of the built-in, with or without `node:`, or `globalThis`. */
  readonly id: string
  /** Its exports, after the areas have patched them. */
  readonly exports: object
  readonly patches: PatchRegistry
  readonly current: CurrentNamespace
  /**
   * The namespace to which the whole realm belongs. Its policy is then asked at once, and what it allows stays Node's
   * own function.
   *
   * @defaultValue none: the policy is asked at each call
   */
  readonly owner?: Namespace
}

type Callable = (...args: unknown[]) => unknown
type Seal = SealOptions & { readonly rows: ReadonlyMap<string, SupportEntry> }

/** Own properties of functions that are not API of the module which the function is. */
const functionOwn: ReadonlySet<PropertyKey> = new Set(['arguments', 'caller', 'length', 'name', 'prototype'])

/**
 * Why a guest may not use a built-in or an export of one: the support table denies it or does not know it, or the
 * guest's policy denies what works on the host.
 *
 * @param id - the name of a built-in, with or without `node:`, or `globalThis`
 * @param name - the name of an export; without it, the built-in as a whole
 * @param policy - the guest's; without it, what works on the host is allowed
 * @returns the error to throw, which names the API, or `undefined` where the guest may use it
 * @example
 * ```ts
 * import { createPolicy, refusalOf } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * assert.equal(refusalOf('fs'), undefined)
 * assert.match(`${refusalOf('node:ffi')}`, /VISOR_UNSUPPORTED.*node:ffi/)
 * assert.match(`${refusalOf('v8', 'queryObjects')}`, /VISOR_UNSUPPORTED.*v8\.queryObjects/)
 * const policy = createPolicy({ denied: ['sqlite.DatabaseSync'] })
 * assert.match(`${refusalOf('sqlite', 'DatabaseSync', policy)}`, /VISOR_DENIED.*sqlite\.DatabaseSync/)
 * ```
 */
export function refusalOf(id: string, name?: string, policy?: Policy): VisorError | undefined {
  const entry = supportOf(id, name)
  const api = apiName(id, name)
  if (entry === undefined) return unsupported(api, 'this version of libvisor does not know it')
  if (entry.support === 'denied') return unsupported(api, entry.reason)
  if (entry.support === 'host' && name !== undefined && policy?.host(api) === false) return denied(api)
  return undefined
}

/**
 * Closes what no area has taken over: exports that the support table denies or does not know throw a coded error that
 * names them, and functions that work on the host ask the guest's policy first. Outside of any namespace everything
 * stays as it is. Constants hold no power and stay, too.
 *
 * @param options - the built-in, its exports, and the realm's patches
 * @throws {VisorError} VISOR_UNSUPPORTED when Node does not let an export be replaced that has to be
 * @example
 * ```ts
 * import { createCurrent, createNamespace, createPatchRegistry, sealExports } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 * import v8 from 'node:v8'
 *
 * const exports = { ...v8 }
 * using patches = createPatchRegistry()
 * sealExports({ id: 'v8', exports, patches, current: createCurrent() })
 * using ns = createNamespace({ name: 'a' })
 * assert.throws(() => ns.run(() => exports.setFlagsFromString('--no-opt')), { code: 'VISOR_UNSUPPORTED' })
 * ```
 */
export function sealExports(options: SealOptions): void {
  const rows = supportRows(options.id)
  const seal: Seal = { ...options, rows }
  // Anybody may add to the global object; what is Node's there is in the table.
  const isOpen = options.id === 'globalThis'
  for (const key of ownKeys(options.exports)) {
    if (typeof key !== 'string' || (typeof options.exports === 'function' && functionOwn.has(key))) continue
    const support = rows.get(key)?.support ?? (isOpen ? 'pure' : 'denied')
    if (support === 'denied') deny(seal, options.exports, key, key)
    else if (support === 'host') gate(seal, options.exports, key, key)
  }
  for (const { name, dot, support } of innerRowsOf(rows)) sealInner(seal, name, dot, support)
}

/** A row of the support table about what an export object holds, of which it is to be sealed. */
interface InnerRow {
  readonly name: string
  readonly dot: number
  readonly support: 'denied' | 'host'
}

const innerRows = new WeakMap<object, readonly InnerRow[]>()

/** They are few, and looked for once: each guest in a context has its exports sealed. */
function innerRowsOf(rows: Seal['rows']): readonly InnerRow[] {
  let found = innerRows.get(rows)
  if (found === undefined) {
    found = [...rows].flatMap(([name, { support }]) => {
      const dot = name.indexOf('.')
      return dot > 0 && (support === 'denied' || support === 'host') ? [{ name, dot, support }] : []
    })
    innerRows.set(rows, found)
  }
  return found
}

/** Seals what an export object holds. */
function sealInner(seal: Seal, name: string, dot: number, support: 'denied' | 'host'): void {
  const outerName = name.slice(0, dot)
  const outer = getOwnPropertyDescriptor(seal.exports, outerName)
  // What an area has put in its place, it has closed as well.
  if (outer === undefined || seal.patches.has(seal.exports, outerName)) return
  // A getter may load much (crypto.subtle does): what is only gated is not worth that.
  const holder = outer.get !== undefined && support === 'denied' ? apply(outer.get, seal.exports, []) : outer.value
  const key = name.slice(dot + 1)
  if (holder === null || typeof holder !== 'object' || getOwnPropertyDescriptor(holder, key) === undefined) return
  if (support === 'denied') deny(seal, holder, key, name)
  else gate(seal, holder, key, name)
}

function deny(seal: Seal, target: object, key: string, name: string): void {
  const descriptor = getOwnPropertyDescriptor(target, key)
  if (descriptor === undefined || seal.patches.has(target, key)) return
  const { value, get } = descriptor as { value?: unknown; get?: () => unknown }
  if (get === undefined && !isPowerful(value)) return
  if (descriptor.configurable !== true) throw unsupported(apiName(seal.id, name), 'Node does not let it be replaced')
  if (get === undefined) seal.patches.patch(target, key, { value: deniedValue(seal, value, name) })
  else denyAccessor(seal, target, key, name, get)
}

/** An accessor without a value stays without one, so that programs which look for the feature find that it is missing. */
function denyAccessor(seal: Seal, target: object, key: string, name: string, get: () => unknown): void {
  seal.patches.patch(target, key, {
    get(this: unknown) {
      return deniedValue(seal, apply(get, this, []), name)
    },
    set(value: unknown) {
      defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
    },
  })
}

/** Whether a value is more than data. */
function isPowerful(value: unknown): value is Callable | object {
  return typeof value === 'function' || (typeof value === 'object' && value !== null)
}

function deniedValue(seal: Seal, value: unknown, name: string): unknown {
  if (!isPowerful(value)) return value
  if (typeof value !== 'function') return deniedObject(seal, value, name)
  return createDispatcher(value as Callable, seal.current, () => refusing(() => refusalOf(seal.id, name)))
}

/** A function that throws, however it is called. */
function refusing(refusal: () => VisorError | undefined): Callable {
  return function refuse() {
    throw refusal()
  }
}

/** An object whose properties cannot be read by a guest, but for those that the table lists as allowed. */
function deniedObject(seal: Seal, object: object, name: string): object {
  const check = (key: PropertyKey): void => {
    if (typeof key !== 'string' || seal.current() === undefined) return
    const inner = `${name}.${key}`
    if ((seal.rows.get(inner)?.support ?? 'denied') === 'denied')
      throw unsupported(apiName(seal.id, inner), seal.rows.get(name)?.reason)
  }
  return new Proxy(object, {
    get(target, key) {
      check(key)
      return Reflect.get(target, key) as unknown
    },
    set(target, key, value) {
      check(key)
      return Reflect.set(target, key, value)
    },
    getOwnPropertyDescriptor(target, key) {
      check(key)
      return getOwnPropertyDescriptor(target, key)
    },
  })
}

/** Makes a function that works on the host ask the policy first. What is no function has nothing to ask with. */
function gate(seal: Seal, target: object, key: string, name: string): void {
  // The descriptor comes last: what Node makes when it is first read, it makes for its descriptor as well.
  if (seal.owner !== undefined && refusalOf(seal.id, name, seal.owner.policy) === undefined) return
  if (seal.patches.has(target, key)) return
  const descriptor = getOwnPropertyDescriptor(target, key)
  if (typeof descriptor?.value !== 'function' || descriptor.configurable !== true) return
  const original = descriptor.value as Callable
  const select = (ns: Namespace): Callable => {
    const refusal = refusalOf(seal.id, name, ns.policy)
    return refusal === undefined ? original : refusing(() => refusal)
  }
  seal.patches.patch(target, key, { value: createDispatcher(original, seal.current, select) })
}

function apiName(id: string, name: string | undefined): string {
  const bare = id.startsWith('node:') ? id.slice(5) : id
  if (name === undefined) return `node:${bare}`
  return bare === 'globalThis' ? name : `${bare}.${name}`
}

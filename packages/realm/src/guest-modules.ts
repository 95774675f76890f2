import { apply, builtin, defineProperty, getOwnPropertyDescriptor } from '@libvisor/abi'
import { createPatchRegistry, livenessOf, mimic, refusalOf, sealExports } from '@libvisor/core'
import type { BoundSet, Namespace } from '@libvisor/core'
import type { ContextRealm } from './context-realm.native.ts'
import { createComparison } from './guest-modules-comparison.ts'
import { createGuestQuerystring } from './guest-modules-querystring.ts'
import { adoptionRules } from './guest-modules.table.ts'
import { copiedPropertiesOf } from './guest-modules-properties.ts'
import { createGuestVm } from './guest-modules-vm.native.ts'

/** What the built-ins of a guest are made of. */
export interface GuestModulesOptions {
  readonly ns: Namespace
  readonly realm: ContextRealm
  /** The modules of the areas, as the guest sees them. */
  readonly bound: readonly BoundSet[]
  /** Has the hooks of a built-in installed before it is used. @param id - without `node:` */
  readonly ask: (id: string) => void
  /** Built-ins that are made elsewhere, such as `module`. Each is given out as it is. @defaultValue none */
  readonly extra?: Readonly<Record<string, () => object>>
}

/** The built-ins of one guest. */
export interface GuestModules extends Disposable {
  /**
   * The exports of a built-in as the guest has them.
   *
   * @param id - its name, without `node:`
   * @returns the same object each time; `undefined` when this Node has no such built-in
   * @throws {VisorError} VISOR_UNSUPPORTED, VISOR_DENIED when the guest may not have it
   */
  get(id: string): object | undefined
}

type Callable = (...args: never[]) => unknown
/** How a function is made over for the guest. */
type Kind = 'callbacks' | 'compares' | 'results'

const { create, isFrozen } = Object
const { getPrototypeOf, setPrototypeOf } = Reflect
const { isArray } = Array
const { bind } = Function.prototype
const { slice } = Array.prototype

/** Modules of the areas that are made for one guest, and of its realm already: their own code calls what the guest assigns. */
const notCopied: ReadonlySet<string> = new Set(['fs', 'fs/promises', 'process'])

/** Whether exports of the host's are no guest's to change: they are frozen, or an object of a class that all guests have. */
const isKept = (id: string, exports: object): boolean => id === 'stream/promises' || isFrozen(exports)

/** Modules that are functions and can be made over: calling the copy calls the original. */
const callableModules: ReadonlySet<string> = new Set(['assert', 'assert/strict'])

/**
 * Makes the built-ins of a guest: copies of the host's exports, so that what the guest assigns to one is its own, with the functions of
 * the areas in place, and with functions whose results belong to the guest's realm.
 *
 * @param options - whose they are
 * @returns the built-ins, each made when it is first asked for
 * @example
 * ```ts
 * import { createNamespace } from '@libvisor/core'
 * import { createContextRealm, createGuestModules } from '@libvisor/realm'
 * import assert from 'node:assert/strict'
 * import path from 'node:path'
 *
 * using realm = createContextRealm({ name: 'api' })
 * using ns = createNamespace({ name: 'api', intrinsics: realm.intrinsics })
 * using modules = createGuestModules({ ns, realm, bound: [], ask() {} })
 * const guestPath = modules.get('path') as typeof path
 * assert.notEqual(guestPath, path)
 * assert.equal(guestPath.join('/a', 'b'), '/a/b')
 * assert.ok(realm.owns(guestPath.parse('/a/b')))
 * assert.equal(modules.get('no-such-module'), undefined)
 * ```
 */
export function createGuestModules(options: GuestModulesOptions): GuestModules {
  const { ns, realm, bound, ask, extra = {} } = options
  const made = new Map<string, object>()
  /** Copies by what they are copies of, so that what is one object on the host is one in the guest. */
  const copies = new Map<object, object>()
  const { kit } = realm
  const adopt = realm.adopt as (value: unknown) => unknown
  const comparison = createComparison(realm)
  const patches = createPatchRegistry()

  const special: Readonly<Record<string, () => object>> = {
    vm: () =>
      createGuestVm({
        realm,
        copy: (exports) => copyExports(exports, 'vm'),
        errors: ns.errors,
        withModules: hasFlag('--experimental-vm-modules'),
      }),
    console: () => realm.global.console,
    querystring: () => createGuestQuerystring(realm, (exports) => copyExports(exports, 'querystring')),
    ...extra,
  }

  const hasFlag = (flag: string): boolean => {
    const { execArgv, env } = get('process') as NodeJS.Process
    return execArgv.includes(flag) || (env['NODE_OPTIONS'] ?? '').split(' ').includes(flag)
  }

  function make(id: string): object | undefined {
    const maker = special[id]
    if (maker !== undefined) {
      ask(id)
      return maker()
    }
    const fromArea = bound.find(({ modules }) => id in modules)?.modules[id]
    ask(id)
    const exports = fromArea === undefined ? (builtin(id) as object) : fromArea()
    realm.adoptLate(id)
    if (id === 'process' && exports !== builtin(id)) adoptArguments(exports as NodeJS.Process)
    if (fromArea === undefined ? isKept(id, exports) : notCopied.has(id)) return exports
    return copyExports(exports, id)
  }

  function adoptArguments({ argv, execArgv }: NodeJS.Process): void {
    adopt(argv)
    adopt(execArgv)
  }

  function copyExports(exports: object, id: string): object {
    if (typeof exports !== 'function') return copyObject(exports, id, getPrototypeOf(kit.object()))
    return callableModules.has(id) ? copyFunction(exports as Callable, id) : exports
  }

  function copyObject(source: object, id: string, proto: object | null): object {
    const known = copies.get(source)
    if (known !== undefined) return known
    // What the guest has put on the prototype is not to be found while properties are assigned.
    const copy = {}
    copies.set(source, copy)
    copyProperties(source, copy, id)
    setPrototypeOf(copy, proto)
    return copy
  }

  /** A bound function shows in no stack, so that what finds its caller there still does. */
  function copyFunction(source: Callable, id: string): object {
    const known = copies.get(source)
    if (known !== undefined) return known
    const copy = mimicWhole(source, apply(bind, source, [undefined]) as Callable)
    copies.set(source, copy)
    copyProperties(source, copy, id)
    return setRealm(copy)
  }

  function copyProperties(source: object, copy: object, id: string): void {
    const kinds = kindsOf(id)
    const target = copy as Record<PropertyKey, unknown>
    for (const { key, descriptor, isConstant, isOrdinary } of copiedPropertiesOf(source)) {
      if (typeof source === 'function' && functionOwn.has(key)) continue
      if (!isConstant) {
        const kind = kinds.get(key)
        const nested = `${id}/${String(key)}`
        if (!('value' in descriptor)) {
          defineProperty(copy, key, copyAccessor(source, descriptor, kind, nested))
          continue
        }
        descriptor.value = copyValue(descriptor.value, kind, nested)
      }
      if (isOrdinary) target[key] = descriptor.value as unknown
      else defineProperty(copy, key, descriptor)
    }
  }

  function copyAccessor(
    source: object,
    { get, set, enumerable = true }: PropertyDescriptor,
    kind: Kind | undefined,
    id: string,
  ): PropertyDescriptor {
    return {
      // Some accessors of Node's replace themselves: the host's exports stay as they are.
      ...(get && { get: () => copyValue(apply(get, create(source), []) as unknown, kind, id) }),
      ...(set && {
        set(this: unknown, value: unknown) {
          apply(set, this, [value])
        },
      }),
      enumerable,
      configurable: true,
    }
  }

  function copyValue(value: unknown, kind: Kind | undefined, id: string): unknown {
    if (typeof value === 'function') return copyMember(value as Callable, kind, id)
    if (typeof value !== 'object' || value === null || isFrozen(value)) return value
    const proto = getPrototypeOf(value)
    if (isArray(value)) return copyArray(value)
    return proto === null || proto === Object.prototype
      ? copyObject(value, id, proto && getPrototypeOf(kit.object()))
      : value
  }

  function copyArray(source: unknown[]): unknown {
    let copy = copies.get(source)
    if (copy === undefined) {
      copy = apply(slice, source, []) as unknown[]
      setPrototypeOf(copy, getPrototypeOf(kit.array()))
      copies.set(source, copy)
    }
    return copy
  }

  function copyMember(fn: Callable, kind: Kind | undefined, id: string): unknown {
    const known = copies.get(fn)
    if (known !== undefined) return known
    if (callableModules.has(id)) return copyFunction(fn, id)
    if (kind === undefined) return fn
    const copy =
      kind === 'compares'
        ? comparison(fn)
        : kind === 'results'
          ? kit.adopting(fn, adopt)
          : kit.adoptingCallback(holding(ns, fn), adopt)
    copies.set(fn, mimic(fn, copy))
    return copy
  }

  const setRealm = (fn: Callable): Callable => {
    setPrototypeOf(fn, getPrototypeOf(kit.object) as object)
    return fn
  }

  function get(id: string): object | undefined {
    const known = made.get(id)
    if (known !== undefined) return known
    if (special[id] === undefined && builtin(id) === undefined) return undefined
    const refusal = refusalOf(id, undefined, ns.policy)
    if (refusal !== undefined) throw refusal
    const exports = make(id)
    if (exports !== undefined) made.set(id, exports)
    // What all guests have in common holds nothing that is denied; `process` has been closed by its area.
    if (exports !== undefined && exports !== builtin(id) && id !== 'process')
      sealExports({ id, exports, patches, current: () => ns, owner: ns })
    return exports
  }

  return {
    get,

    [Symbol.dispose]() {
      made.clear()
      copies.clear()
    },
  }
}

/** Lets a function keep its guest alive until it calls back: Node lists no work of its thread pool. */
function holding(ns: Namespace, fn: Callable): Callable {
  return function (this: unknown, ...args: unknown[]): unknown {
    const callback = args.at(-1)
    if (typeof callback !== 'function') return apply(fn as (...args: unknown[]) => unknown, this, args)
    const release = livenessOf(ns).hold()
    const last = function (this: unknown, ...results: unknown[]): unknown {
      release()
      return apply(callback as (...args: unknown[]) => unknown, this, results)
    }
    try {
      return apply(fn as (...args: unknown[]) => unknown, this, [...args.slice(0, -1), last])
    } catch (error) {
      release()
      throw error
    }
  }
}

/** Own properties of functions that are not API of the module which the function is. */
const functionOwn: ReadonlySet<PropertyKey> = new Set(['arguments', 'caller', 'length', 'name', 'prototype'])

/** Copies what {@link mimic} does, and the prototype, which a bound function lacks. */
function mimicWhole(from: Callable, to: Callable): Callable {
  for (const key of functionOwn) {
    const descriptor = getOwnPropertyDescriptor(from, key)
    if (descriptor !== undefined) defineProperty(to, key, { ...descriptor, configurable: true })
  }
  return to
}

const parsed = new Map<string, ReadonlyMap<PropertyKey, Kind>>()

/** The rules for the exports of a module, or of an object in one: `path/posix`, `fs/promises`. */
function kindsOf(id: string): ReadonlyMap<PropertyKey, Kind> {
  let kinds = parsed.get(id)
  if (kinds === undefined) {
    const rules = adoptionRules[id] ?? {}
    const entries: [PropertyKey, Kind][] = []
    for (const kind of ['results', 'callbacks', 'compares'] as const) {
      for (const name of (rules[kind] ?? '').split(/\s+/)) if (name !== '') entries.push([name, kind])
    }
    parsed.set(id, (kinds = new Map(entries)))
  }
  return kinds
}

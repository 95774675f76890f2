import { apply, builtin, defineProperty, getOwnPropertyDescriptor } from '@libvisor/abi'
import { livenessOf, mimic } from '@libvisor/core'
import type { Namespace } from '@libvisor/core'
import type { ContextRealm } from './context-realm.native.ts'
import { createComparison } from './guest-modules-comparison.ts'
import { copiedPropertiesOf } from './guest-modules-properties.ts'
import { adoptionRules } from './guest-modules.table.ts'

/** Copies of the host's exports, for one realm. */
export interface ModuleCopies extends Disposable {
  /**
   * The copy of a module's exports.
   *
   * @param exports - what the host has
   * @param id - its name, without `node:`
   * @returns the same object each time; what cannot be copied as it is
   */
  copyOf(exports: object, id: string): object
  /** Copies what guests of this thread have had copied before: it is likely that the next one asks for it as well. */
  copyAhead(): void
  /** Says whose the realm is, before any of the copied functions is called. */
  give(ns: Namespace): void
}

type Callable = (...args: never[]) => unknown
/** How a function is made over for the guest. */
type Kind = 'callbacks' | 'compares' | 'results'

/** Exports of the host's that guests of this thread have had copied. */
const usual = new Map<string, object>()
/** What the last guest has had copied that is not the built-in itself: another's own, or of all guests again. */
const latest = new Map<string, WeakRef<object>>()

const { create, isFrozen } = Object
const { getPrototypeOf, setPrototypeOf } = Reflect
const { isArray } = Array
const { bind } = Function.prototype
const { slice } = Array.prototype

/** Modules that are functions and can be made over: calling the copy calls the original. */
const callableModules: ReadonlySet<string> = new Set(['assert', 'assert/strict'])

/**
 * Makes what copies modules for a realm. Whose the realm is may be said later: copies can be made ahead.
 *
 * @param realm - the guest's, to which the copies and their results belong
 * @returns the copies
 * @example
 * ```ts
 * import { createContextRealm, createModuleCopies } from '@libvisor/realm'
 * import assert from 'node:assert/strict'
 * import path from 'node:path'
 *
 * using realm = createContextRealm({ name: 'api' })
 * using copies = createModuleCopies(realm)
 * const copy = copies.copyOf(path, 'path') as typeof path
 * copy.join = () => 'of the guest alone'
 * assert.equal(path.join('/a', 'b'), '/a/b')
 * assert.equal(copies.copyOf(path, 'path'), copy)
 * ```
 */
export function createModuleCopies(realm: ContextRealm): ModuleCopies {
  /** Copies by what they are copies of, so that what is one object on the host is one in the guest. */
  const copies = new Map<object, object>()
  const { kit } = realm
  const adopt = realm.adopt as (value: unknown) => unknown
  const comparison = createComparison(realm)
  let ns: Namespace | undefined

  const owner = (): Namespace => {
    if (ns === undefined) throw new TypeError('a built-in is used in a realm that is nobody’s')
    return ns
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
          : kit.adoptingCallback(holding(owner, fn), adopt)
    copies.set(fn, mimic(fn, copy))
    return copy
  }

  const setRealm = (fn: Callable): Callable => {
    setPrototypeOf(fn, getPrototypeOf(kit.object) as object)
    return fn
  }

  return {
    copyOf(exports, id) {
      if (!usual.has(id)) {
        if (exports === builtin(id) || (latest.get(id)?.deref() === exports && !copies.has(exports)))
          usual.set(id, exports)
        else latest.set(id, new WeakRef(exports))
      }
      return copyExports(exports, id)
    },

    copyAhead() {
      for (const [id, exports] of usual) copyExports(exports, id)
    },

    give: (to) => void (ns = to),
    [Symbol.dispose]: () => copies.clear(),
  }
}

/** Lets a function keep its guest alive until it calls back: Node lists no work of its thread pool. */
function holding(owner: () => Namespace, fn: Callable): Callable {
  return function (this: unknown, ...args: unknown[]): unknown {
    const callback = args.at(-1)
    if (typeof callback !== 'function') return apply(fn as (...args: unknown[]) => unknown, this, args)
    const release = livenessOf(owner()).hold()
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

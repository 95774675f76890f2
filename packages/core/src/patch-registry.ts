import { defineProperty, getOwnPropertyDescriptor, ownKeys } from '@libvisor/abi'
import { VisorError } from './visor-error.ts'

/** A property that has been replaced, and what it was. */
interface Patch {
  readonly target: object
  readonly key: PropertyKey
  readonly original: PropertyDescriptor | undefined
}

/**
 * Replaces properties and puts them back: the only way in which libvisor changes an object that it did not make.
 */
export interface PatchRegistry extends Disposable {
  /** How many properties are patched. */
  readonly size: number
  /**
   * Replaces a property.
   *
   * @param target - the object to change
   * @param key - the property
   * @param descriptor - what takes its place; what is left out stays as it was
   * @throws {VisorError} VISOR_LOADED_TWICE when the property is patched already
   */
  patch(target: object, key: PropertyKey, descriptor: PropertyDescriptor): void
  /**
   * Whether a property is patched.
   *
   * @param target - the object
   * @param key - the property
   */
  has(target: object, key: PropertyKey): boolean
  /** Restores everything, last patched first. Calling it again does nothing. */
  [Symbol.dispose](): void
}

/**
 * Makes an empty registry.
 *
 * @returns the registry; disposing of it restores what it patched
 * @example
 * ```ts
 * import { createPatchRegistry } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const target = { greet: () => 'hello' }
 * {
 *   using patches = createPatchRegistry()
 *   patches.patch(target, 'greet', { value: () => 'patched' })
 *   assert.equal(target.greet(), 'patched')
 * }
 * assert.equal(target.greet(), 'hello')
 * ```
 */
export function createPatchRegistry(): PatchRegistry {
  const patches: Patch[] = []
  const patched = new WeakMap<object, Set<PropertyKey>>()

  return {
    get size() {
      return patches.length
    },

    patch(target, key, descriptor) {
      let keys = patched.get(target)
      if (keys === undefined) patched.set(target, (keys = new Set()))
      if (keys.has(key)) {
        throw new VisorError('VISOR_LOADED_TWICE', `${String(key)} is patched already`, {
          hint: 'Load libvisor once per realm: dispose of the first one, or remove the second --import.',
        })
      }
      const original = getOwnPropertyDescriptor(target, key)
      const isData = 'value' in descriptor || 'writable' in descriptor
      const defaults: PropertyDescriptor = isData
        ? { writable: original?.writable ?? true, enumerable: original?.enumerable ?? true, configurable: true }
        : { enumerable: original?.enumerable ?? true, configurable: true }
      defineProperty(target, key, { ...defaults, ...descriptor })
      keys.add(key)
      patches.push({ target, key, original })
    },

    has(target, key) {
      return patched.get(target)?.has(key) ?? false
    },

    [Symbol.dispose]() {
      for (let patch = patches.pop(); patch !== undefined; patch = patches.pop()) {
        const { target, key, original } = patch
        if (original === undefined) Reflect.deleteProperty(target, key)
        else defineProperty(target, key, original)
        patched.get(target)?.delete(key)
      }
    },
  }
}

const { defineProperty: tryDefineProperty } = Reflect

/**
 * Copies a function's own properties (`length`, `name`, `util.promisify.custom`, …) to the one that replaces it.
 *
 * @param from - the original
 * @param to - its replacement
 * @returns the replacement
 * @example
 * ```ts
 * import { mimic } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 * import fs from 'node:fs'
 * import { promisify } from 'node:util'
 *
 * const exists = mimic(fs.exists, () => {})
 * assert.equal(exists.name, 'exists')
 * assert.equal(exists.length, 2)
 * assert.equal(promisify(exists), promisify(fs.exists))
 * ```
 */
export function mimic<T extends object>(from: object, to: T): T {
  for (const key of ownKeys(from)) {
    if (key === 'prototype') continue
    const descriptor = getOwnPropertyDescriptor(from, key)
    if (descriptor === undefined) continue
    descriptor.configurable = true
    // What cannot be changed stays as it is.
    tryDefineProperty(to, key, descriptor)
  }
  return to
}

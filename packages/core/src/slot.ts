/**
 * A typed place in a namespace. Each area defines one for its model; who has the slot can get the model.
 */
export interface Slot<T> {
  readonly name: string
  /** Never present: carries the type. */
  readonly type?: T
}

/**
 * Defines a slot.
 *
 * @param name - what error messages call it
 * @returns a new slot; two slots of one name are different
 * @example
 * ```ts
 * import { createNamespace, defineSlot } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const greeting = defineSlot<string>('greeting')
 * const ns = createNamespace({ name: 'a' })
 * ns.provide(greeting, 'hello')
 * assert.equal(ns.get(greeting), 'hello')
 * ```
 */
export function defineSlot<T>(name: string): Slot<T> {
  return Object.freeze({ name })
}

import type { Clock, Entropy, FileView, Identity, SocketFiles, Stdio } from './interfaces.ts'

/** The slots of the interfaces through which the areas meet. */
export const slots = Object.freeze({
  clock: defineSlot<Clock>('clock'),
  identity: defineSlot<Identity>('identity'),
  entropy: defineSlot<Entropy>('entropy'),
  stdio: defineSlot<Stdio>('stdio'),
  fileView: defineSlot<FileView>('file view'),
  socketFiles: defineSlot<SocketFiles>('socket files'),
})

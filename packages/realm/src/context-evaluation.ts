import { construct, defineProperty, getOwnPropertyDescriptor } from '@libvisor/abi'
import { mimic } from '@libvisor/core'
import type { RealmKit } from './context-kit.ts'

/**
 * Makes `constructor` of the host's functions evaluate a guest's source in the guest's realm: guests hold functions of the host, and
 * `setTimeout.constructor('return this')()` would give them its global object.
 *
 * @param hostKit - of the host's realm
 * @param kitOfGuest - the kit of the realm whose code is running; `undefined` where it is the host's
 */
export function routeEvaluation(hostKit: RealmKit, kitOfGuest: () => RealmKit | undefined): void {
  for (const [kind, original] of hostKit.functionConstructors.entries()) {
    const routed = function (...source: never[]): unknown {
      const kit = kitOfGuest()
      return kit === undefined ? construct(original, source, new.target ?? original) : kit.evaluate(kind, source)
    }
    mimic(original, routed)
    const { prototype } = original as unknown as { prototype: object }
    defineProperty(routed, 'prototype', { value: prototype, writable: false })
    const descriptor = getOwnPropertyDescriptor(prototype, 'constructor')
    defineProperty(prototype, 'constructor', { ...descriptor, value: routed })
  }
}

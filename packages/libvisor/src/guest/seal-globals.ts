import { closedGlobals } from '@libvisor/core'
import type { Policy } from '@libvisor/core'

/**
 * Closes what a guest must not get from the global object. Few programs touch any of it: what closes it is loaded when
 * one first does.
 *
 * @param global - the global object of the guest's realm
 * @param policy - of the guest
 * @param seal - closes the global object, with all that it takes
 */
export function sealGlobals(global: typeof globalThis, policy: Policy, seal: () => void): void {
  const closed = closedGlobals(policy).filter((name) => Object.hasOwn(global, name.split('.', 1)[0] ?? name))
  // A getter in its place would show what a property holds to those who read it from elsewhere.
  if (closed.some((name) => name.includes('.'))) return seal()

  const originals = closed.map((name) => [name, Object.getOwnPropertyDescriptor(global, name)] as const)
  if (originals.some(([, descriptor]) => descriptor?.configurable !== true)) return seal()
  const open = (): void => {
    if (originals.length === 0) return
    for (const [name, descriptor] of originals.splice(0)) {
      if (descriptor !== undefined) Object.defineProperty(global, name, descriptor)
    }
    seal()
  }
  for (const [name, descriptor] of [...originals]) {
    Object.defineProperty(global, name, {
      get(): unknown {
        open()
        return Reflect.get(global, name)
      },
      set(value: unknown) {
        open()
        Reflect.set(global, name, value)
      },
      enumerable: descriptor?.enumerable === true,
      configurable: true,
    })
  }
}

import type { RealmKit } from './context-kit.ts'

/** What the prototype of an intrinsic constructor is the prototype of, in whatever realm. Holds no realm alive. */
const kinds = new WeakMap<object, string>()

const { getPrototypeOf } = Reflect

/**
 * Makes `instanceof` in one realm accept the objects that others have made with the constructors of the same name.
 *
 * @param global - the global object of the realm
 * @param names - of constructors on it
 * @param kit - of the realm
 */
export function acceptKin(global: object, names: readonly string[], kit: RealmKit): void {
  for (const name of names) {
    const constructor = (global as Record<string, unknown>)[name] as { prototype: object } & (() => unknown)
    kinds.set(constructor.prototype, name)
    kit.accept(constructor, isKinOf(name))
  }
}

const tests = new Map<string, (value: object) => boolean>()

/** Whether the chain of an object leads to a prototype of that name, in any realm. */
function isKinOf(name: string): (value: object) => boolean {
  let test = tests.get(name)
  if (test === undefined) {
    test = (value) => {
      for (let proto = getPrototypeOf(value); proto !== null; proto = getPrototypeOf(proto)) {
        if (kinds.get(proto) === name) return true
      }
      return false
    }
    tests.set(name, test)
  }
  return test
}

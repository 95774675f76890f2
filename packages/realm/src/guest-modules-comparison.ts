import { apply } from '@libvisor/abi'
import type { ContextRealm } from './context-realm.native.ts'

type Callable = (...args: never[]) => unknown

/**
 * Makes functions that compare values take those of the host's realm for the guest's. Prototypes are exchanged only
 * where the values as they are differ, and only for the comparison.
 *
 * @param realm - the guest's
 * @returns makes over `assert.deepStrictEqual` and its like, or `util.isDeepStrictEqual`
 */
export function createComparison(realm: ContextRealm): (fn: Callable) => Callable {
  return (fn) => {
    const negated = fn.name.startsWith('not')
    const compared: Callable = realm.kit.calling((...args: never[]): unknown => {
      const compare = (): unknown => apply(fn, undefined, args)
      const asKin = (): unknown => realm.asKin(args.slice(0, 2), compare)
      if (negated) return asKin()
      try {
        const result = compare()
        return result === false ? asKin() : result
      } catch {
        return asKin()
      }
    })
    return compared
  }
}

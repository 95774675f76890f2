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

    /** Whether the values were found equal, or different where that is what was asked. */
    const holds = (result: () => unknown): boolean => {
      try {
        return result() !== false
      } catch {
        return false
      }
    }

    function compare(this: unknown, ...args: never[]): unknown {
      const compared = (): unknown => apply(fn, this, args)
      const values = args.slice(0, 2)
      // Frozen objects keep their prototypes: where one realm's are, the other's follow.
      const exchanged = (to: 'guest' | 'host', call: () => unknown): unknown => {
        const takeBack = realm.exchange(values, to)
        try {
          return realm.asErrors(call)
        } finally {
          takeBack()
        }
      }
      if (!negated) {
        if (holds(compared)) return compared()
        if (holds(() => exchanged('host', compared))) return exchanged('host', compared)
      }
      try {
        return exchanged('guest', compared)
      } catch (error) {
        throw withoutOwnFrames(error)
      }
    }
    return realm.kit.calling(compare)
  }
}

/** How the file of {@link makeRealmKit} is called, and how stacks show the functions of this package that it calls. */
const ownFrame = /^ {4}at .*\(node:internal\/libvisor\/context:\d+:\d+\)$/

/** A failed assertion's stack begins where it was called. */
function withoutOwnFrames(error: unknown): unknown {
  const stack: unknown = Reflect.get(Object(error) as object, 'stack')
  if (typeof stack !== 'string') return error
  const lines = stack.split('\n')
  const last = lines.findLastIndex((line) => ownFrame.test(line))
  const first = lines.findIndex((line) => line.startsWith('    at '))
  if (last === -1) return error
  lines.splice(first, last - first + 1)
  Reflect.set(error as object, 'stack', lines.join('\n'))
  return error
}

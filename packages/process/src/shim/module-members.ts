import { apply } from '@libvisor/abi'
import { originalModule, originalProcess } from '../originals.native.ts'
import { builtinModules } from '../state/ending.ts'
import { methods } from './members.ts'
import type { MemberContext, Members } from './members.ts'

/**
 * What of a process in a context leads to built-in modules and options.
 *
 * @param context - the namespace and what it is made of
 * @returns members of `process`
 */
export function moduleMembers({ ns, argument }: MemberContext): Members {
  let flags: unknown
  const hostFlags = Object.getOwnPropertyDescriptor(originalProcess, 'allowedNodeEnvironmentFlags')
  return {
    ...methods({
      getBuiltinModule(id: unknown): object | undefined {
        if (typeof id !== 'string') throw argument.type('id', 'of type string', id)
        if (!originalModule('module').isBuiltin(id)) return undefined
        return ns.get(builtinModules).get(id.startsWith('node:') ? id.slice(5) : id)
      },
    }),
    allowedNodeEnvironmentFlags: {
      get: () =>
        (flags ??=
          hostFlags?.get === undefined ? (hostFlags?.value as unknown) : apply(hostFlags.get, originalProcess, [])),
      set(value: unknown) {
        flags = value
      },
      enumerable: true,
      configurable: true,
    },
  }
}

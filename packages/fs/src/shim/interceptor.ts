import { getOwnPropertyDescriptor } from '@libvisor/abi'
import { createDispatcher, dispatchExports, isOneNamespace } from '@libvisor/core'
import type { BoundSet, CurrentNamespace, Interceptor, Namespace, Passes, Realm } from '@libvisor/core'
import { isOfOtherRealm } from './adopting.ts'
import { isContained } from './contained.ts'
import type { FsContext, LiveExports } from './context.ts'
import { createFsModules } from './fs-module.ts'
import type { FsModules } from './fs-module.ts'
import { hookSqlite } from './sqlite.ts'

type Exports = Record<PropertyKey, unknown>

/** The exports that Node keeps behind accessors, because they are loaded when first used. */
const STREAM_CLASSES = ['ReadStream', 'WriteStream', 'FileReadStream', 'FileWriteStream', 'Utf8Stream'] as const

/** Who owns a realm until it asks for the first time. */
const nobody: Pick<FsContext, 'isSame'> = { isSame: () => false }

/**
 * Makes the interceptor of `fs` and `fs/promises`, and of the files of `sqlite`.
 *
 * The file system of a namespace is asked for when the first call is made, in the slot {@link fileSystem}.
 *
 * @returns the interceptor
 * @example
 * ```ts
 * import { createFsInterceptor } from '@libvisor/fs'
 * import assert from 'node:assert/strict'
 *
 * const interceptor = createFsInterceptor()
 * assert.equal(interceptor.area, 'fs')
 * ```
 */
export function createFsInterceptor(): Interceptor {
  const modules = new WeakMap<Namespace, FsModules>()
  // Asked for at every call: nearly always by the same namespace as before.
  let latest: { readonly ns: Namespace; readonly made: FsModules } | undefined
  const modulesOf = (ns: Namespace): FsModules => {
    if (latest?.ns === ns) return latest.made
    let made = modules.get(ns)
    if (made === undefined) modules.set(ns, (made = createFsModules(ns)))
    latest = { ns, made }
    return made
  }

  return {
    area: 'fs',
    ahead: ['fs', 'fs/promises'],

    bind(ns: Namespace): BoundSet {
      const bound = (): FsModules => {
        const made = modulesOf(ns)
        // A guest with a realm of its own holds these very objects.
        if (isOfOtherRealm(ns)) made.context.live ??= made.fs as unknown as LiveExports
        return made
      }
      return {
        modules: { fs: () => bound().fs, 'fs/promises': () => bound().promises },
        globals: {},
        [Symbol.dispose]() {
          modules.delete(ns)
          if (latest?.ns === ns) latest = undefined
        },
      }
    },

    install(realm: Realm, current: CurrentNamespace): Disposable {
      let owner: Pick<FsContext, 'isSame'> = nobody
      const bound = (ns: Namespace): Exports => {
        const made = modulesOf(ns)
        if (realm.kind === 'own') {
          made.context.live ??= live
          if (owner === nobody) owner = made.context
        }
        return made.fs as unknown as Exports
      }
      // Whoever asks in a realm of its own is its owner, or an original.
      const passes: Passes = (path) => owner.isSame(path) && isOneNamespace()
      // `fs.promises` leads there without asking for the module.
      const patchPromises = (exports: Exports): void =>
        dispatchExports({ realm, current, exports, bound: (ns) => modulesOf(ns).promises })
      let live: LiveExports | undefined
      realm.whenAsked('fs', (exports) => {
        live = exports as unknown as LiveExports
        patchFs({ realm, current, exports, bound }, passes)
        patchPromises(exports.promises as Exports)
      })
      realm.whenAsked('fs/promises', patchPromises)
      realm.whenAsked('sqlite', (exports) =>
        hookSqlite(exports, { realm, current, contextOf: (ns) => modulesOf(ns).context }),
      )
      return { [Symbol.dispose]() {} }
    },
  }
}

interface FsPatches {
  readonly realm: Realm
  readonly current: CurrentNamespace
  readonly exports: Exports
  readonly bound: (ns: Namespace) => Exports
}

/** @param passes - whether the original of a function that calls nothing which could be replaced may be given a path */
function patchFs({ realm, current, exports, bound }: FsPatches, passes: Passes): void {
  const { patches } = realm
  const nested = (name: string) => (ns: Namespace) => bound(ns)[name] as object
  // The classes of streams are constructed on behalf of whoever asks.
  for (const name of STREAM_CLASSES) {
    const descriptor = getOwnPropertyDescriptor(exports, name)
    if (descriptor?.get === undefined) continue
    let dispatcher: unknown
    const get = (): unknown => (dispatcher ??= createStreamClass(descriptor.get!.call(exports), current, nested(name)))
    const set = (value: unknown): void => void (dispatcher = value)
    patches.patch(exports, name, descriptor.set === undefined ? { get } : { get, set })
  }
  dispatchExports({ realm, current, exports, bound, passing: (key) => (isContainedSync(key) ? passes : undefined) })
  for (const name of ['realpath', 'realpathSync', 'exists']) {
    dispatchExports({ realm, current, exports: exports[name] as object, bound: nested(name) })
  }
}

function isContainedSync(key: PropertyKey): boolean {
  return typeof key === 'string' && key.endsWith('Sync') && isContained(key.slice(0, -'Sync'.length), 'sync')
}

type Callable = (...args: unknown[]) => unknown

function createStreamClass(original: unknown, current: CurrentNamespace, select: (ns: Namespace) => unknown): unknown {
  const dispatcher = createDispatcher(original as Callable, (receiver) => current(receiver), select)
  Object.setPrototypeOf(dispatcher, Object.getPrototypeOf(original) as object)
  return dispatcher
}

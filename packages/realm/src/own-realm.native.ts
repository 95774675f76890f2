import { builtin, host, original } from '@libvisor/abi'
import { createPatchRegistry } from '@libvisor/core'
import type { Realm } from '@libvisor/core'

/** How a realm is opened for patching in place. */
export interface InPlaceRealmOptions {
  /** `own`: all of the realm belongs to one namespace. `shared`: the host's, entered with `ns.run()`. */
  readonly kind: 'own' | 'shared'
  /**
   * Runs when a built-in is first asked for, after the hooks of the areas: closes what no area took over.
   *
   * @param id - the name of the built-in, without `node:`
   * @param exports - its exports
   * @defaultValue nothing is closed
   */
  readonly seal?: (id: string, exports: Record<PropertyKey, unknown>) => void
}

/** A realm that is patched in place. */
export interface InPlaceRealm extends Realm, Disposable {
  /** Makes what has been patched visible to ES modules that import built-ins. Patches made later do it themselves. */
  commit(): void
}

// Importing a built-in costs more at start: Node makes a module of it for that.
const { syncBuiltinESMExports } = original('module')

const loadedBuiltins = (): readonly string[] =>
  (host.process as unknown as { moduleLoadList: readonly string[] }).moduleLoadList

type Install = (exports: Record<PropertyKey, unknown>) => void

/** Built-ins that every start of Node loads, for itself. */
const loadedAtStart: ReadonlySet<string> = new Set([
  'async_hooks',
  'buffer',
  'diagnostics_channel',
  'events',
  'fs',
  'module',
  'path',
  'querystring',
  'timers',
  'url',
  'util',
])

/** What Node calls a built-in in its list of loaded modules. */
const loadedName = (id: string): string => `NativeModule ${id}`

/**
 * Opens the realm in which libvisor itself runs, to be patched in place.
 *
 * A built-in is patched when it is first asked for, so that a program pays for no module that it does not use: the
 * hooks wait in a table, and {@link Realm.ask} runs those of the module, and of every module that loading it has
 * brought along.
 *
 * @param options - whose realm it is
 * @returns the realm; disposing of it restores everything
 * @example
 * ```ts
 * import { openRealm } from '@libvisor/realm'
 * import assert from 'node:assert/strict'
 * import path from 'node:path'
 *
 * {
 *   using realm = openRealm({ kind: 'shared' })
 *   realm.whenAsked('path', (exports) => realm.patches.patch(exports, 'sep', { value: '|' }))
 *   realm.commit()
 *   realm.ask('path')
 *   assert.equal(path.sep, '|')
 * }
 * assert.equal(path.sep, '/')
 * ```
 */
export function openRealm(options: InPlaceRealmOptions): InPlaceRealm {
  const patches = createPatchRegistry()
  const waiting = new Map<string, Install[]>()
  const asked = new Set<string>()
  /** Built-ins that are sealed when the outermost question has been answered: hooks of one may ask for another. */
  let unsealed: string[] = []
  let depth = 0
  let committed = false

  /** Whether a built-in is loaded, and somebody else than Node itself may have caused it. */
  const isInUse = (id: string, loaded: readonly string[] = loadedBuiltins()): boolean =>
    asked.has(id) || ((options.kind === 'shared' || !loadedAtStart.has(id)) && loaded.includes(loadedName(id)))

  const exportsOf = (id: string): Record<PropertyKey, unknown> | undefined =>
    builtin(id) as Record<PropertyKey, unknown> | undefined

  const installWaiting = (id: string): void => {
    const installs = waiting.get(id)
    const exports = exportsOf(id)
    waiting.delete(id)
    if (installs !== undefined && exports !== undefined) for (const install of installs) install(exports)
  }

  const sealAsked = (): void => {
    const ids = unsealed
    unsealed = []
    for (const id of ids) options.seal?.(id, exportsOf(id) ?? {})
  }

  /** Shows ES modules what a function patches: they hold copies of the exports. */
  const publishing = (change: () => void): void => {
    const before = patches.size
    depth++
    try {
      change()
    } finally {
      depth--
    }
    if (depth > 0) return
    sealAsked()
    if (committed && patches.size !== before) syncBuiltinESMExports()
  }

  return {
    kind: options.kind,
    global: globalThis,
    patches,

    whenAsked(id, install) {
      const installs = waiting.get(id)
      if (installs !== undefined) installs.push(install)
      else waiting.set(id, [install])
      if (isInUse(id)) publishing(() => installWaiting(id))
    },

    ask(id) {
      if (asked.has(id)) return
      if (exportsOf(id) === undefined) return
      asked.add(id)
      unsealed.push(id)
      publishing(() => {
        // Loading http has loaded net as well, and Node's own http holds it already.
        const loaded = loadedBuiltins()
        for (const other of [...waiting.keys()]) if (isInUse(other, loaded)) installWaiting(other)
      })
    },

    commit() {
      committed = true
      syncBuiltinESMExports()
    },

    [Symbol.dispose]() {
      waiting.clear()
      patches[Symbol.dispose]()
      syncBuiltinESMExports()
    },
  }
}

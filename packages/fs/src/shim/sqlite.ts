import { apply, construct } from '@libvisor/abi'
import { createDispatcher, keepAlive, refusalOf, unsupported } from '@libvisor/core'
import type { CurrentNamespace, Namespace, Realm } from '@libvisor/core'
import type { ResolveIntent } from '../types.ts'
import type { FsContext } from './context.ts'

type Exports = Record<PropertyKey, unknown>
type Callable = (...args: unknown[]) => unknown
type Constructor = new (...args: unknown[]) => object

/** What hooks of `node:sqlite` are made of. */
export interface SqliteHookOptions {
  readonly realm: Realm
  readonly current: CurrentNamespace
  readonly contextOf: (ns: Namespace) => FsContext
}

/**
 * Hooks what opens database files. SQLite does that natively: it gets the host's file where the guest's path leads to a
 * directory of the host that the guest may write to, and is refused any other, so that nothing is written to the host
 * that was to stay in memory.
 *
 * @param exports - of `sqlite`
 * @param options - whose calls are hooked, and how a namespace resolves paths
 */
export function hookSqlite(exports: Exports, options: SqliteHookOptions): void {
  const { realm, current, contextOf } = options
  const Original = exports['DatabaseSync'] as Constructor
  const DatabaseSync = createDispatcher(
    Original as never,
    current,
    (ns) =>
      function GuestDatabase(this: unknown, path: unknown, ...rest: unknown[]): object {
        // Node's own refuses to be called without `new`.
        if (new.target === undefined) return apply(Original as never, this, [path, ...rest])
        const target = new.target === (GuestDatabase as unknown) ? Original : new.target
        const isReadOnly = (rest[0] as { readOnly?: unknown } | undefined)?.readOnly === true
        return construct(
          Original,
          [hostFile(contextOf(ns), path, isReadOnly ? 'read' : 'write', 'DatabaseSync'), ...rest],
          target,
        )
      },
  )
  realm.patches.patch(exports, 'DatabaseSync', { value: DatabaseSync })
  // Otherwise `database.constructor` is a way round this one.
  realm.patches.patch(Original.prototype as object, 'constructor', { value: DatabaseSync })

  const backup = exports['backup'] as Callable | undefined
  if (backup === undefined) return
  const dispatcher = createDispatcher(
    backup as never,
    current,
    (ns) =>
      (source: unknown, path: unknown, ...rest: unknown[]) => {
        const copying = backup(source, hostFile(contextOf(ns), path, 'write', 'backup'), ...rest) as Promise<unknown>
        // Node copies without a request that tells whose it is.
        const reference = keepAlive(ns)
        const release = (): void => reference[Symbol.dispose]()
        copying.then(release, release)
        return copying
      },
  )
  realm.patches.patch(exports, 'backup', { value: dispatcher })
}

/** The host's file that stands for a guest's; what is no path of a file is left to SQLite and to Node's own checks. */
function hostFile(context: FsContext, path: unknown, intent: ResolveIntent, name: string): unknown {
  const refusal = refusalOf('sqlite', name, context.ns.policy)
  if (refusal !== undefined) throw refusal
  const isPath = typeof path === 'string' || path instanceof Uint8Array || path instanceof URL
  if (!isPath || path === '' || path === ':memory:') return path
  const { uri, parameters } = readUri(path)
  if (uri === undefined && parameters !== undefined) return path
  const { shown, absolute } = context.path(uri ?? path)
  const host = context.process.resolve(absolute, intent, true)
  if (host === undefined) {
    throw unsupported(
      `sqlite.${name} of ${shown}`,
      'SQLite writes to files of the host only: mount one of its directories there, as with -v ./data:/data',
    )
  }
  return parameters === undefined ? host.path : `file:${encodeURI(host.path)}${parameters}`
}

/** SQLite takes URIs, with parameters that may ask for a database in memory, which has a name but no file. */
function readUri(path: string | Uint8Array | URL): { uri?: string; parameters?: string } {
  const text = path instanceof URL ? path.href : path
  if (typeof text !== 'string' || !text.startsWith('file:')) return {}
  const at = text.search(/[?#]|$/)
  const parameters = text.slice(at)
  if (text.startsWith('file::memory:') || /[?&]mode=memory\b/.test(parameters)) return { parameters }
  return { uri: decodeURI(text.slice('file:'.length, at)).replace(/^\/\/(?:localhost)?(?=\/)/, ''), parameters }
}

import type { Area } from './interceptor.ts'
import { supportTable } from './support.table.ts'

/**
 * How an export of a built-in behaves in a guest.
 *
 * - `pure`: it computes, and touches nothing outside; the host's own.
 * - `virtual`: it works on the namespace.
 * - `host`: it works on the host, where the policy allows it.
 * - `denied`: it throws a coded error that names it.
 */
export type Support = 'denied' | 'host' | 'pure' | 'virtual'

/** Names, separated by white space, and what is true of all of them. */
export type SupportRow = readonly [names: string, reason: string]

/**
 * The exports of one built-in, by how they behave. An export that is in no list is denied. What an export object holds
 * (`fs.promises.open`) behaves as the object does, unless its name with a dot, `promises.open`, is in a list.
 */
export interface ModuleSupport {
  /** The area whose interceptor owns the built-in; none where nobody needs to. */
  readonly area?: Area
  /** Names, separated by white space, of what is the host's own. */
  readonly pure?: string
  /** Names, separated by white space, of what the area replaces by the namespace's own. */
  readonly virtual?: string
  /** What is the host's own and yet works on the namespace, because it calls what an area replaces, which it names. */
  readonly rides?: readonly SupportRow[]
  readonly host?: readonly SupportRow[]
  readonly denied?: readonly SupportRow[]
  /** Why the built-in as a whole is denied. Nothing of it is listed then, and asking for it fails. */
  readonly deniedBecause?: string
  /** What is worth knowing of exports that are pure or virtual. */
  readonly notes?: readonly SupportRow[]
}

/** How one export, or a built-in as a whole, behaves in a guest. */
export interface SupportEntry {
  readonly support: Support
  /** Why it is `host` or `denied`; else what is worth knowing. */
  readonly reason?: string
  /** What an area replaces that the export works through: it is not itself replaced. */
  readonly ridesOn?: string
}

const { hasOwn } = Object
const parsed = new Map<string, ReadonlyMap<string, SupportEntry>>()

/**
 * How an export of a built-in, or the built-in as a whole, behaves in a guest.
 *
 * A built-in as a whole counts as `denied` when asking for it fails, and else as the most that one of its exports does:
 * `virtual`, `host`, `pure`, in this order.
 *
 * @param id - the name of a built-in, with or without `node:`, or `globalThis`
 * @param name - the name of an export; of what an export object holds, with a dot: `promises.open`
 * @returns the classification, or `undefined` where the table does not know the built-in or the export
 * @example
 * ```ts
 * import { supportOf } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * assert.equal(supportOf('fs', 'readFile')?.support, 'virtual')
 * assert.equal(supportOf('fs', 'promises.open')?.support, 'virtual')
 * assert.equal(supportOf('node:v8', 'setFlagsFromString')?.support, 'denied')
 * assert.equal(supportOf('node:ffi')?.support, 'denied')
 * assert.equal(supportOf('fs', 'noSuchExport'), undefined)
 * ```
 */
export function supportOf(id: string, name?: string): SupportEntry | undefined {
  const bare = bareId(id)
  const table = tableOf(bare)
  if (table === undefined) return undefined
  if (table.deniedBecause !== undefined) return { support: 'denied', reason: table.deniedBecause }
  if (name === undefined) return { support: mostOf(table) }
  const rows = rowsOf(bare, table)
  return rows.get(name) ?? rows.get(name.slice(0, Math.max(0, name.indexOf('.'))))
}

/** The built-ins that a guest cannot ask for, without `node:`, and why. */
export const deniedModules: ReadonlyMap<string, string> = new Map(
  Object.entries(supportTable).flatMap(([id, { deniedBecause }]) =>
    deniedBecause === undefined ? [] : [[id, deniedBecause]],
  ),
)

/**
 * All exports of a built-in that the table lists, in its order.
 *
 * @param id - the name of a built-in, with or without `node:`, or `globalThis`
 * @returns their classifications by name; empty where the built-in is denied as a whole, or unknown
 * @example
 * ```ts
 * import { supportRows } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * const denied = [...supportRows('cluster')].filter(([, { support }]) => support === 'denied')
 * assert.deepEqual(denied.map(([name]) => name), ['disconnect', 'fork', 'setupMaster', 'setupPrimary'])
 * ```
 */
export function supportRows(id: string): ReadonlyMap<string, SupportEntry> {
  const bare = bareId(id)
  const table = tableOf(bare)
  return table === undefined ? new Map() : rowsOf(bare, table)
}

/**
 * The built-ins of the table, without `node:`, and `globalThis`.
 *
 * @returns their names
 * @example
 * ```ts
 * import { supportedIds } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * assert.ok(supportedIds().includes('fs/promises'))
 * ```
 */
export function supportedIds(): readonly string[] {
  return Object.keys(supportTable)
}

/**
 * The area whose interceptor owns a built-in.
 *
 * @param id - the name of a built-in, with or without `node:`, or `globalThis`
 * @returns the area, or `undefined` where nobody needs to
 * @example
 * ```ts
 * import { areaOf } from '@libvisor/core'
 * import assert from 'node:assert/strict'
 *
 * assert.equal(areaOf('node:tls'), 'net')
 * ```
 */
export function areaOf(id: string): Area | undefined {
  return tableOf(bareId(id))?.area
}

function tableOf(bare: string): ModuleSupport | undefined {
  return hasOwn(supportTable, bare) ? supportTable[bare] : undefined
}

function bareId(id: string): string {
  return id.startsWith('node:') ? id.slice(5) : id
}

function mostOf(table: ModuleSupport): Support {
  if (table.virtual !== undefined || table.rides !== undefined) return 'virtual'
  if (table.host !== undefined) return 'host'
  return table.pure === undefined ? 'denied' : 'pure'
}

/** Parses the lists of a built-in when they are first needed. */
function rowsOf(bare: string, table: ModuleSupport): ReadonlyMap<string, SupportEntry> {
  let rows = parsed.get(bare)
  if (rows === undefined) parsed.set(bare, (rows = parseRows(table)))
  return rows
}

function parseRows(table: ModuleSupport): ReadonlyMap<string, SupportEntry> {
  const rows = new Map<string, SupportEntry>()
  const notes = new Map<string, string>()
  for (const [names, note] of table.notes ?? []) for (const name of split(names)) notes.set(name, note)
  const add = (names: string, entry: SupportEntry): void => {
    for (const name of split(names)) {
      const note = notes.get(name)
      rows.set(name, note === undefined ? entry : { ...entry, reason: note })
    }
  }
  add(table.pure ?? '', { support: 'pure' })
  add(table.virtual ?? '', { support: 'virtual' })
  for (const [names, ridesOn] of table.rides ?? []) add(names, { support: 'virtual', ridesOn })
  for (const [names, reason] of table.host ?? []) add(names, { support: 'host', reason })
  for (const [names, reason] of table.denied ?? []) add(names, { support: 'denied', reason })
  return rows
}

function split(names: string): string[] {
  return names.split(/\s+/).filter((name) => name !== '')
}

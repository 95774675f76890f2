import { areaOf, deniedModules, supportRows, supportedIds } from '../src/support.ts'
import type { Support, SupportEntry } from '../src/support.ts'
import type { ApiRecord } from './node-api-record.ts'
import { majorsWith } from './node-api-record.ts'

/** What a page says of each kind, in the order in which it lists them. */
const kinds: readonly (readonly [support: Support, meaning: string])[] = [
  ['virtual', 'works on the guest’s own files, network, clock, process or randomness'],
  ['pure', 'computes, and touches nothing outside: Node’s own'],
  ['host', 'works on the host, where the guest’s policy allows it'],
  ['denied', 'throws an error that names it'],
]

/** One or more exports of which the same is true. */
interface Group {
  readonly support: Support
  readonly reason: string
  readonly names: readonly string[]
}

/**
 * Makes the coverage page out of the support table.
 *
 * @param record - which versions of Node have which exports
 * @returns the page, in Markdown
 */
export function coveragePage(record: ApiRecord): string {
  const versions = Object.values(record.versions).map((version) => version.slice(1))
  const ids = supportedIds().toSorted()
  return [
    '# Coverage of Node’s API',
    '',
    '<!-- Made from packages/core/src/support.table.ts by packages/core/scripts/coverage.ts. Do not edit. -->',
    '',
    `Every export of every built-in of Node ${versions.slice(0, -1).join(', ')} and ${versions.at(-1)}, every property of`,
    '`process` and of the global object, and how it behaves in a guest. A test holds this page’s data against the running',
    'Node; what it does not list, a guest does not get: a call throws a coded error that names it.',
    '',
    ...kinds.map(([support, meaning]) => `- **${support}**: ${meaning}.`),
    '',
    'A number after a name says which versions have it, where not all do. “Through” names what an export works with: libvisor',
    'replaces that, and the export is Node’s own. What an export object holds (`fs.promises.open`) behaves as the object does',
    'where it is not listed.',
    '',
    summary(ids),
    '',
    ...ids.map((id) => section(id, record)),
  ].join('\n')
}

/** How many exports of each kind there are, by built-in. */
function summary(ids: readonly string[]): string {
  const rows = ids.map((id) => {
    const entries = [...supportRows(id).values()]
    const counts = kinds.map(([support]) => entries.filter((entry) => entry.support === support).length)
    return `| [${title(id)}](#${anchor(id)}) | ${areaOf(id) ?? ''} | ${deniedModules.has(id) ? ' | | | all' : counts.join(' | ')} |`
  })
  return [
    `| Built-in | Area | ${kinds.map(([support]) => support).join(' | ')} |`,
    `| :--- | :--- | ${kinds.map(() => '---:').join(' | ')} |`,
    ...rows,
  ].join('\n')
}

function section(id: string, record: ApiRecord): string {
  const heading = `## ${title(id)}\n`
  const reason = deniedModules.get(id)
  if (reason !== undefined) return `${heading}\nDenied as a whole: ${reason}.\n`
  const groups = groupsOf(supportRows(id))
  if (groups.length === 0) return `${heading}\nPure: its only export is a class of \`stream\`.\n`
  const rows = groups.map(({ support, reason, names }) => {
    const listed = names.map((name) => `\`${name}\`${versionsOf(record, id, name)}`).join(' ')
    return `| ${support} | ${listed} | ${reason} |`
  })
  return `${heading}\n| | Exports | |\n| :--- | :--- | :--- |\n${rows.join('\n')}\n`
}

function groupsOf(rows: ReadonlyMap<string, SupportEntry>): Group[] {
  const groups = new Map<string, Group & { names: string[] }>()
  for (const [name, entry] of rows) {
    const reason = reasonOf(entry)
    const key = `${entry.support} ${reason}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { support: entry.support, reason, names: [name] })
    else group.names.push(name)
  }
  const order = kinds.map(([support]) => support)
  return [...groups.values()]
    .map((group) => ({ ...group, names: group.names.toSorted() }))
    .sort((a, b) => order.indexOf(a.support) - order.indexOf(b.support) || compareText(a.reason, b.reason))
}

function reasonOf({ reason, ridesOn }: SupportEntry): string {
  return [ridesOn === undefined ? '' : `through ${ridesOn}`, reason ?? ''].filter((part) => part !== '').join('; ')
}

/** The versions that have a name, where not all do. */
function versionsOf(record: ApiRecord, id: string, name: string): string {
  const majors = majorsWith(record, id, name)
  return majors.length === Object.keys(record.versions).length ? '' : ` (${majors.join(', ')})`
}

function title(id: string): string {
  return id === 'globalThis' ? 'global object' : `node:${id}`
}

/** The anchor that Markdown renderers make of a heading. */
function anchor(id: string): string {
  return title(id)
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-')
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}

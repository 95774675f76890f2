/** Resolves queries in trees on disk with the Node that runs this, and in memory with libvisor's resolver. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Entry } from './memory-files.ts'
import { probeModule } from './resolution-corners.table.ts'
import type { Layout, Query } from './resolution-corners.table.ts'

/** What came out of a query. */
export interface Answer {
  readonly value?: string
  readonly error?: {
    readonly name: string
    readonly message: string
    readonly text: string
    readonly head: string
    readonly properties: object
  }
}

function place(root: string, layouts: readonly Layout[]): { entries: Record<string, Entry>; queries: Query[] } {
  const entries: Record<string, Entry> = {}
  const queries: Query[] = []
  for (const [index, layout] of layouts.entries()) {
    const home = `${root}/${index}`
    // What is below a link gets its probe from the layout itself, where the link leads.
    const places = layout.queries.map(({ from }) => from).filter((from) => !from.startsWith('dirlink/'))
    const probes = Object.fromEntries(places.map((from) => [from, probeModule]))
    for (const [path, entry] of Object.entries({ ...layout.files, ...probes })) entries[`${home}/${path}`] = entry
    for (const query of layout.queries) queries.push({ ...query, from: `${home}/${query.from}` })
  }
  return { entries, queries }
}

function writeToDisk(entries: Readonly<Record<string, Entry>>): void {
  for (const [path, entry] of Object.entries(entries)) {
    mkdirSync(dirname(path), { recursive: true })
    if (typeof entry === 'object' && 'link' in entry) symlinkSync(entry.link, path)
    else writeFileSync(path, entry)
  }
}

/** In a process of its own: a test runner changes how errors print their stacks. */
function answer(folder: string, ...args: readonly string[]): Answer[] {
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
  })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Answer[]
}

/** What Node and the resolver answer differently. */
export interface Difference {
  readonly query: Query
  readonly native: Answer | undefined
  readonly ours: Answer | undefined
}

/** What is held against Node: the resolver by itself, or the loader of a context. */
export type Subject = 'resolver' | 'context'

const script = (name: string): string => join(import.meta.dirname, name)

/** Node's arguments for asking a subject, with the trees in memory. */
function argsOf(subject: Subject, root: string, list: string, entries: Readonly<Record<string, Entry>>): string[] {
  const tree = `${root}/tree.json`
  if (subject === 'resolver') {
    writeFileSync(tree, JSON.stringify(entries))
    return [script('memory-resolver.ts'), list, tree]
  }
  const program = `${root}/native-resolver.mjs`
  const source = readFileSync(script('native-resolver.mjs'), 'utf8')
  writeFileSync(tree, JSON.stringify({ ...entries, [program]: source }))
  return ['--experimental-vm-modules', script('context/context-realm.ts'), JSON.stringify({ tree }), program, list]
}

/** Compares values, errors and all that errors say. */
export function compareResolution(
  layouts: readonly Layout[],
  subject: Subject = 'resolver',
): { count: number; differences: Difference[] } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'libvisor-resolution-')))
  try {
    const { entries, queries } = place(root, layouts)
    writeToDisk(entries)
    const list = `${root}/queries.json`
    writeFileSync(list, JSON.stringify(queries))
    const native = answer(root, script('native-resolver.mjs'), list)
    const ours = answer(root, ...argsOf(subject, root, list, entries))
    const differences = queries
      .map((query, index) => ({ query, native: native[index], ours: ours[index] }))
      .filter((answers) => JSON.stringify(answers.native) !== JSON.stringify(answers.ours))
    return { count: queries.length, differences }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

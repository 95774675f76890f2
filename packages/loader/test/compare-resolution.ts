/** Resolves queries in trees on disk with the Node that runs this, and in memory with libvisor's resolver. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createErrors, hostIntrinsics, linux } from '@libvisor/abi'
import { createResolver, loaderHost } from '@libvisor/loader'
import { createMemoryFiles } from './memory-files.ts'
import type { Entry } from './memory-files.ts'
import { probeModule } from './resolution-corpus.ts'
import type { Layout, Query } from './resolution-corpus.ts'

/** What came out of a query. */
export interface Answer {
  readonly value?: string
  readonly error?: { readonly name: string; readonly message: string; readonly text: string; readonly head: string; readonly properties: object }
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
    if (typeof entry === 'string') writeFileSync(path, entry)
    else symlinkSync(entry.link, path)
  }
}

function askNode(root: string, queries: readonly Query[]): Answer[] {
  const list = `${root}/queries.json`
  writeFileSync(list, JSON.stringify(queries))
  const { stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'native-resolver.mjs'), list], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    cwd: root,
    env: { ...process.env, HOME: '/nonexistent', NODE_PATH: '' },
  })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Answer[]
}

function askOurs(root: string, entries: Readonly<Record<string, Entry>>, queries: readonly Query[]): Answer[] {
  const files = createMemoryFiles(entries)
  const { path, dialect } = loaderHost
  const resolver = createResolver({
    files,
    errors: createErrors({ personality: linux, intrinsics: hostIntrinsics }),
    path,
    dialect,
    cwd: () => root,
  })
  return queries.map(({ kind, from, specifier }) => {
    try {
      if (kind === 'require') return { value: resolver.require(specifier, { parentPath: from }) }
      return { value: resolver.import(specifier, { parentURL: path.pathToFileURL(files.realpath(from)).href }).url }
    } catch (error) {
      const { name, message, stack = '' } = error as Error
      const head = stack.split('\n    at ')[0] ?? ''
      return { error: { name, message, properties: { ...(error as object) }, text: String(error), head } }
    }
  })
}

/** What Node and the resolver answer differently. */
export interface Difference {
  readonly query: Query
  readonly native: Answer | undefined
  readonly ours: Answer | undefined
}

/** Compares values, errors and all that errors say. */
export function compareResolution(layouts: readonly Layout[]): { count: number; differences: Difference[] } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'libvisor-resolution-')))
  try {
    const { entries, queries } = place(root, layouts)
    writeToDisk(entries)
    const native = askNode(root, queries)
    const ours = JSON.parse(JSON.stringify(askOurs(root, entries, queries))) as Answer[]
    const differences = queries
      .map((query, index) => ({ query, native: native[index], ours: ours[index] }))
      .filter((answers) => JSON.stringify(answers.native) !== JSON.stringify(answers.ours))
    return { count: queries.length, differences }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

/**
 * Installs the loader in the realm of this process, over a tree that exists only in memory, and runs a program from it:
 *
 *     node memory-realm.ts <options as JSON> <entry> [args]
 */
import { readFileSync, readdirSync, readlinkSync, writeSync } from 'node:fs'
import { createCurrent, createNamespace, createPatchRegistry, slots } from '@libvisor/core'
import { createLoaderInterceptor, loaderParts, runEntry } from '@libvisor/loader'
import { createMemoryFiles } from './memory-files.ts'
import type { Entry, MemoryFiles } from './memory-files.ts'

/** What is in the tree, and how the realm behaves. */
export interface MemoryRealmOptions {
  /** A JSON file with entries by path. */
  readonly tree?: string
  /** Entries by path. */
  readonly entries?: Readonly<Record<string, Entry>>
  /** A directory of the host that is copied into memory, and where it stands there. */
  readonly copy?: readonly [from: string, to: string]
  /** Built-ins that are not to be had. */
  readonly denied?: readonly string[]
  /** A name in the paths of files that count as libvisor's own. */
  readonly own?: string
  /** Whether the names of built-ins that are asked for are printed at exit. */
  readonly traceBuiltins?: boolean
  /** Whether the tree counts as different from the host's files; a program changes it with `globalThis.setDiffers`. */
  readonly differs?: boolean
}

function copyInto(files: MemoryFiles, from: string, to: string): void {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = `${from}/${entry.name}`
    const target = `${to}/${entry.name}`
    if (entry.isDirectory()) copyInto(files, source, target)
    else files.set(target, entry.isSymbolicLink() ? { link: readlinkSync(source) } : readFileSync(source))
  }
}

const [options, entry = '', ...args] = process.argv.slice(2)
const {
  tree,
  entries = {},
  copy,
  own,
  denied = [],
  traceBuiltins = false,
  differs = true,
} = JSON.parse(options ?? '{}') as MemoryRealmOptions

const listed = tree === undefined ? {} : (JSON.parse(readFileSync(tree, 'utf8')) as Record<string, Entry>)
const files = createMemoryFiles({ ...listed, ...entries })
if (copy !== undefined) copyInto(files, copy[0], copy[1])
let isDifferent = differs
const ns = createNamespace({ name: 'test' })
ns.provide(slots.fileView, { ...files, differsFromHost: () => isDifferent })
Object.assign(globalThis, { setDiffers: (value: boolean) => void (isDifferent = value), guestFiles: files })

const asked = new Set<string>()
if (traceBuiltins) process.on('exit', () => writeSync(1, `built-ins: ${[...asked].toSorted().join(' ')}\n`))

createLoaderInterceptor({
  parts: () => loaderParts,
  onBuiltin: (id) => asked.add(id),
  isDenied: (id) => denied.includes(id),
  isOwnCode: (url) => own !== undefined && url.includes(own),
}).install(
  { kind: 'own', global: globalThis, patches: createPatchRegistry(), whenAsked() {}, ask() {} },
  createCurrent(ns),
)

process.argv.splice(1, process.argv.length - 1, '', ...args)
runEntry(entry)

import fs from 'node:fs'
import { isBuiltin } from 'node:module'
import path from 'node:path'
import { rolldown } from 'rolldown'
import type { OutputChunk, OutputOptions, RolldownOutput } from 'rolldown'
import { lazyEntries } from './lazy-entries.ts'
import { thirdPartyNotices } from './third-party-notices.ts'
import { root } from './workspace.ts'
import type { Manifest } from './workspace.ts'

const directory = path.join(root, 'packages', 'libvisor')

/**
 * What programs and the command load, by the name of the file in `dist`. Workers and code that is loaded when it is
 * first used become entries by the way they are referred to: see `lazy-entries.ts`.
 */
const entries: Readonly<Record<string, string>> = {
  index: 'src/index.ts',
  register: 'src/register.ts',
  cli: 'src/cli.ts',
}

/** The module of `bin` that stops an older Node, by the entry that imports it before all else. */
const guards: Readonly<Record<string, string>> = {
  index: 'require-node.js',
  register: 'require-node-or-exit.js',
}

/** A file that was written. */
export interface BundledChunk {
  readonly file: string
  readonly bytes: number
}

/** Bundles libvisor with the layers below it, and all that they use, into flat files in `packages/libvisor/dist`. */
export async function bundleLibvisor(): Promise<readonly BundledChunk[]> {
  const manifest = JSON.parse(fs.readFileSync(path.join(directory, 'package.json'), 'utf8')) as Manifest
  const installed = Object.keys(manifest.dependencies ?? {})
  const dist = path.join(directory, 'dist')
  fs.rmSync(dist, { recursive: true, force: true })

  await using bundle = await rolldown({
    cwd: directory,
    input: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, path.join(directory, file)])),
    platform: 'node',
    external: (id) => isBuiltin(id) || installed.some((name) => id === name || id.startsWith(`${name}/`)),
    transform: { target: 'node22.21' },
    plugins: [lazyEntries()],
    onLog(level, log, handle) {
      if (level === 'warn') throw new Error(`rolldown: ${log.message}`)
      handle(level, log)
    },
  })
  const options: OutputOptions = {
    dir: dist,
    format: 'esm',
    entryFileNames: '[name].js',
    // Flat: a chunk may refer to a worker's file relative to itself.
    chunkFileNames: 'chunk-[name]-[hash].js',
    sourcemap: true,
    // What is loaded at every start is read at every start: comments are in the declarations. Lines stay as they are:
    // Node prints the whole line in which an uncaught error was thrown.
    comments: false,
    banner: (chunk) => {
      const guard = chunk.isEntry ? guards[chunk.name] : undefined
      return guard === undefined ? '' : `import './${guard}'`
    },
  }
  // A file for whatever two entries share would be many files, and each costs at every start: those of the preload
  // become one.
  const start = modulesAtStart(await bundle.generate(options), 'register.js')
  const { output } = await bundle.write({
    ...options,
    codeSplitting: { groups: [{ name: 'start', test: (id) => start.has(id) }] },
  })
  const chunks = output.filter((file): file is OutputChunk => file.type === 'chunk')
  for (const guard of Object.values(guards)) writeGuard(guard, dist)
  for (const { fileName, code } of chunks) fs.writeFileSync(path.join(dist, fileName), toAscii(code))
  fs.writeFileSync(
    path.join(dist, 'THIRD-PARTY-NOTICES.txt'),
    thirdPartyNotices(chunks.flatMap((chunk) => chunk.moduleIds)),
  )
  return chunks.map(({ fileName, code }) => ({ file: fileName, bytes: Buffer.byteLength(code) }))
}

/** What an entry's file and the files that it imports statically are made of, except for the entry itself: it acts. */
function modulesAtStart({ output }: RolldownOutput, entry: string): ReadonlySet<string> {
  const chunks = new Map(output.filter((file) => file.type === 'chunk').map((chunk) => [chunk.fileName, chunk]))
  const modules = new Set<string>()
  const visited = new Set<string>()
  const visit = (fileName: string): void => {
    const chunk = chunks.get(fileName)
    if (chunk === undefined || visited.has(fileName)) return
    visited.add(fileName)
    for (const id of chunk.moduleIds) if (id !== chunk.facadeModuleId) modules.add(id)
    for (const imported of chunk.imports) visit(imported)
  }
  visit(entry)
  return modules
}

/** Writes a guard as one file, with the rule that it imports: each file costs at every start. */
function writeGuard(name: string, dist: string): void {
  const read = (file: string): string => fs.readFileSync(path.join(directory, 'bin', file), 'utf8')
  const rule = read('node-version.js').replaceAll(/^export /gm, '')
  fs.writeFileSync(path.join(dist, name), rule + read(name).replace(/^import .*\n/m, ''))
}

/** The engine reads text in which every character takes one byte in less time: the rest is escaped. It is in strings only. */
function toAscii(code: string): string {
  return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

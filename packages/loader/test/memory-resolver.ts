// Resolves a list of queries with libvisor's resolver, over a tree in memory, and prints what came out.
import { readFileSync } from 'node:fs'
import { createErrors, hostIntrinsics, linux } from '@libvisor/abi'
import { createResolver, loaderHost } from '@libvisor/loader'
import type { Answer } from './compare-resolution.ts'
import { createMemoryFiles } from './memory-files.ts'
import type { Entry } from './memory-files.ts'
import type { Query } from './resolution-corners.table.ts'

const [list = '', tree = ''] = process.argv.slice(2)
const queries = JSON.parse(readFileSync(list, 'utf8')) as Query[]
const files = createMemoryFiles(JSON.parse(readFileSync(tree, 'utf8')) as Record<string, Entry>)
const { path, dialect } = loaderHost
const resolver = createResolver({
  files,
  errors: createErrors({ personality: linux, intrinsics: hostIntrinsics }),
  path,
  dialect,
  cwd: () => process.cwd(),
})

const answers = queries.map(({ kind, from, specifier }): Answer => {
  try {
    if (kind === 'require') return { value: resolver.require(specifier, { parentPath: from }) }
    return { value: resolver.import(specifier, { parentURL: path.pathToFileURL(files.realpath(from)).href }).url }
  } catch (error) {
    const { name, message, stack = '' } = error as Error
    const [head = ''] = stack.split('\n    at ')
    return { error: { name, message, properties: { ...(error as object) }, text: String(error), head } }
  }
})
process.stdout.write(JSON.stringify(answers))

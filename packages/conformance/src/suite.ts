import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { UsageError } from './usage-error.ts'

/** A test file of Node's own suite. */
export interface TestFile {
  readonly name: string
  readonly path: string
  /** What it wants after `node`. */
  readonly flags: readonly string[]
  /** What it wants in its environment. */
  readonly env: Readonly<Record<string, string>>
  /** Whether it tests Node's inside and not its interface. */
  readonly isInternal: boolean
}

/** Where a suite has its test files. */
const folder = path.join('test', 'parallel')

/** How many bytes of a file its headers are looked for in. */
const headerLength = 4096

/**
 * Lists the test files of a suite.
 *
 * @param suite - the folder that holds `test/parallel`, `test/common` and `test/fixtures`
 * @returns the names of the files, sorted
 * @throws {UsageError} when there is no such folder
 */
export function listTests(suite: string): string[] {
  try {
    return readdirSync(path.join(suite, folder))
      .filter((name) => /^test-.*\.[cm]?js$/.test(name))
      .sort()
  } catch (cause) {
    throw new UsageError(`There is no test suite in '${suite}': it has no folder ${folder}`, { cause })
  }
}

/** Reads what a test file asks for in its headers. */
export function readTest(suite: string, name: string): TestFile {
  const file = path.join(suite, folder, name)
  const head = readFileSync(file, 'utf8').slice(0, headerLength)
  const flags = words(head, 'Flags')
  return {
    name,
    path: file,
    flags,
    env: Object.fromEntries(words(head, 'Env').map((word) => splitOnce(word, '='))),
    isInternal: flags.some((flag) => /^--expose[-_]internals$/.test(flag)),
  }
}

/** The whole text of a test file. */
export function readSource(suite: string, name: string): string {
  return readFileSync(path.join(suite, folder, name), 'utf8')
}

/** The words of all headers of a kind, such as `// Flags: --expose-gc`. */
function words(head: string, header: string): string[] {
  const lines = head.matchAll(new RegExp(`^// ${header}:(.*)$`, 'gm'))
  return [...lines].flatMap(([, line = '']) => line.trim().split(/\s+/)).filter((word) => word !== '')
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

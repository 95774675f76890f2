import { readFileSync } from 'node:fs'
import { plainAreaOfTest } from './areas.ts'
import { dataLines } from './results.ts'

/** What a test file needs beside Node itself: `flags` of the command line, `children` that it starts. */
export type Trait = 'children' | 'flags'

/** Traits by file. A file that stands there without any needs nothing. */
export type Traits = ReadonlyMap<string, ReadonlySet<Trait>>

/** Names of modules that start processes, and helpers of the suite that do. */
const startsChildren = /['"](?:node:)?(?:child_process|cluster)['"]|common\/child_process['"]|\bspawnPromisified\b/

/**
 * Tells from its text what a test file needs. The text says whether a file may start processes, not whether its outcome
 * depends on one: files of which a part does count as well.
 *
 * @param source - the text of the file
 */
export function traitsOfSource(source: string): ReadonlySet<Trait> {
  const traits = new Set<Trait>()
  if (startsChildren.test(source)) traits.add('children')
  if (/^\/\/ Flags:/m.test(source)) traits.add('flags')
  return traits
}

/**
 * Reads traits from text: a line for each file, with its name and its traits, separated by tabs.
 *
 * @throws {SyntaxError} when there is no such trait
 */
export function parseTraits(text: string): Traits {
  return new Map(
    dataLines(text).map((line) => {
      const [file = '', ...traits] = line.split('\t').map((cell) => cell.trim())
      return [file, new Set(traits.map(asTrait))]
    }),
  )
}

/** The line of a file, as {@link parseTraits} reads it. */
export function formatTraits(file: string, traits: ReadonlySet<Trait>): string {
  return [file, ...traits].join('\t')
}

/** Reads traits from a file. */
export function readTraits(path: string): Traits {
  return parseTraits(readFileSync(path, 'utf8'))
}

/** Whether a file needs no flags, and is for what nearly every program uses. */
export function isPlain(file: string, traits: Traits): boolean {
  return plainAreaOfTest(file) !== undefined && traits.get(file)?.has('flags') === false
}

function asTrait(word: string): Trait {
  if (word === 'children' || word === 'flags') return word
  throw new SyntaxError(`There is no trait '${word}'`)
}

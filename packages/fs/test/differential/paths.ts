/** Random paths, among a few names, so that they often meet. */
import { pathToFileURL } from 'node:url'
import { encodeName } from '@libvisor/fs'
import * as fc from 'fast-check'

/** The longest name, and one that is too long. */
const veryLongNames = ['l'.repeat(255), 'l'.repeat(256), 'é'.repeat(127), 'é'.repeat(128)]
const oddNames = ['é', '\uff5e', '\u{1f600}', '\udcff', 'x\udce9', ' ', 'a b%20', '.hidden', '..x', '...']

const endings = ['/', '//', '/.', '/..']

function relativePaths(longNames: boolean): fc.Arbitrary<string> {
  const component = fc.oneof(
    { weight: 40, arbitrary: fc.constantFrom('a', 'b', 'c', 'd') },
    { weight: 3, arbitrary: fc.constantFrom('.', '..') },
    { weight: 3, arbitrary: fc.constantFrom(...oddNames) },
    { weight: longNames ? 1 : 0, arbitrary: fc.constantFrom(...veryLongNames) },
  )
  const ending = fc.oneof(
    { weight: 12, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: fc.constantFrom(...endings) },
  )
  return fc
    .tuple(fc.array(component, { minLength: 1, maxLength: 3 }), ending)
    .map(([names, end]) => names.join('/') + end)
}

/** Paths that are wrong, or too long. */
const strange = fc.constantFrom('', 'a\0b', './'.repeat(2040), '/dev/null/x', './'.repeat(1100))

/** A path as a program may give it. */
export type AnyPath = Buffer | string | URL

function formed(text: string, form: 'bytes' | 'string' | 'url'): AnyPath {
  const encoded = encodeName(text)
  if (form === 'bytes' || typeof encoded !== 'string') return Buffer.from(encoded as string)
  return form === 'url' ? pathToFileURL(text) : text
}

/** What names are relative to: absolute paths of both sides are below it. */
export interface PathArbitraries {
  readonly path: fc.Arbitrary<AnyPath>
  /** Paths that end in a name. */
  readonly named: fc.Arbitrary<AnyPath>
  /** Texts of symbolic links. */
  readonly target: fc.Arbitrary<Buffer | string>
}

/**
 * Makes random paths.
 *
 * @param base - the directory in which programs work, which is also the working directory
 * @param longNames - whether names are as long as names may be, and longer
 */
export function pathsBelow(base: string, longNames = true): PathArbitraries {
  const relative = relativePaths(longNames)
  const form = fc.oneof(
    { weight: 10, arbitrary: fc.constant('string' as const) },
    { weight: 1, arbitrary: fc.constantFrom('bytes' as const, 'url' as const) },
  )
  const start = fc.oneof({ weight: 4, arbitrary: fc.constant(`${base}/`) }, { weight: 1, arbitrary: fc.constant('') })
  const of = (text: fc.Arbitrary<string>): fc.Arbitrary<AnyPath> =>
    fc
      .tuple(start, text, form)
      .map(([from, rest, how]) => (from === '' && how === 'url' ? formed(rest, 'string') : formed(from + rest, how)))
  const ordinary = of(relative)
  const named = of(relative.filter((text) => !/(^|\/)\.{0,2}$/.test(text)))
  return {
    path: fc.oneof({ weight: 60, arbitrary: ordinary }, { weight: 1, arbitrary: strange }),
    named,
    target: fc.oneof(
      { weight: 6, arbitrary: relative.map((text) => formed(text, 'string') as Buffer | string) },
      {
        weight: 2,
        arbitrary: fc.constantFrom('../a', '../b/c', '.', '..', 'a/', '/proc/nowhere/x', '/dev/null/nowhere'),
      },
      {
        weight: 2,
        arbitrary: fc.constantFrom(`${base}/a`, `${base}/b/`, `${base}/c/d`, `${base}/../${base.split('/').at(-1)}/a`),
      },
      { weight: 1, arbitrary: fc.constantFrom('', 'y'.repeat(4096), 'y'.repeat(300)) },
    ),
  }
}

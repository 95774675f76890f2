import { areaPrefixes, otherArea, plainAreas } from './areas.table.ts'

const byLength: readonly (readonly [prefix: string, area: string])[] = areaPrefixes
  .flatMap(([area, prefixes]) => prefixes.split(' ').map((prefix) => [prefix, area] as const))
  .sort(([a], [b]) => b.length - a.length)

/**
 * The area of Node's API that a test file is for, by its name.
 *
 * @param file - such as `test-fs-read.js`
 */
export function areaOfTest(file: string): string {
  const stem = file.replace(/^test-/, '').replace(/\.[cm]?js$/, '')
  const found = byLength.find(([prefix]) => stem === prefix || stem.startsWith(`${prefix}-`))
  return found?.[1] ?? otherArea
}

/**
 * The area of a test file for what nearly every program uses: the first word of its name.
 *
 * @param file - such as `test-fs-read.js`
 * @returns the word, or `undefined` where it is none of them
 */
export function plainAreaOfTest(file: string): string | undefined {
  const word = /^test-([^-.]+)/.exec(file)?.[1]
  return word !== undefined && plainAreas.includes(word) ? word : undefined
}

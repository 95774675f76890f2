import { areaPrefixes, otherArea } from './areas.table.ts'

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

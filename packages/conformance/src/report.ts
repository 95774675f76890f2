import type { AreaCount, Comparison } from './compare.ts'
import { groupByMessage } from './compare.ts'

/** The columns of a table: their names for programs and for people, and what stands in them. */
const columns: readonly (readonly [name: string, heading: string, cell: (count: AreaCount) => string])[] = [
  ['area', 'Area', ({ area }) => area],
  ['native', 'Pass natively', ({ native }) => String(native)],
  ['apart', 'Start children', ({ apart }) => String(apart)],
  ['passed', 'Pass here', ({ passed }) => String(passed)],
  ['known', 'Known failures', ({ known }) => String(known)],
  ['unexpected', 'Unexpected', ({ unexpected }) => String(unexpected)],
  ['rate', 'Rate', ({ passed, native, apart }) => rate(passed, native - apart)],
]

/** The columns for a comparison: what is apart has one only where something may be. */
const columnsFor = (plain: boolean): typeof columns => columns.filter(([name]) => plain || name !== 'apart')

/** The table of a comparison in Markdown, an area in each row. */
export function markdownTable({ areas, total }: Comparison, plain = false): string {
  const shown = columnsFor(plain)
  const cells = (count: AreaCount): string[] => shown.map(([, , cell]) => cell(count))
  const rows = [
    shown.map(([, heading]) => heading),
    shown.map((_, column) => (column === 0 ? ':---' : '---:')),
    ...areas.map(cells),
    cells(total).map((cell) => `**${cell}**`),
  ]
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  return rows.map((row) => `| ${row.map((cell, i) => pad(cell, widths[i] ?? 0, i)).join(' | ')} |`).join('\n')
}

/** The table of a comparison, tab-separated. */
export function tsvTable({ areas, total }: Comparison, plain = false): string {
  const shown = columnsFor(plain)
  const rows = [...areas, total].map((count) => shown.map(([, , cell]) => cell(count)))
  return [shown.map(([name]) => name), ...rows].map((row) => row.join('\t')).join('\n')
}

/** What was not as expected, for people. */
export function describeSurprises(comparison: Comparison): string {
  const { newFailures, newPasses, strayKnown } = comparison
  const sections: string[] = []
  if (newFailures.length > 0) {
    const groups = groupByMessage(newFailures).map(
      ([message, files]) => `  ${files.length} × ${message}\n${files.map((file) => `      ${file}`).join('\n')}`,
    )
    sections.push(`${newFailures.length} fail that should pass:\n${groups.join('\n')}`)
  }
  if (newPasses.length > 0) {
    sections.push(
      `${newPasses.length} pass that are listed as known failures; take them off the list:\n${list(newPasses)}`,
    )
  }
  if (strayKnown.length > 0) {
    const files = strayKnown.map((file) => ({ file }))
    sections.push(`${strayKnown.length} are listed as known failures and do not pass natively:\n${list(files)}`)
  }
  return sections.join('\n\n')
}

function list(results: readonly { readonly file: string }[]): string {
  return results.map(({ file }) => `  ${file}`).join('\n')
}

function rate(passed: number, native: number): string {
  return native === 0 ? '–' : `${(Math.floor((passed / native) * 1000) / 10).toFixed(1)} %`
}

function pad(cell: string, width: number, column: number): string {
  if (/^:?-+:?$/.test(cell)) return column === 0 ? `:${'-'.repeat(width - 1)}` : `${'-'.repeat(width - 1)}:`
  return column === 0 ? cell.padEnd(width) : cell.padStart(width)
}

import { isMet, median, ratioOf } from './comparison.ts'
import type { Comparison } from './comparison.ts'

const heading = ['benchmark', 'bare node', 'libvisor', 'ratio', 'target', ''] as const

/** One line for each comparison: medians, ratio, and the ratio it must keep to. */
export function formatTable(comparisons: readonly Comparison[]): string {
  const rows = comparisons.map((comparison) => {
    const { name, unit, bare, guest, target } = comparison
    const goal = target === undefined ? '–' : `${target.bound === 'at most' ? '≤' : '≥'} ${target.ratio.toFixed(2)}`
    const verdict = target === undefined ? '' : isMet(comparison) ? '✓' : '✗'
    return [
      name,
      quantity(median(bare), unit),
      quantity(median(guest), unit),
      ratioOf(comparison).toFixed(2),
      goal,
      verdict,
    ]
  })
  return formatColumns(heading, rows)
}

/** Lines of cells below their titles: the first column to the left, the others to the right. */
export function formatColumns(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  return [line(titles), ...rows.map(line)].join('\n')
}

/** A figure with its unit, as exact as it is of interest. */
export function quantity(value: number, unit: string): string {
  const digits = value < 100 ? 1 : 0
  return `${value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${unit}`
}

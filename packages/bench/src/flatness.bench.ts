import { program } from './commands.native.ts'
import { median } from './comparison.ts'
import { addMembers, createCrowd, memoryAtRest } from './density/create-crowd.ts'
import type { Report, ReportOptions } from './report.ts'
import { formatColumns, quantity } from './table.ts'

const defaultSizes = [10, 50, 100, 250, 500] as const
/** How much more the last guests may cost than the first ones after the tenth. */
const mostRise = 1.25

/** What a further guest costs while a crowd of contexts grows. */
export async function flatness({ guests = 500 }: ReportOptions): Promise<Report> {
  const sizes = [...defaultSizes.filter((size) => size < guests), guests]
  await using crowd = await createCrowd({ kind: 'context', program: program('notes-express.cjs'), watt: undefined })
  const steps: Step[] = []
  let last = { size: 0, memoryMb: 0 }
  for (const size of sizes) {
    const members = await addMembers(crowd, size - last.size)
    const memoryMb = await memoryAtRest(crowd)
    const startMs = median(members.map((member) => member.startMs))
    steps.push({ size, memoryMb, perGuestMb: (memoryMb - last.memoryMb) / (size - last.size), startMs })
    last = { size, memoryMb }
    console.error(`flatness: ${size} guests`)
  }
  return reportOf(steps)
}

interface Step {
  readonly size: number
  /** Of the whole process. */
  readonly memoryMb: number
  /** Of each guest that came since the last step. */
  readonly perGuestMb: number
  readonly startMs: number
}

function reportOf(steps: readonly Step[]): Report {
  const table = formatColumns(
    ['guests', 'memory of all', 'of each since', 'start of each since'],
    steps.map(({ size, memoryMb, perGuestMb, startMs }) => [
      String(size),
      quantity(memoryMb, 'MB'),
      `${perGuestMb.toFixed(2)} MB`,
      quantity(startMs, 'ms'),
    ]),
  )
  // The first step pays for what all share.
  const [first, last] = [steps[1], steps.at(-1)]
  if (first === undefined || last === undefined || last === first) return { text: table, isMet: true }
  const rises = { memory: last.perGuestMb / first.perGuestMb, start: last.startMs / first.startMs }
  const verdicts = Object.entries(rises).map(
    ([name, rise]) =>
      `${rise <= mostRise ? '✓' : '✗'} ${name}: ${rise.toFixed(2)} × from ${first.size} to ${last.size} guests, at most ${mostRise} ×`,
  )
  return { text: [table, ...verdicts].join('\n'), isMet: Object.values(rises).every((rise) => rise <= mostRise) }
}

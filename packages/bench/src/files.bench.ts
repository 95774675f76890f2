import { temporaryDirectory } from '@libvisor/testkit'
import { sharedMemory, startAsked } from './asked.native.ts'
import { output, program, visorRun } from './commands.native.ts'
import { median } from './comparison.ts'
import type { Report, ReportOptions } from './report.ts'
import { formatColumns, quantity } from './table.ts'

const defaultRuns = 5
const turns = 12
const windowMs = 30

/**
 * V8 gives the young generation 1 MiB, and up to 16 as a program keeps more: one that has loaded libvisor has more than one that has loaded nothing. How
 * much there is decides how many of the buffers that are read into lie in the processor's caches, which makes 15 % of reading 1 KB with bare
 * Node alone. So the sides on files of the host, which do the same, have what V8 comes to in a program that runs for long.
 */
const grownHeap = ['--min-semi-space-size=16', '--max-semi-space-size=16']

const operations = ['write', 'read', 'stat', 'promises.readFile'] as const
type Operation = (typeof operations)[number]

/** A way to keep files. */
interface Side {
  readonly name: string
  readonly args: readonly string[]
}

/** What one side must be, over another: times at most. */
interface Goal {
  readonly of: string
  readonly over: string
  readonly atMost: (operation: Operation) => number
}

const goals: readonly Goal[] = [
  { of: 'libvisor memory', over: 'memfs', atMost: (operation) => (operation === 'stat' ? 1 / 1.2 : 1 / 1.5) },
  { of: 'libvisor memory', over: 'tmpfs', atMost: () => 1 },
  { of: 'identity-mapped', over: 'bare fs', atMost: () => 1.05 },
  { of: 'confined', over: 'bare fs', atMost: () => 1.25 },
]

/** What an operation on a file of 1 KB takes: in a mount in memory beside memfs and tmpfs, in a directory of the host beside Node. */
export async function files({ runs = defaultRuns }: ReportOptions): Promise<Report> {
  using disk = temporaryDirectory({})
  using shared = sharedMemory()
  const file = program('file-operations.mjs')
  const sides: readonly Side[] = [
    { name: 'memfs', args: [file, '/memory', 'memfs'] },
    { name: 'tmpfs', args: [file, shared.path] },
    { name: 'libvisor memory', args: visorRun('--tmpfs', '/memory', file, '/memory') },
    { name: 'bare fs', args: [...grownHeap, file, disk.resolve('bare')] },
    { name: 'identity-mapped', args: [...grownHeap, ...visorRun('-v', '/:/', file, disk.resolve('identity'))] },
    { name: 'confined', args: [...grownHeap, ...visorRun('-v', `${disk.path}:/data`, file, '/data/confined')] },
  ]
  const taken = new Map(
    sides.map(({ name }) => [name, new Map(operations.map((operation) => [operation, [] as number[]]))]),
  )
  for (let run = 0; run < runs; run++) {
    await using stack = new AsyncDisposableStack()
    const running = new Map(sides.map(({ name, args }) => [name, stack.use(startAsked(args))]))
    for (const operation of operations) {
      const figures = new Map(sides.map(({ name }) => [name, [] as number[]]))
      for (let turn = 0; turn <= turns; turn++) {
        for (const { name } of orderOf(sides, turn)) {
          const figure = await running.get(name)!.ask(`${operation} ${windowMs}`)
          // The first turn warms up.
          if (turn > 0) figures.get(name)!.push(figure)
        }
      }
      for (const [name, values] of figures) taken.get(name)!.get(operation)!.push(median(values))
    }
    console.error(`files: run ${run + 1} of ${runs}`)
  }
  const table = formatColumns(
    ['1 KB, per operation', ...operations],
    sides.map(({ name }) => [
      name,
      ...operations.map((operation) => quantity(median(taken.get(name)!.get(operation)!) / 1000, 'µs')),
    ]),
  )
  let isMet = true
  const verdicts = goals.map(({ of, over, atMost }) => {
    const cells = operations.map((operation) => {
      const mine = taken.get(of)!.get(operation)!
      const theirs = taken.get(over)!.get(operation)!
      const ratio = median(mine.map((value, index) => value / theirs[index]!))
      const holds = ratio <= atMost(operation)
      isMet &&= holds
      return `${ratio.toFixed(2)} (≤ ${atMost(operation).toFixed(2)}) ${mark(holds)}`
    })
    return [`${of} / ${over}`, ...cells]
  })
  return { text: `${table}\n\n${formatColumns(['ratio', ...operations], verdicts)}`, isMet }
}

/** How much memory a file of 1 GB may take beside its bytes while it goes through streams. @units MiB */
const streamsWithin = 64

/** More than this is a leak: ten bytes for each time that a file is opened and closed. @units MiB */
const leaksWithin = 1

/** What a file of 1 GB takes that goes through streams into memory and out, and what opening and closing leave behind. */
export async function fileMemory(): Promise<Report> {
  const args = ['--expose-gc', ...visorRun('--tmpfs', '/memory', program('file-memory.mjs'), '/memory')]
  const { written, read, leaked, fd } = JSON.parse(await output(args)) as Record<string, number>
  const rows = [
    ['1 GB written through a stream', written! - 1024, streamsWithin],
    ['and read through one', read! - 1024, streamsWithin],
    ['left by 100,000 times open and close', leaked!, leaksWithin],
  ] as const
  // The next descriptor is the lowest: all others have been closed.
  const isMet = rows.every(([, mebibytes, within]) => mebibytes <= within) && fd === 3
  const cells = rows.map(([what, mebibytes, within]) => [
    what,
    quantity(mebibytes, 'MiB'),
    `${mark(mebibytes <= within)} ≤ ${within} MiB`,
  ])
  return { text: formatColumns(['memory mount', 'more than its bytes', ''], cells), isMet }
}

/** Who is measured when: each side is first as often, and comes after each of its neighbours, since what runs before leaves the caches cold. */
function orderOf(sides: readonly Side[], turn: number): readonly Side[] {
  const first = (turn >> 1) % sides.length
  const order = [...sides.slice(first), ...sides.slice(0, first)]
  return turn % 2 === 0 ? order : order.toReversed()
}

function mark(holds: boolean): string {
  return holds ? '✓' : '✗'
}

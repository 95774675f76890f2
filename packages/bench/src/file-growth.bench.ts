import fs from 'node:fs'
import { sharedMemory, startAsked } from './asked.native.ts'
import type { Asked } from './asked.native.ts'
import { program, visorRun } from './commands.native.ts'
import type { Report, ReportOptions } from './report.ts'
import { formatColumns, quantity } from './table.ts'

const defaultTurns = 9

/** How much an operation may cost with many files, or far down, over what it costs with few: noise is more than nothing. */
const flatWithin = 1.5

const counts = [1e2, 1e3, 1e4, 1e5, 1e6]
const depths = [1, 10, 100]
const calls = ['stat', 'read', 'write'] as const

/** What a file of a tmpfs takes, its name and inode included. @units bytes */
const TMPFS_FILE = 6000

/** A way to keep files. */
interface Side {
  readonly name: string
  /** Node's arguments. @param size - of what the program is to make: each has a place of its own */
  readonly args: (size: number) => readonly string[]
  /** How many files there may be. */
  readonly most?: number
}

/** Nanoseconds by size and question: the best of the turns, since what else the machine does only adds, for seconds on end. */
type Figures = ReadonlyMap<number, Readonly<Record<string, number>>>

/**
 * What operations cost from a hundred files to a million, and down to a depth of a hundred, in a mount in memory: on the same hundred
 * files, and all over, where the processor waits for its own memory. How much that is, memfs, the kernel's tmpfs, and a look-up in a
 * `Map` of as many names show. Each size is a process of its own, and they take turns, of which the best counts.
 */
export async function fileGrowth({ runs: turns = defaultTurns }: ReportOptions): Promise<Report> {
  using shared = sharedMemory()
  const file = program('file-growth.mjs')
  const own: Side = {
    name: 'libvisor',
    args: () => ['--expose-gc', ...visorRun('--tmpfs', '/memory', file, '/memory')],
  }
  const { bavail, bsize, ffree } = fs.statfsSync(shared.path)
  const others: readonly Side[] = [
    { name: 'memfs', args: () => ['--expose-gc', file, '/memory', 'memfs'] },
    {
      name: 'tmpfs',
      args: (size) => ['--expose-gc', file, `${shared.path}/${size}`],
      most: Math.min((bavail * bsize) / TMPFS_FILE, ffree / 2),
    },
  ]
  const few = calls.map((call) => `few ${call}`)
  const spread = calls.map((call) => `spread ${call}`)
  const deep = calls.map((call) => `deep ${call}`)

  const mine = await measure(own, {
    prepare: 'fill',
    sizes: counts,
    questions: [...few, ...spread, 'spread map'],
    turns,
  })
  const down = await measure(own, { prepare: 'dig', sizes: depths, questions: deep, turns })
  const sides = new Map([[own.name, mine]])
  for (const side of others) {
    const sizes = counts.filter((count) => count <= (side.most ?? Infinity))
    sides.set(side.name, await measure(side, { prepare: 'fill', sizes, questions: [...few, ...spread], turns }))
  }

  const verdict = (figures: Figures, questions: readonly string[]): { text: string; isFlat: boolean } => {
    const ratios = questions.map((question) => ratioOf(figures, question))
    const isFlat = ratios.every((ratio) => ratio <= flatWithin)
    const shown = ratios.map((ratio, index) => `${calls[index]} ${ratio.toFixed(2)}`).join(', ')
    return { text: `${isFlat ? '✓' : '✗'} last over first: ${shown} (≤ ${flatWithin.toFixed(2)})`, isFlat }
  }
  const flatFew = verdict(mine, few)
  const flatDeep = verdict(down, deep)
  return {
    text: [
      table('files, of which a hundred are used', mine, few),
      flatFew.text,
      table('directories above', down, deep),
      flatDeep.text,
      table('files, all used', mine, [...spread, 'spread map']),
      growth('a hundred used: last − first', sides, few),
      growth('all used: last − first', sides, spread),
    ].join('\n\n'),
    isMet: flatFew.isFlat && flatDeep.isFlat,
  }
}

interface MeasureOptions {
  /** The question after which a program has what it is asked about. */
  readonly prepare: string
  readonly sizes: readonly number[]
  readonly questions: readonly string[]
  readonly turns: number
}

async function measure(side: Side, { prepare, sizes, questions, turns }: MeasureOptions): Promise<Figures> {
  await using stack = new AsyncDisposableStack()
  const running = new Map<number, Asked>()
  for (const size of sizes) {
    const asked = stack.use(startAsked(side.args(size)))
    await asked.ask(`${prepare} ${size}`)
    running.set(size, asked)
  }
  const taken = new Map(sizes.map((size) => [size, new Map(questions.map((question) => [question, [] as number[]]))]))
  for (let turn = 0; turn <= turns; turn++) {
    for (const question of questions) {
      for (const size of turn % 2 === 0 ? sizes : sizes.toReversed()) {
        const figure = await running.get(size)!.ask(question)
        // The first turn warms up.
        if (turn > 0) taken.get(size)!.get(question)!.push(figure)
      }
    }
  }
  console.error(`file-growth: ${side.name}, ${prepare}`)
  return new Map(
    Array.from(taken, ([size, figures]) => [
      size,
      Object.fromEntries(Array.from(figures, ([question, values]) => [question, Math.min(...values)])),
    ]),
  )
}

const firstOf = (figures: Figures, question: string): number => [...figures.values()].at(0)![question]!
const lastOf = (figures: Figures, question: string): number => [...figures.values()].at(-1)![question]!
const ratioOf = (figures: Figures, question: string): number => lastOf(figures, question) / firstOf(figures, question)

function table(title: string, figures: Figures, questions: readonly string[]): string {
  const rows = Array.from(figures, ([size, figure]) => [
    size.toLocaleString('en'),
    ...questions.map((question) => nanoseconds(figure[question]!)),
  ])
  return formatColumns([title, ...questions.map((question) => question.slice(question.indexOf(' ') + 1))], rows)
}

/** What more files cost each side. */
function growth(title: string, sides: ReadonlyMap<string, Figures>, questions: readonly string[]): string {
  const rows = Array.from(sides, ([name, figures]) => {
    const largest = [...figures.keys()].at(-1)!
    return [
      `${name}, ${largest.toLocaleString('en')} files`,
      ...questions.map((question) => {
        const more = lastOf(figures, question) - firstOf(figures, question)
        return `${nanoseconds(more)} (× ${ratioOf(figures, question).toFixed(2)})`
      }),
    ]
  })
  return formatColumns([title, ...calls], rows)
}

function nanoseconds(value: number): string {
  return quantity(Math.round(value), 'ns').replace(/\.0 /, ' ')
}

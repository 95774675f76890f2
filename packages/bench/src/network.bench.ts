import { startAsked } from './asked.native.ts'
import type { Asked } from './asked.native.ts'
import { builtHost, program } from './commands.native.ts'
import { median } from './comparison.ts'
import { anonymousSetAtRest } from './density/proportional-set.ts'
import type { Report, ReportOptions } from './report.ts'
import { formatColumns, quantity } from './table.ts'

const defaultRuns = 5
/** Measurements of each program in a run that are counted, and before them those in which V8 still compiles. */
const turns = 12
const warmUpTurns = 6
/** Over loopback fewer: each takes two descriptors of the process. */
const idleConnections = { guests: 10_000, loopback: 4000 }

/** What is compared: the same program over the loopback of the host, and as guests that only the switch connects. */
interface Pair {
  readonly name: string
  readonly loopback: readonly string[]
  readonly guests: readonly string[]
  /** How many times as much the guests must do, at least. */
  readonly least: Readonly<Record<Question, number | undefined>>
}

type Question = 'http' | 'stream'

const units: Readonly<Record<Question, string>> = { http: '/s', stream: 'MB/s' }
const scales: Readonly<Record<Question, number>> = { http: 1, stream: 1e6 }

/** Connections that are open before those that are counted. */
const shared = 1000
/** At most, both ends counted. @units bytes */
const mostPerConnection = 6 * 1024

/**
 * Two guests that talk to each other, beside the same programs over the host's loopback: in one thread, and in two; and what connections take that
 * nobody uses.
 */
export async function network({ runs = defaultRuns }: ReportOptions): Promise<Report> {
  const file = program('network.mjs')
  const guests = (threads: number): readonly string[] => [builtHost('network/network-host'), file, String(threads)]
  const pairs: readonly Pair[] = [
    { name: 'one thread', loopback: [file, 'both'], guests: guests(1), least: { http: 1.4, stream: 4 } },
    { name: 'two threads', loopback: [file, 'threads'], guests: guests(2), least: { http: 0.8, stream: undefined } },
  ]

  const rows: string[][] = []
  let isMet = true
  for (const pair of pairs) {
    const taken = await measure(pair, runs)
    for (const question of ['http', 'stream'] as const) {
      const { loopback, guests: own, gains } = taken[question]
      const gain = median(gains)
      const least = pair.least[question]
      const keeps = least === undefined || gain >= least
      isMet &&= keeps
      rows.push([
        `${question}, ${pair.name}`,
        quantity(median(loopback) / scales[question], units[question]),
        quantity(median(own) / scales[question], units[question]),
        `${gain.toFixed(2)} ×`,
        least === undefined ? '–' : `≥ ${least.toFixed(2)} ×`,
        least === undefined ? '' : keeps ? '✓' : '✗',
      ])
    }
    console.error(`network: ${pair.name}`)
  }

  const [pair] = pairs as readonly [Pair]
  for (const question of ['idle', 'idle-http'] as const) {
    const [loopback, own] = await memoryPerConnection(question, [
      [pair.loopback, idleConnections.loopback],
      [pair.guests, idleConnections.guests],
    ])
    const isBound = question === 'idle'
    const keeps = !isBound || own <= mostPerConnection
    isMet &&= keeps
    rows.push([
      isBound ? 'an idle connection' : 'an idle connection of http',
      quantity(loopback / 1024, 'KB'),
      quantity(own / 1024, 'KB'),
      `${(own / loopback).toFixed(2)} ×`,
      isBound ? `≤ ${mostPerConnection / 1024} KB` : '–',
      isBound ? (keeps ? '✓' : '✗') : '',
    ])
    console.error(`network: ${question}`)
  }
  return { text: formatColumns(['', 'loopback', 'guests', '', 'target', ''], rows), isMet }
}

/** The median of each run. */
interface Figures {
  readonly loopback: number[]
  readonly guests: number[]
  /** How many times as much the guests do, turn by turn: how fast the machine is may change from one second to the next. */
  readonly gains: number[]
}

type Taken = Readonly<Record<Question, Figures>>

/** Starts both anew for each run, and lets them take turns. */
async function measure(pair: Pair, runs: number): Promise<Taken> {
  const none = (): Figures => ({ loopback: [], guests: [], gains: [] })
  const taken: Taken = { http: none(), stream: none() }
  for (let run = 0; run < runs; run++) {
    await using loopback = startAsked(pair.loopback)
    await using guests = startAsked(pair.guests)
    for (const question of ['http', 'stream'] as const) {
      const { loopback: ofLoopback, guests: ofGuests, gains } = await takeTurns(question, loopback, guests)
      taken[question].loopback.push(median(ofLoopback))
      taken[question].guests.push(median(ofGuests))
      taken[question].gains.push(median(gains))
    }
  }
  return taken
}

/** Asks both by turns. */
async function takeTurns(question: Question, loopback: Asked, guests: Asked): Promise<Figures> {
  const figures: Figures = { loopback: [], guests: [], gains: [] }
  for (let turn = -warmUpTurns; turn < turns; turn++) {
    const isFirst = turn % 2 === 0
    const before = isFirst ? await loopback.ask(question) : undefined
    const ofGuests = await guests.ask(question)
    const ofLoopback = before ?? (await loopback.ask(question))
    if (turn < 0) continue
    figures.loopback.push(ofLoopback)
    figures.guests.push(ofGuests)
    figures.gains.push(ofGuests / ofLoopback)
  }
  return figures
}

/**
 * What connections take that nobody uses, both ends counted: in the process, not in the kernel.
 *
 * @param sides - the arguments of each process, and how many connections it opens
 * @returns for each @units bytes
 */
async function memoryPerConnection<Sides extends readonly (readonly [args: readonly string[], count: number])[]>(
  question: string,
  sides: readonly [...Sides],
): Promise<{ [Side in keyof Sides]: number }> {
  await using stack = new AsyncDisposableStack()
  const processes = sides.map(([args, count]) => ({ asked: stack.use(startAsked(args)), count }))
  const atRest = (open: (count: number) => number): Promise<number[]> =>
    Promise.all(
      processes.map(async ({ asked, count }) => {
        await asked.ask(`${question} ${open(count)}`)
        return anonymousSetAtRest(asked.pid)
      }),
    )
  // What the first ones need that all share.
  const before = await atRest(() => shared)
  const after = await atRest((count) => shared + count)
  const perConnection = processes.map(({ count }, at) => ((after[at]! - before[at]!) * 1024 * 1024) / count)
  return perConnection as { [Side in keyof Sides]: number }
}

import { program } from './commands.native.ts'
import { median } from './comparison.ts'
import { addMembers, createCrowd, memoryAtRest } from './density/create-crowd.ts'
import type { CrowdOptions, Kind } from './density/crowd.ts'
import { formatDensity, isDense } from './density/density-table.ts'
import type { DensityFigures } from './density/density-table.ts'
import { load, warmUpMs, windowMs } from './load.ts'
import type { Report, ReportOptions } from './report.ts'

/** From this many guests on a further one costs what it costs, not what the first ones share. */
const baseGuests = 10
const defaultGuests = 100
/** Kinds of which one costs so much that more of them would measure the machine. */
const defaultHeavyGuests = 20
const defaultRuns = 3
/** A machine shared with others gives one server twice in one window what it gives it in the next. */
const turns = 40

/** What a further express guest costs, beside what other ways of running the same program cost. */
export async function density(options: ReportOptions): Promise<Report> {
  const { runs = defaultRuns, guests = defaultGuests, watt } = options
  const kinds: readonly Kind[] = [
    'process',
    'worker',
    ...(watt === undefined ? [] : ['watt' as const]),
    'thread',
    'context',
  ]
  const figures = new Map(kinds.map((kind) => [kind, { memoryMb: [], startMs: [], perSecond: [] } as Taken]))
  const crowdOf = (kind: Kind): CrowdOptions => ({ kind, program: program('notes-express.cjs'), watt })
  for (let run = 0; run < runs; run++) {
    for (const [kind, taken] of figures) {
      const most = kind === 'context' ? guests : Math.min(guests, defaultHeavyGuests)
      const { memoryMb, startMs } = await growth(crowdOf(kind), most)
      taken.memoryMb.push(memoryMb)
      taken.startMs.push(startMs)
    }
    // Watt's entrypoint resets connections that are kept busy, for a reason not yet known.
    const rates = await requestRates(kinds.filter((kind) => kind !== 'watt').map(crowdOf))
    for (const [kind, taken] of rates) figures.get(kind)?.perSecond.push(...taken)
    console.error(`density: run ${run + 1} of ${runs}`)
  }
  return { text: formatDensity(figures), isMet: isDense(figures) }
}

type Taken = { -readonly [Figure in keyof DensityFigures]: number[] }

/** Lets a crowd grow, and tells what a further guest costs from the tenth on. */
async function growth(options: CrowdOptions, guests: number): Promise<{ memoryMb: number; startMs: number }> {
  await using crowd = await createCrowd(options)
  await addMembers(crowd, baseGuests)
  const before = await memoryAtRest(crowd)
  const further = await addMembers(crowd, guests - baseGuests)
  const after = await memoryAtRest(crowd)
  return { memoryMb: (after - before) / (guests - baseGuests), startMs: median(further.map(({ startMs }) => startMs)) }
}

/** The requests per second that one guest of each kind answers in each turn; all are there at once and take short turns. */
async function requestRates(crowds: readonly CrowdOptions[]): Promise<ReadonlyMap<Kind, readonly number[]>> {
  await using started = new AsyncDisposableStack()
  const servers: { readonly kind: Kind; readonly port: number; readonly rates: number[] }[] = []
  for (const options of crowds) {
    const crowd = started.use(await createCrowd(options))
    const { port } = await crowd.add()
    if (port === undefined) throw new Error(`a guest of kind '${options.kind}' has no port`)
    await load(port, warmUpMs)
    servers.push({ kind: options.kind, port, rates: [] })
  }
  for (let turn = 0; turn < turns; turn++) {
    const order = turn % 2 === 0 ? servers : servers.toReversed()
    for (const { port, rates } of order) rates.push(await load(port, windowMs))
  }
  return new Map(servers.map(({ kind, rates }) => [kind, rates]))
}

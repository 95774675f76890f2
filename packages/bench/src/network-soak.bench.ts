import { fork } from 'node:child_process'
import { once } from 'node:events'
import { builtHost, program } from './commands.native.ts'
import type { SoakRemains } from './network/network-soak-host.ts'
import type { Report, ReportOptions } from './report.ts'
import { formatColumns, quantity } from './table.ts'

/** A million requests and a hundred thousand connections in all. */
const defaultRounds = 10
const requestsPerRound = 100_000
const connectionsPerRound = 10_000
const seed = 7
/** The round after which everything is there that all rounds share: what Node keeps of the last requests of `fetch`, code that runs often. */
const settled = 1
/** @units MB */
const mostGrowth = 3
/** Of a class: what comes and goes by itself. */
const mostObjects = 50

/**
 * What requests and connections between two guests leave behind, of which many are reset, aborted, half closed or left alone by a fixed seed: in
 * one thread, and in two.
 */
export async function networkSoak({ runs: rounds = defaultRounds }: ReportOptions): Promise<Report> {
  const reports: Report[] = []
  for (const [where, threads] of [
    ['one thread', 1],
    ['two threads', 2],
  ] as const) {
    reports.push(reportOf(where, await soakIn(threads, rounds)))
  }
  return { text: reports.map(({ text }) => text).join('\n\n'), isMet: reports.every(({ isMet }) => isMet) }
}

async function soakIn(threads: number, rounds: number): Promise<readonly SoakRemains[]> {
  const numbers = [threads, rounds, requestsPerRound, connectionsPerRound, seed]
  const host = fork(builtHost('network/network-soak-host'), [program('network-soak.mjs'), ...numbers.map(String)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const remains: SoakRemains[] = []
  host.on('message', (message: SoakRemains) => {
    remains.push(message)
    console.error(`network-soak: ${threads} thread(s), round ${message.round}, ${message.seconds.toFixed(0)} s`)
  })
  const [code] = await once(host, 'exit')
  if (code !== 0) throw new Error(`the process of the guests ended with ${code}`)
  return remains
}

/** Objects that stand for a connection, a request or a wait, by what V8 calls their classes. */
const telling = ['Connection', 'JSStream', 'Socket', 'ClientRequest', 'IncomingMessage', 'Timeout', 'ArrayBuffer']

function reportOf(where: string, remains: readonly SoakRemains[]): Report {
  const first = remains[0]!
  const before = remains[Math.min(settled, remains.length - 1)]!
  const last = remains.at(-1)!
  const grown = Object.entries(last.objects)
    .map(([name, count]) => ({ name, growth: count - (before.objects[name] ?? 0) }))
    .filter(({ growth }) => growth > mostObjects)
    .toSorted((a, b) => b.growth - a.growth)
    .map(({ name, growth }) => `${name.slice(0, 40)} +${growth}`)
  const live = Math.max(...remains.map((sample) => sample.live))
  const open = ({ sockets, timers, handles }: SoakRemains): string =>
    `${sockets} sockets, ${timers} timers, ${handles} handles`
  const [heap, buffers] = [last.heapMb - before.heapMb, last.buffersMb - before.buffersMb]
  const checks: readonly (readonly [text: string, isMet: boolean])[] = [
    [`live sockets by FinalizationRegistry: ${live} at most, must be 0`, live === 0],
    [`open by host.stats(): ${open(last)}, must be ${open(first)}`, open(last) === open(first)],
    [`classes with more than ${mostObjects} new objects: ${grown.join(', ') || 'none'}`, grown.length === 0],
    [`heaps since round ${before.round}: ${signed(heap)}, at most +${mostGrowth} MB`, heap <= mostGrowth],
    [`buffers since round ${before.round}: ${signed(buffers)}, at most +${mostGrowth} MB`, buffers <= mostGrowth],
  ]
  const table = formatColumns(
    [where, 'live', 'open', ...telling, 'heaps', 'buffers', 'process', 'ended well', 'took'],
    remains.map(({ round, live: registered, sockets, objects, heapMb, buffersMb, anonymousMb, outcomes, seconds }) => [
      `round ${round}`,
      String(registered),
      String(sockets),
      ...telling.map((name) => String(objects[name] ?? 0)),
      quantity(heapMb, 'MB'),
      quantity(buffersMb, 'MB'),
      quantity(anonymousMb, 'MB'),
      `${wellEnded(outcomes).toFixed(0)} %`,
      quantity(seconds, 's'),
    ]),
  )
  const verdicts = checks.map(([text, isMet]) => `${isMet ? '✓' : '✗'} ${text}`)
  return { text: [table, ...verdicts].join('\n'), isMet: checks.every(([, isMet]) => isMet) }
}

/** How many requests and connections came to their end unbroken. @units percent */
function wellEnded(outcomes: SoakRemains['outcomes']): number {
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)
  const well = ['answered', 'fetched', 'closed'].map((outcome) => outcomes[outcome] ?? 0)
  return (sum(well) * 100) / sum(Object.values(outcomes))
}

const signed = (megabytes: number): string => `${megabytes < 0 ? '' : '+'}${quantity(megabytes, 'MB')}`

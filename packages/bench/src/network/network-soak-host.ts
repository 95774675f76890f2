/**
 * A process in which a client soaks its server, both of them guests of libvisor, in one thread or in one thread each. Tells its parent what is left of
 * that after some of the rounds. Arguments: the program, how many threads there are, how many rounds, how many requests and how many connections a
 * round is made of, and the seed.
 */
import process from 'node:process'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import type { Guest, GuestOptions } from 'libvisor'
import { anonymousSet } from '../density/proportional-set.ts'
import { inspectThreads } from '../density/thread-inspector.ts'
import { libvisorBuild } from '../libvisor-build.native.ts'

/** How often requests and connections came to what. */
export type Outcomes = Readonly<Record<string, number>>

/** What is left of the requests and connections that are over. */
export interface SoakRemains {
  readonly round: number
  readonly outcomes: Outcomes
  /** Sockets of both guests that FinalizationRegistry has not seen collected. */
  readonly live: number
  /** Sockets, timers and handles that the host knows to be open. */
  readonly sockets: number
  readonly timers: number
  readonly handles: number
  /** Objects in the heaps of the threads, by their classes. */
  readonly objects: Readonly<Record<string, number>>
  /** In use in the threads of the guests and in that of the switch, after a collection. @units MB */
  readonly heapMb: number
  /** What buffers of these threads hold beside their heaps. @units MB */
  readonly buffersMb: number
  /** Memory of the process that no file is behind, whatever V8 and the allocator keep of it for later. @units MB */
  readonly anonymousMb: number
  /** @units seconds */
  readonly seconds: number
}

/** Until the last connections are closed, and what Node keeps for some seconds (kept connections, the date) is gone. @units milliseconds */
const REST_MS = 8000

const [program, ...numbers] = process.argv.slice(2) as [string, ...string[]]
const [threads, rounds, requests, connections, seed] = numbers.map(Number) as [number, number, number, number, number]
const { createHost, hostDir } = await libvisorBuild()
const host = await createHost({ pool: { threads } })

const options = (name: string, ...args: string[]): GuestOptions => ({
  name,
  isolation: 'context',
  placement: { thread: threads === 1 || name === 'server' ? 1 : 2 },
  entry: program,
  args,
  stdin: true,
  fs: { '/': hostDir('/') },
})

/** A guest that answers each line of its input with one of JSON. */
interface Answering {
  readonly guest: Guest
  ask<T>(question: string): Promise<T>
}

async function start(name: string, ...args: string[]): Promise<Answering> {
  const guest = await host.spawn(options(name, ...args))
  guest.stderr.pipe(process.stderr)
  const lines = createInterface(guest.stdout)[Symbol.asyncIterator]()
  return {
    guest,
    async ask<T>(question: string) {
      guest.stdin!.write(`${question}\n`)
      const { value } = (await lines.next()) as { readonly value: string }
      return JSON.parse(value) as T
    },
  }
}

const server = await start('server', 'server')
await server.guest.listening(8080)
await server.guest.listening(8081)
const client = await start('client', 'client', 'server')

for (let round = 0; round <= rounds; round++) {
  const begun = performance.now()
  // The first round is for what everything else shares, and for code to be compiled.
  const share = round === 0 ? 0.2 : 1
  const outcomes: Record<string, number> = {}
  for (const [kind, count] of [
    ['http', requests * share],
    ['sockets', connections * share],
  ] as const) {
    const ended = await client.ask<Outcomes>(`${kind} ${Math.round(count)} ${seed + round}`)
    for (const [outcome, times] of Object.entries(ended)) outcomes[outcome] = (outcomes[outcome] ?? 0) + times
  }
  const seconds = (performance.now() - begun) / 1000
  await delay(REST_MS)
  process.send!({ round, outcomes, seconds, ...(await remains()) } satisfies SoakRemains)
}
process.disconnect()
await host[Symbol.asyncDispose]()
process.exit()

async function remains(): Promise<Omit<SoakRemains, 'outcomes' | 'round' | 'seconds'>> {
  const objects: Record<string, number> = {}
  let heapMb = 0
  let buffersMb = 0
  for (const thread of await inspectThreads()) {
    using inspected = thread
    for (const [name, count] of await inspected.objectsByClass()) objects[name] = (objects[name] ?? 0) + count
    heapMb += await inspected.heapInUse()
    buffersMb += await inspected.buffersInUse()
    // The switch is in the thread that looks.
    await inspected.collectOwn()
  }
  heapMb += process.memoryUsage().heapUsed / 2 ** 20
  let live = 0
  for (const side of [server, client]) live += (await side.ask<{ readonly live: number }>('left')).live
  const { guests } = await host.stats()
  const sum = (key: 'handles' | 'sockets' | 'timers'): number =>
    guests.reduce((total, guest) => total + (guest[key] ?? Number.NaN), 0)
  return {
    live,
    sockets: sum('sockets'),
    timers: sum('timers'),
    handles: sum('handles'),
    objects,
    heapMb,
    buffersMb,
    anonymousMb: anonymousSet(process.pid),
  }
}

/**
 * A process in whose only thread for contexts guests start and end, one after the other, each in another way. Tells its
 * parent what is left of them after some of the cycles. Arguments: the program, and those cycles.
 */
import assert from 'node:assert/strict'
import http from 'node:http'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import type { Guest } from 'libvisor'
import { libvisorBuild } from '../libvisor-build.native.ts'
import { firstAnswer } from './first-answer.ts'
import { anonymousSet, proportionalSet } from './proportional-set.ts'
import { inspectOnlyThread } from './thread-inspector.ts'
import { visorGuestOptions } from './visor-guests.ts'

/** What is left of the guests that have ended. */
export interface Remains {
  readonly cycle: number
  /** Contexts of guests that FinalizationRegistry has not seen collected. */
  readonly registered: number
  /** Contexts of guests that the inspector still finds in the thread. */
  readonly contexts: number
  /** In use in the thread, after a collection. @units MB */
  readonly heapMb: number
  /** Of the whole process, whose own garbage has been collected, too. @units MB */
  readonly proportionalMb: number
  /** Of that, what it shares with no other process of Node. @units MB */
  readonly anonymousMb: number
}

/**
 * Until nothing is under way any more: for a second Node keeps the date that it has put into a response, in a timer of the guest that was
 * first to need it, and the thread collects what guests have left when it has had little to do for as long. @units milliseconds
 */
const REST_MS = 2500

/** A way to end a guest, and the status with which it must end. */
interface Ending {
  readonly end: (guest: Guest, url: string) => unknown
  readonly status: { readonly code: number | null; readonly signal: NodeJS.Signals | null }
}

/**
 * The connection of a guest that ends at once breaks. Not by `fetch`: the WebAssembly that it parses with is compiled in blocks of
 * megabytes, after which glibc keeps up to 15 MB of what is free in the arena of each of V8's threads. They would count as the guests'.
 */
const post = (url: string): Promise<unknown> =>
  new Promise((resolve) => {
    const request = http.request(url, { method: 'POST' }, (response) => response.resume().once('close', resolve))
    request.once('error', resolve).end()
  })

const endings: readonly Ending[] = [
  { end: (guest) => guest.kill('SIGTERM'), status: { code: null, signal: 'SIGTERM' } },
  { end: (_guest, url) => post(`${url}/exit`), status: { code: 3, signal: null } },
  { end: (guest) => guest.kill('SIGKILL'), status: { code: null, signal: 'SIGKILL' } },
  { end: (_guest, url) => post(`${url}/crash`), status: { code: 1, signal: null } },
]

const [program, ...cycles] = process.argv.slice(2) as [string, ...string[]]
const stops = new Set(cycles.map(Number))
const { createHost } = await libvisorBuild()
const host = await createHost({ pool: { threads: 1 } })
const optionsOf = await visorGuestOptions(program, 'context')
for (let cycle = 1; cycle <= Math.max(...stops); cycle++) {
  await startAndEnd(cycle)
  if (stops.has(cycle)) process.send!(await remainsAfter(cycle))
}
process.disconnect()
await host[Symbol.asyncDispose]()

async function startAndEnd(cycle: number): Promise<void> {
  const guest = await host.spawn(optionsOf(`guest-${cycle}`))
  guest.stdout.resume()
  guest.stderr.resume()
  const { published } = await guest.listening(3000)
  await firstAnswer(Number(new URL(published!).port))
  const { end, status } = endings[cycle % endings.length]!
  await end(guest, published!)
  assert.deepEqual(await guest.exited, status)
}

async function remainsAfter(cycle: number): Promise<Remains> {
  await delay(REST_MS)
  using thread = await inspectOnlyThread()
  await thread.collectOwn()
  const contexts = (await thread.liveContexts()).filter((name) => name.startsWith('guest-')).length
  const heapMb = await thread.heapInUse()
  const { threads } = await host.stats()
  const registered = threads[0]?.contexts ?? Number.NaN
  const proportionalMb = proportionalSet(process.pid)
  return { cycle, registered, contexts, heapMb, proportionalMb, anonymousMb: anonymousSet(process.pid) }
}

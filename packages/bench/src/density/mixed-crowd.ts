import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import type * as Libvisor from 'libvisor'
import type { Guest, GuestOptions, Host } from 'libvisor'
import { program } from '../commands.native.ts'

/** How many guests of each app there are, and how they run. */
export interface MixedCrowdOptions {
  readonly express: number
  readonly fastify: number
  readonly isolation: 'context' | 'thread'
}

/** The file that every guest keeps its note in. */
const dataFile = '/data/db.json'
/** How many guests are started, or asked, at the same time. */
const atOnce = 8

/**
 * Runs guests of two apps in this process, all on port 3000 and with one data path, each with a note of its own; one
 * crashes, one exits.
 *
 * @param libvisor - as its sources are, or as it is published
 * @throws {AssertionError} when a guest does not answer, knows anything of another one, or notices that one has ended
 */
export async function checkMixedCrowd(libvisor: typeof Libvisor, options: MixedCrowdOptions): Promise<void> {
  const dataOfHost = existsSync(dataFile)
  await using host = await libvisor.createHost()
  const guests = await each(mixedOptions(libvisor, options), (guestOptions) => start(host, guestOptions))

  await each(guests, (member) => member.keep())
  await each(guests, (member) => member.check())

  const [crashing, exiting, ...others] = [guests[0]!, guests.at(-1)!, ...guests.slice(1, -1)]
  await Promise.all([crashing.post('/crash'), exiting.post('/exit')])
  assert.deepEqual(await crashing.guest.exited, { code: 1, signal: null })
  assert.deepEqual(await exiting.guest.exited, { code: 3, signal: null })
  assert.match(crashing.errors(), /Error: crashed, as it was asked to\n {4}at /)
  assert.equal(exiting.errors(), '')

  // What they remember shows that none of them was started again.
  await each(others, (member) => member.check())
  assert.deepEqual([...host.guests.keys()].sort(), others.map(({ guest }) => guest.name).sort())
  for (const { guest, errors } of others) assert.equal(errors(), '', `${guest.name} has written to stderr`)
  assert.equal(existsSync(dataFile), dataOfHost)
}

/** A guest with what it is asked, and what it has to answer. */
interface Member {
  readonly guest: Guest
  /** What it has written to stderr. */
  readonly errors: () => string
  /** Has it keep its own name as its note. */
  keep(): Promise<void>
  /** Checks that it knows its own note, and that of nobody else. */
  check(): Promise<void>
  /** Asks for something after which there may be no answer. */
  post(path: string): Promise<void>
}

function mixedOptions(libvisor: typeof Libvisor, options: MixedCrowdOptions): readonly GuestOptions[] {
  const { hostDir, memory, overlay } = libvisor
  const guest = (name: string, app: string): GuestOptions => ({
    name,
    entry: program(app),
    isolation: options.isolation,
    fs: { '/': overlay({ lower: hostDir('/'), upper: memory() }), '/data': memory() },
  })
  return [
    ...Array.from({ length: options.express }, (_, index) => guest(`express-${index}`, 'notes-express.cjs')),
    ...Array.from({ length: options.fastify }, (_, index) => guest(`fastify-${index}`, 'notes-fastify.mjs')),
  ]
}

async function start(host: Host, options: GuestOptions): Promise<Member> {
  const guest = await host.spawn(options)
  const { name } = guest
  let errors = ''
  guest.stdout.resume()
  guest.stderr.on('data', (chunk: Buffer) => (errors += String(chunk)))
  await guest.listening(3000).catch((error: unknown) => {
    throw new Error(`'${name}' does not listen:\n${errors}`, { cause: error })
  })
  const note = `http://${name}:3000/note`
  return {
    guest,
    errors: () => errors,
    async keep() {
      const headers = { 'content-type': 'application/json' }
      const { status } = await host.fetch(note, { method: 'PUT', headers, body: JSON.stringify({ note: name }) })
      assert.equal(status, 204, name)
    },
    async check() {
      assert.deepEqual(await (await host.fetch(note)).json(), { note: name, host: name, known: [name] })
      assert.deepEqual(JSON.parse(await guest.fs.readFile(dataFile, 'utf8')), { note: name })
    },
    async post(path) {
      await host.fetch(`http://${name}:3000${path}`, { method: 'POST' }).catch(() => undefined)
    },
  }
}

/** Does something with each of a list, some at the same time. */
async function each<Item, Result>(items: readonly Item[], run: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  const waiting = items.entries()
  const work = async (): Promise<void> => {
    for (const [index, item] of waiting) results[index] = await run(item)
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return results
}

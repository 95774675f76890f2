/** The places in which a body is run: the real file system, which says what is right, and guests' of every kind. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { hostDir, memory, overlay } from '@libvisor/fs'
import { temporaryDirectory } from '@libvisor/testkit'
import { test } from 'vitest'
import { startRemote } from '../state/fixture.ts'
import type { Mounts } from '../state/fixture.ts'
import { bindGuest, identityAt, startGuest } from './guests.ts'
import type { Guest } from './guests.ts'

/** What a body works with. */
export interface World extends Omit<Guest, typeof Symbol.dispose> {
  /** An empty directory, with the same path in every world. */
  readonly dir: string
}

type Body = (world: World) => unknown

const REMOTE = 'in memory of another thread'

/** What is mounted so that a guest has an empty directory at a path. `other` is an empty directory of the host. */
const guests: Readonly<Record<string, (dir: string, other: string) => Mounts>> = {
  'in memory': (dir) => ({ '/': memory(), [dir]: memory() }),
  [REMOTE]: (dir) => ({ '/': memory(), [dir]: memory() }),
  'in an overlay over the root': () => ({ '/': overlay({ lower: hostDir('/'), upper: memory() }) }),
  'in a bound directory of the host': (dir, other) => ({ '/': memory(), [dir]: hostDir(other, { mode: 'rw' }) }),
  'in a root that is the host’s own': () => ({ '/': hostDir('/', { mode: 'rw' }) }),
}

/** A guest whose files are in another thread. */
async function startRemoteGuest(mounts: Mounts, cwd: string): Promise<Guest> {
  const identity = identityAt(cwd)
  const { process: files } = await startRemote(mounts, identity)
  return bindGuest(identity, () => files)
}

/**
 * Runs one body in every world. What it returns, and what it asserts, must be the same as natively.
 *
 * @param title - a sentence about what holds
 * @param body - returns what it saw
 */
export function everywhere(title: string, body: Body): void {
  for (const [where, mountsOf] of Object.entries(guests)) {
    test(`${title} (${where})`, async () => {
      using directory = temporaryDirectory()
      const { path: dir } = directory
      const cwd = process.cwd()
      let expected: unknown
      try {
        expected = await body({ fs, promises: fs.promises, dir, chdir: (path) => process.chdir(path) })
      } finally {
        process.chdir(cwd)
      }
      for (const name of fs.readdirSync(dir, { encoding: 'buffer' })) {
        fs.rmSync(Buffer.concat([Buffer.from(`${dir}/`), name]), { recursive: true })
      }
      using other = temporaryDirectory()
      const start = where === REMOTE ? startRemoteGuest : startGuest
      using guest = await start(mountsOf(dir, other.path), cwd)
      assert.deepEqual(await body({ ...guest, dir }), expected)
    })
  }
}

/** Everything a guest can see of an error. */
export function describeError(error: unknown): unknown {
  assert.ok(error instanceof Error, `An error was expected, not ${String(error)}`)
  const { cause, ...own } = error as Error & Record<string, unknown>
  return {
    ...own,
    name: error.name,
    message: error.message,
    keys: Object.keys(error),
    prototype: error.constructor.name,
    ...(cause === undefined ? {} : { cause }),
    info: undefined,
  }
}

/** What a call comes to: its value, or its error. */
export function outcome(call: () => unknown): unknown {
  try {
    return { value: call() }
  } catch (error) {
    return { error: describeError(error) }
  }
}

/** The same for a promise. */
export async function laterOutcome(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return { value: await call() }
  } catch (error) {
    return { error: describeError(error) }
  }
}

type AnyFunction = (...args: unknown[]) => unknown

/** Calls one operation in its three flavours: what they come to. */
export async function threeWays(world: World, name: string, ...args: unknown[]): Promise<Record<string, unknown>> {
  const sync = (world.fs as unknown as Record<string, AnyFunction>)[`${name}Sync`]!
  const callback = (world.fs as unknown as Record<string, AnyFunction>)[name]!
  const promise = (world.promises as unknown as Record<string, AnyFunction | undefined>)[name]
  const withCallback = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      callback(...args, (error: Error | null, ...results: unknown[]) =>
        error === null ? resolve(results) : reject(error),
      )
    })
  return {
    sync: outcome(() => sync(...args)),
    callback: await laterOutcome(withCallback),
    promise: promise === undefined ? undefined : await laterOutcome(async () => promise(...args)),
  }
}

/** Guests with intrinsics of their own: what they get must be made of those. */
import assert from 'node:assert/strict'
import vm from 'node:vm'
import { intrinsicsOf } from '@libvisor/abi'
import { createNamespace, slots } from '@libvisor/core'
import { createFileSystem, createFsInterceptor, createHostFs, fileSystem, hostDir, memory } from '@libvisor/fs'
import { temporaryDirectory } from '@libvisor/testkit'
import { expect, onTestFinished, test } from 'vitest'
import { countingEntropy, makeIdentity, makeStdio } from '../state/fixture.ts'
import type { Mounts } from '../state/fixture.ts'

type World = { readonly global: typeof globalThis; readonly fs: typeof import('node:fs'); readonly dir: string }

const wallClock = {
  now: () => Date.now(),
  nowNs: () => BigInt(Date.now()) * 1_000_000n,
  monotonicNs: () => process.hrtime.bigint(),
  zone: undefined,
}

/** Gives what is made of this realm's prototypes those of another, as far as these tests look. */
function adopterOf(global: typeof globalThis): <T>(value: T) => T {
  const names = ['Array', 'Object', 'Promise', 'Error', 'TypeError', 'RangeError'] as const
  const counterparts = new Map<unknown, object>(
    names.map((name) => [globalThis[name].prototype, global[name].prototype]),
  )
  return (value) => {
    if (typeof value !== 'object' || value === null) return value
    let proto = Object.getPrototypeOf(value) as object | null
    // Errors with a code have a prototype of their own between.
    while (value instanceof Error && !counterparts.has(proto)) proto = Object.getPrototypeOf(proto) as object
    const counterpart = counterparts.get(proto)
    if (counterpart !== undefined) Object.setPrototypeOf(value, counterpart)
    return value
  }
}

const roots: Readonly<Record<string, (dir: string) => Mounts>> = {
  'in memory': () => ({ '/': memory() }),
  'on the host': () => ({ '/': hostDir('/', { mode: 'rw' }) }),
  'in a bound directory': (dir) => ({ '/': memory(), '/data': hostDir(dir, { mode: 'rw' }) }),
}

/** Runs a body in a guest of another realm, in a directory with one file named `a`, over each kind of files. */
function inOtherRealm(title: string, body: (world: World) => unknown): void {
  for (const [where, mountsOf] of Object.entries(roots)) {
    test(`${title} (${where})`, async () => {
      const directory = temporaryDirectory()
      onTestFinished(() => directory[Symbol.dispose]())
      const global = vm.runInNewContext('globalThis') as typeof globalThis
      const ns = createNamespace({ name: 'guest', intrinsics: intrinsicsOf(global), adopt: adopterOf(global) })
      onTestFinished(() => ns[Symbol.dispose]())
      const identity = makeIdentity({ cwd: '/', uid: process.getuid!(), gid: process.getgid!() })
      const files = createFileSystem({
        mounts: mountsOf(directory.path),
        clock: wallClock,
        entropy: countingEntropy(),
        host: createHostFs(),
        later: (task) => ns.scheduler.schedule('io', task),
      })
      ns.provide(slots.identity, identity)
      ns.provide(slots.clock, wallClock)
      ns.provide(slots.entropy, countingEntropy())
      ns.provide(fileSystem, files.process(identity, makeStdio()))
      const fs = createFsInterceptor().bind(ns).modules['fs']!() as typeof import('node:fs')
      const dir = where === 'in a bound directory' ? '/data' : directory.path
      fs.mkdirSync(dir, { recursive: true })
      fs.writeFileSync(`${dir}/a`, 'abc')
      await body({ global, fs, dir })
    })
  }
}

const outcomeOf = async (call: () => unknown): Promise<unknown> => {
  try {
    return await call()
  } catch (error) {
    return error
  }
}

inOtherRealm('lists are arrays of the guest', async ({ global, fs, dir }) => {
  const listed = await new Promise<unknown>((resolve) => fs.readdir(dir, (_, names) => resolve(names)))
  for (const names of [fs.readdirSync(dir), listed, await fs.promises.readdir(dir), fs.globSync(`${dir}/*`)]) {
    expect(Object.getPrototypeOf(names)).toBe(global.Array.prototype)
  }
})

inOtherRealm('failures are errors of the guest, with the stack of its call', async ({ global, fs, dir }) => {
  const missing = `${dir}/missing`
  const handle = await fs.promises.open(`${dir}/a`, 'r')
  const errors = [
    await outcomeOf(() => fs.readFileSync(missing)),
    await new Promise((resolve) => fs.stat(missing, resolve)),
    await outcomeOf(() => fs.promises.access(missing)),
    await outcomeOf(() => handle.writeFile('x')),
  ]
  await handle.close()
  for (const error of errors) {
    expect(Object.getPrototypeOf(error)).toBe(global.Error.prototype)
    expect((error as NodeJS.ErrnoException).code).toMatch(/^(ENOENT|EBADF)$/)
  }
})

inOtherRealm('wrong arguments are refused with errors of the guest', async ({ global, fs }) => {
  const errors = [
    await outcomeOf(() => fs.readFileSync({} as string)),
    await outcomeOf(() => fs.stat('/', 'x' as unknown as () => void)),
    await outcomeOf(() => fs.promises.readFile({} as string)),
  ]
  for (const error of errors) expect(error).toBeInstanceOf(global.TypeError)
})

inOtherRealm('promises are the guest’s', async ({ global, fs, dir }) => {
  const handle = await fs.promises.open(`${dir}/a`, 'r')
  const promises: Promise<unknown>[] = [
    fs.promises.readFile(`${dir}/a`),
    fs.promises.stat(dir),
    fs.promises.mkdir(`${dir}/b`),
    fs.promises.opendir(dir).then((opened) => opened.close()),
    handle.stat(),
    handle.readFile(),
    handle.close(),
  ]
  for (const promise of promises) expect(Object.getPrototypeOf(promise)).toBe(global.Promise.prototype)
  await Promise.all(promises)
})

inOtherRealm('failures of promises tell who waits for them', async ({ global, fs, dir }) => {
  const waiting = global.eval('(async function waiting(call) { await call() })') as (call: () => unknown) => unknown
  const error = (await outcomeOf(() => waiting(() => fs.promises.access(`${dir}/missing`)))) as Error
  expect(error.stack?.split('\n')[1]).toContain('waiting')
})

inOtherRealm('a listener is found again', async ({ fs, dir }) => {
  const listener = (): void => assert.fail()
  const watcher = fs.watchFile(`${dir}/a`, listener)
  fs.unwatchFile(`${dir}/a`, listener)
  expect(watcher.listenerCount('change')).toBe(0)
})

inOtherRealm('a search gives its results one by one, in promises of the guest', async ({ global, fs, dir }) => {
  const search = fs.promises.glob(`${dir}/*`)
  const first = search.next()
  expect(Object.getPrototypeOf(first)).toBe(global.Promise.prototype)
  expect(await first).toMatchObject({ done: false, value: `${dir}/a` })
})

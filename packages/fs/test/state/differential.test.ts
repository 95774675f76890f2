/** Random programs against a real directory and against every driver: each result, each error, and the final tree. */
import assert from 'node:assert/strict'
import { constants } from 'node:fs'
import { hostDir, memory, overlay } from '@libvisor/fs'
import type { Syscalls } from '@libvisor/fs'
import { temporaryDirectory } from '@libvisor/testkit'
import * as fc from 'fast-check'
import { describe, test } from 'vitest'
import { bytes, outcome, text } from './calls.ts'
import { startLocal } from './fixture.ts'
import type { Mounts } from './fixture.ts'
import { nativeSyscalls } from './native-syscalls.ts'

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_APPEND, O_TRUNC, S_IFMT, S_IFDIR, S_IFLNK } = constants

const RUNS = Number(process.env['LIBVISOR_DIFFERENTIAL_RUNS'] ?? 150)
const SEED = Number(process.env['LIBVISOR_DIFFERENTIAL_SEED'] ?? 20_260_101)
const OPERATIONS = 40

/** Everything happens so deep that no `..` gets above it: above the root the two sides differ. */
const BASE = '/1/2/3/4/5/6/7/8/9/10/11/12'

const component = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('a', 'b', 'c', 'd') },
  { weight: 1, arbitrary: fc.constantFrom('.', '..', 'x\udcff') },
)
const relative = fc
  .tuple(fc.array(component, { minLength: 1, maxLength: 3 }), fc.constantFrom('', '', '', '', '/'))
  .map(([names, slash]) => names.join('/') + slash)
const path = relative.map((relativePath) => `${BASE}/${relativePath}`)
const target = fc.oneof(relative, fc.constantFrom('../a', '../b/c', 'self', '.'))
const slot = fc.integer({ min: 0, max: 2 })
const mode = fc.constantFrom(0o644, 0o600, 0o755, 0o777)
const content = fc.string({ maxLength: 12 }).map(bytes)
const size = fc.integer({ min: 0, max: 20 })
const flags = fc
  .tuple(
    fc.constantFrom(0, 1, 2),
    fc.subarray([O_CREAT, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_NOFOLLOW, O_DIRECTORY], { maxLength: 3 }),
  )
  .map(([access, more]) => more.reduce((sum, flag) => sum | flag, access))
  // What the kernel leaves undefined, or what makes a file that is a directory.
  .filter(
    (value) => (value & (O_CREAT | O_EXCL)) !== O_EXCL && (value & (O_CREAT | O_DIRECTORY)) !== (O_CREAT | O_DIRECTORY),
  )

type Operation = (sync: Syscalls, slots: (number | undefined)[]) => unknown

interface Step {
  readonly text: string
  readonly run: Operation
}

const show = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? `${inner}n` : inner))

function step<Args extends readonly unknown[]>(
  name: string,
  args: { readonly [Index in keyof Args]: fc.Arbitrary<Args[Index]> },
  run: (sync: Syscalls, slots: (number | undefined)[], ...args: Args) => unknown,
): fc.Arbitrary<Step> {
  return (fc.tuple(...(args as unknown as fc.Arbitrary<unknown>[])) as unknown as fc.Arbitrary<Args>).map((values) => ({
    text: `${name}(${values.map((value) => show(value instanceof Uint8Array ? text(value) : value)).join(', ')})`,
    run: (sync, slots) => run(sync, slots, ...values),
  }))
}

/** What can be told of an inode without saying which one it is. */
function shape(sync: Syscalls, record: ReturnType<Syscalls['stat']>): unknown {
  const { mode: bits, nlink, size: length, uid, gid } = record
  return { mode: bits, nlink, uid, gid, ...((bits & S_IFMT) !== S_IFDIR && { length }) }
}

const withSlot = (slots: (number | undefined)[], index: number, use: (fd: number) => unknown): unknown => {
  const fd = slots[index]
  return fd === undefined ? 'closed' : use(fd)
}

const ns = fc.integer({ min: 1, max: 1000 }).map((seconds) => BigInt(seconds) * 1_000_000_000n)

const makers: fc.Arbitrary<Step>[] = [
  step('mkdir', [path, mode], (sync, _, at, bits) => sync.mkdir(at, bits)),
  step('put', [path, content], (sync, _, at, data) => {
    const fd = sync.open(at, O_CREAT | O_TRUNC | 1, 0o644)
    try {
      return sync.write(fd, data, -1)
    } finally {
      sync.close(fd)
    }
  }),
  step('symlink', [target, path], (sync, _, to, at) => sync.symlink(to, at)),
  step('link', [path, path], (sync, _, from, to) => sync.link(from, to)),
]

const others: fc.Arbitrary<Step>[] = [
  step('rename', [path, path], (sync, _, from, to) => sync.rename(from, to)),
  step('rename', [path, path], (sync, _, from, to) => sync.rename(from, to)),
  step('unlink', [path], (sync, _, at) => sync.unlink(at)),
  step('rmdir', [path], (sync, _, at) => sync.rmdir(at)),
  step('stat', [path], (sync, _, at) => shape(sync, sync.stat(at))),
  step('lstat', [path], (sync, _, at) => shape(sync, sync.lstat(at))),
  step('readdir', [path], (sync, _, at) => sync.readdir(at)),
  step('readlink', [path], (sync, _, at) => sync.readlink(at)),
  step('realpath', [path.filter((at) => !at.includes('\udcff'))], (sync, _, at) => sync.realpath(at)),
  step('chmod', [path, mode], (sync, _, at, bits) => sync.chmod(at, bits)),
  step('truncate', [path, size], (sync, _, at, length) => sync.truncate(at, length)),
  step('utimes', [path, ns, ns], (sync, _, at, atimeNs, mtimeNs) => sync.utimes(at, atimeNs, mtimeNs)),
  step('mtime', [path], (sync, _, at) => {
    // Times that were set are compared, those that the clocks gave are not.
    const { mtimeNs } = sync.stat(at)
    return mtimeNs <= 1_000_000_000_000n ? mtimeNs : 'now'
  }),
  step('open', [slot, path, flags], (sync, slots, index, at, how) => {
    if (slots[index] !== undefined) return 'open already'
    slots[index] = sync.open(at, how, 0o644)
    return 'opened'
  }),
  step('close', [slot], (sync, slots, index) =>
    withSlot(slots, index, (fd) => {
      slots[index] = undefined
      sync.close(fd)
    }),
  ),
  step('read', [slot, size, fc.constantFrom(-1, 0, 3)], (sync, slots, index, length, position) =>
    withSlot(slots, index, (fd) => text(sync.read(fd, length + 1, position))),
  ),
  step('write', [slot, content, fc.constantFrom(-1, 0, 3, 15)], (sync, slots, index, data, position) =>
    withSlot(slots, index, (fd) => sync.write(fd, data, position)),
  ),
  step('ftruncate', [slot, size], (sync, slots, index, length) =>
    withSlot(slots, index, (fd) => sync.ftruncate(fd, length)),
  ),
  step('fstat', [slot], (sync, slots, index) => withSlot(slots, index, (fd) => shape(sync, sync.fstat(fd)))),
  step('fchmod', [slot, mode], (sync, slots, index, bits) => withSlot(slots, index, (fd) => sync.fchmod(fd, bits))),
]

const setup = fc.array(fc.oneof(...makers), { maxLength: 15 })
const program = fc.array(fc.oneof(...makers, ...others, ...others), { minLength: 5, maxLength: OPERATIONS })

/** A whole tree: every name with what is there. */
function tree(sync: Syscalls, directory: string): unknown {
  return sync.readdir(directory).map(({ name, type }) => {
    const at = `${directory}/${name}`
    const record = shape(sync, sync.lstat(at))
    if (type === S_IFDIR) return { name, record, entries: tree(sync, at) }
    if (type === S_IFLNK) return { name, record, target: sync.readlink(at) }
    const fd = sync.open(at, 0, 0)
    const data = text(sync.read(fd, 1000, -1))
    sync.close(fd)
    return { name, record, data }
  })
}

function makeBase(sync: Syscalls): void {
  const names = BASE.split('/').slice(1)
  for (const [index] of names.entries()) sync.mkdir(`/${names.slice(0, index + 1).join('/')}`, 0o755)
}

function compare(name: string, mountsOver: (directory: string) => Mounts, lowerFirst: boolean): void {
  test(`${name} agrees with a real directory on ${RUNS} random programs`, { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(setup, program, async (before, steps) => {
        using real = temporaryDirectory()
        using below = temporaryDirectory()
        const native = nativeSyscalls(real.path)
        if (lowerFirst) prepare(nativeSyscalls(below.path), before)
        await using fixture = startLocal(mountsOver(below.path))
        const { sync } = fixture
        prepare(native, before)
        if (!lowerFirst) prepare(sync, before)
        const nativeSlots: (number | undefined)[] = []
        const ourSlots: (number | undefined)[] = []
        const done: string[] = before.map((made) => made.text)
        for (const { text: title, run } of steps) {
          const expected = outcome(() => run(native, nativeSlots))
          const actual = outcome(() => run(sync, ourSlots))
          done.push(`${title} => ${show(expected)}, here ${show(actual)}`)
          assert.deepEqual(actual, expected, done.join('\n'))
        }
        for (const fd of nativeSlots) if (fd !== undefined) native.close(fd)
        assert.deepEqual(tree(sync, BASE), tree(native, BASE), done.join('\n'))
      }),
      { numRuns: RUNS, seed: SEED },
    )
  })
}

function prepare(sync: Syscalls, steps: readonly Step[]): void {
  makeBase(sync)
  for (const { run } of steps) outcome(() => run(sync, []))
}

describe('differential', () => {
  compare('memory', () => ({ '/': memory() }), false)
  compare(
    'an overlay of memory over a directory of the host',
    (directory) => ({ '/': overlay({ lower: hostDir(directory), upper: memory() }) }),
    true,
  )
  compare('a writable directory of the host', (directory) => ({ '/': hostDir(directory, { mode: 'rw' }) }), false)
})

/** Snapshots of what random changes have made. */
import assert from 'node:assert/strict'
import { constants, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { memory, readSnapshot } from '@libvisor/fs'
import type { FileChanges, Syscalls } from '@libvisor/fs'
import { test } from 'vitest'
import { append, put } from './calls.ts'
import { applied, archive, makeLower, over, start, view } from './snapshot-fixture.ts'

const isRoot = process.platform === 'linux' && process.getuid?.() === 0

test.skipIf(!isRoot)('random changes, packed and applied by hand, are what the guest saw', async () => {
  const random = generator(7)
  for (let round = 0; round < 30; round++) {
    using lower = makeLower()
    // An overlay shows a lower inode with all of its names, also those that it hides.
    unlinkSync(join(lower.path, 'moved/same'))
    using guest = start(over(lower))
    for (let step = 0; step < 40; step++) changeAtRandom(guest.sync, random)
    const layer = await archive(guest.files.snapshot())
    const seen = view(guest.sync)
    assert.deepEqual(applied(layer, lower.path), seen, `round ${round}`)
    using other = start(over(lower))
    other.files.restore(await readSnapshot({ '/': layer }))
    assert.deepEqual(view(other.sync), seen, `round ${round}`)
  }
})

test('diff() of random changes is what looking at all files tells, and putting back undoes them', () => {
  const random = generator(11)
  for (let round = 0; round < 60; round++) {
    using lower = makeLower()
    using guest = start(round % 2 === 0 ? over(lower) : { '/': memory({ '/kept/file': 'k', '/a/b/file': 'b' }) })
    const { files, sync } = guest
    const first = view(sync)
    for (let step = 0; step < 25; step++) changeAtRandom(sync, random)
    const kept = files.snapshot()
    const before = view(sync)
    if (round % 2 === 0) assert.deepEqual(files.diff(), compareViews(first, before), `round ${round}`)
    for (let step = 0; step < 25; step++) changeAtRandom(sync, random)
    assert.deepEqual(files.diff(kept), compareViews(before, view(sync)), `round ${round}`)
    files.restore(kept)
    assert.deepEqual(view(sync), before, `round ${round}`)
    assert.deepEqual(files.diff(kept), { added: [], changed: [], deleted: [] })
  }
})

/** What differs between two views, as `diff()` tells it. */
function compareViews(before: Map<string, unknown>, after: Map<string, unknown>): FileChanges {
  const relevant = (what: unknown): unknown => {
    const { mode, uid, gid, mtimeNs, content, target } = what as Record<string, unknown>
    const isDirectory = ((mode as number) & constants.S_IFMT) === constants.S_IFDIR
    return isDirectory ? { mode, uid, gid } : { mode, uid, gid, mtimeNs, content, target }
  }
  const isGone = (path: string): boolean => before.has(path) && !after.has(path)
  const isDirectory = (path: string): boolean =>
    ((after.get(path) as { mode: number } | undefined)?.mode ?? 0) >> 12 === constants.S_IFDIR >> 12
  const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'))
  return {
    added: [...after.keys()].filter((path) => !before.has(path)),
    changed: [...after.keys()].filter(
      (path) => before.has(path) && !isDeepStrictEqual(relevant(before.get(path)), relevant(after.get(path))),
    ),
    // What was in a directory that is gone, or is none any more, is not told.
    deleted: [...before.keys()].filter(
      (path) => isGone(path) && (parentOf(path) === '' || isDirectory(parentOf(path))),
    ),
  }
}

/** Numbers below a bound, always the same. @source xorshift32 */
function generator(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % bound
  }
}

/** One change; most names exist, and what fails changes nothing. */
function changeAtRandom(sync: Syscalls, random: (bound: number) => number): void {
  const directories = ['', '/gone', '/moved', '/moved/deep', '/opaque', '/kept', '/a', '/a/b']
  const leaves = ['file', 'second', 'old', 'link', 'same', 'a', 'b', 'deep', 'kept', 'n\udce9']
  const pick = (list: readonly string[]): string => list[random(list.length)] ?? ''
  const path = (): string => `${pick(directories)}/${pick(leaves)}`
  const directory = (): string => pick(directories) || '/a'
  const steps: readonly (() => void)[] = [
    () => put(sync, path(), `${random(1000)}`),
    () => append(sync, path(), '+'),
    () => sync.mkdir(random(2) === 0 ? path() : directory(), 0o755),
    () => sync.unlink(path()),
    () => sync.rmdir(directory()),
    () => removeTree(sync, random(4) === 0 ? directory() : path()),
    () => sync.rename(path(), path()),
    () => sync.rename(directory(), path()),
    () => sync.link(path(), path()),
    () => sync.symlink(pick(leaves), path()),
    () => sync.chmod(path(), 0o600 + random(0o100)),
  ]
  try {
    steps[random(steps.length)]?.()
  } catch {
    // As likely as not.
  }
}

function removeTree(sync: Syscalls, path: string): void {
  if ((sync.lstat(path).mode & constants.S_IFMT) !== constants.S_IFDIR) return sync.unlink(path)
  for (const { name } of sync.readdir(path)) removeTree(sync, `${path}/${name}`)
  sync.rmdir(path)
}

/** Rule 28 for those who are not root: what the kernel lets a user do, a guest of that user may do, and nothing else. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { createFileSystem, createHostFs, hostDir, memory, overlay, synthetic } from '@libvisor/fs'
import type { MountSpec } from '@libvisor/fs'
import { temporaryDirectory } from '@libvisor/testkit'
import { describe, test } from 'vitest'
import { bindGuest, identityAt, wallClock } from '../shim/guests.ts'
import type { Guest } from '../shim/guests.ts'
import { countingEntropy, makeStdio } from '../state/fixture.ts'
import { prepareCases, tryCases, user } from './fixtures/permission-cases.ts'

/**
 * What is mounted in a guest; the directory holds what was prepared where `given` says so. What `refuses` does not rename directories
 * of the lower layer.
 */
const places: Readonly<
  Record<
    string,
    { readonly given: boolean; readonly refuses?: boolean; mount(directory: string, upper: string): MountSpec }
  >
> = {
  memory: { given: false, mount: () => memory() },
  'an overlay with its upper layer in memory': {
    given: true,
    mount: (lower) => overlay({ lower: hostDir(lower), upper: memory() }),
  },
  'an overlay with its upper layer in a directory of the host': {
    given: true,
    refuses: true,
    mount: (lower, upper) => overlay({ lower: hostDir(lower), upper: hostDir(upper, { mode: 'rw' }) }),
  },
  'a directory of the host': { given: true, mount: (directory) => hostDir(directory, { mode: 'rw' }) },
}

const missing = process.getuid?.() === 0 ? undefined : 'only root can become somebody else'
const why = missing === undefined ? '' : ` (skipped: ${missing})`

/** What the kernel lets the user do. */
function tryNatively(): Record<string, string> {
  using directory = temporaryDirectory()
  fs.chmodSync(directory.path, 0o755)
  prepareCases(fs, directory.path)
  const child = new URL('fixtures/permission-child.ts', import.meta.url)
  const args = ['--no-warnings', child.pathname, directory.path]
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 2 ** 26 })) as Record<
    string,
    string
  >
}

/** A guest of root's with the cases at a path, which becomes the user's. */
function openGuest(spec: MountSpec): Guest & { become(who: typeof user): void } {
  const identity = { ...identityAt('/'), umask: 0o022 }
  const guest = bindGuest(identity, (ns) => {
    const later = (task: () => void): void => ns.scheduler.schedule('io', task)
    const mounts = { '/': memory(), '/dev': synthetic.dev(), '/cases': spec }
    const files = createFileSystem({
      mounts,
      clock: wallClock,
      entropy: countingEntropy(),
      host: createHostFs(),
      later,
    })
    return files.process(identity, makeStdio())
  })
  return { ...guest, become: (who) => void Object.assign(identity, who) }
}

describe(
  `rule 28: a user may do what the kernel lets him do, and nothing else${why}`,
  { skip: missing !== undefined },
  () => {
    let expected: Record<string, string> | undefined
    for (const [place, { given, refuses = false, mount }] of Object.entries(places)) {
      test(place, { timeout: 60_000 }, () => {
        expected ??= tryNatively()
        using directory = temporaryDirectory()
        using upper = temporaryDirectory()
        fs.chmodSync(directory.path, 0o755)
        fs.chmodSync(upper.path, 0o755)
        if (given) prepareCases(fs, directory.path)
        using guest = openGuest(mount(directory.path, upper.path))
        if (!given) prepareCases(guest.fs, '/cases')
        guest.become(user)
        const found = tryCases(guest.fs, '/cases')
        const isRefused = (result = ''): boolean => refuses && result.startsWith('EXDEV rename')
        const different = Object.entries(expected).filter(
          ([title, result]) => found[title] !== result && !isRefused(found[title]),
        )
        assert.deepEqual(
          different.map(([title, result]) => `${title}: ${result} natively, here ${found[title]}`),
          [],
        )
        assert.equal(Object.keys(found).length, Object.keys(expected).length)
      })
    }
  },
)

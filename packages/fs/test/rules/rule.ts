/**
 * The rules of docs/rules.md: each has bodies by its number, which assert what must hold and are run on a real directory and in guests.
 */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { createFileSystem, createHostFs, hostDir, memory, overlay } from '@libvisor/fs'
import type { FileSystem, MountSpec } from '@libvisor/fs'
import { temporaryDirectory } from '@libvisor/testkit'
import { describe, test } from 'vitest'
import { kernelOverlayMissing, mountOverlay } from '../differential/kernel-overlay.ts'
import { bindGuest, identityAt, wallClock } from '../shim/guests.ts'
import { countingEntropy, makeStdio } from '../state/fixture.ts'

/** What a body works with. */
export interface Scene {
  readonly fs: typeof fs
  readonly promises: typeof fs.promises
  /** A directory, which holds what was given. */
  readonly dir: string
  /** The lower layer on the host, where there is one. It holds what was given. */
  readonly lower?: string
  /** The upper layer on the host, where it is there. */
  readonly upper?: string
  /** Whether it is the kernel's and Node's own. */
  readonly native: boolean
  /** Whether new files are in memory. */
  readonly isVirtual: boolean
  /** The guest's files, and another guest with the same mounts. */
  readonly files?: FileSystem
  readonly again?: () => Scene & Disposable
  chdir(path: string): void
}

/** Makes the files with which a body starts. */
type Given = (exports: typeof fs, directory: string) => void

const nothing: Given = () => {}

/** Where bodies are run. */
const places = {
  native: 'a real directory',
  kernel: 'an overlay of the kernel’s',
  memory: 'memory',
  overlay: 'an overlay with its upper layer in memory',
  'overlay on host': 'an overlay with its upper layer in a directory of the host',
  host: 'a directory of the host',
} as const

export type PlaceName = keyof typeof places

/** Where all rules hold. */
export const everyPlace = Object.keys(places) as readonly PlaceName[]
/** Where the rules of overlays are about more than any directory. */
export const layered: readonly PlaceName[] = ['kernel', 'overlay', 'overlay on host']
/** One driver of each kind. */
const plain: readonly PlaceName[] = ['native', 'memory', 'overlay', 'host']

const kernelMissing = kernelOverlayMissing()

function openGuest(spec: MountSpec, dir: string, more: Partial<Scene>): Scene & Disposable {
  const identity = identityAt(dir)
  let files: FileSystem | undefined
  const guest = bindGuest(identity, (ns) => {
    const later = (task: () => void): void => ns.scheduler.schedule('io', task)
    const mounts = { '/': memory(), '/dev/shm': memory(), [dir]: spec }
    files = createFileSystem({ mounts, clock: wallClock, entropy: countingEntropy(), host: createHostFs(), later })
    return files.process(identity, makeStdio())
  })
  const isVirtual = spec.kind === 'memory' || (spec.kind === 'overlay' && spec.upper.kind === 'memory')
  return { ...guest, ...more, dir, native: false, isVirtual, files: files!, again: () => openGuest(spec, dir, more) }
}

function openPlace(name: PlaceName, given: Given, root: string): Scene & Disposable {
  const dir = `${root}/merged`
  const [lower, upper] = [`${root}/lower`, `${root}/upper`]
  for (const path of [dir, lower, upper]) fs.mkdirSync(path)
  const cwd = process.cwd()
  const native = {
    fs,
    promises: fs.promises,
    dir,
    native: true,
    isVirtual: false,
    chdir: (path: string) => process.chdir(path),
  }
  const chdirBack = (): void => process.chdir(cwd)
  switch (name) {
    case 'native':
      given(fs, dir)
      return { ...native, [Symbol.dispose]: chdirBack }
    case 'kernel': {
      given(fs, lower)
      const mounted = mountOverlay(root, dir, 'on')
      const dispose = (): void => {
        chdirBack()
        mounted[Symbol.dispose]()
      }
      return { ...native, lower, upper, [Symbol.dispose]: dispose }
    }
    case 'memory': {
      const scene = openGuest(memory(), dir, {})
      given(scene.fs, dir)
      return scene
    }
    case 'host':
      given(fs, lower)
      return openGuest(hostDir(lower, { mode: 'rw' }), dir, {})
    case 'overlay':
      given(fs, lower)
      return openGuest(overlay({ lower: hostDir(lower), upper: memory() }), dir, { lower })
    case 'overlay on host':
      given(fs, lower)
      return openGuest(overlay({ lower: hostDir(lower), upper: hostDir(upper, { mode: 'rw' }) }), dir, { lower, upper })
  }
}

/** All that can be told of a directory of the host from outside, but for when it was read. */
export function picture(directory: string): unknown {
  return fs
    .readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .toSorted()
    .map((name) => {
      const { mode, size, mtimeNs, ctimeNs, ino, nlink, uid, gid } = fs.lstatSync(`${directory}/${name}`, {
        bigint: true,
      })
      return { name, mode, size, mtimeNs, ctimeNs, ino, nlink, uid, gid }
    })
}

/** How a rule is tested. */
export interface RuleOptions {
  /** @defaultValue a real directory, memory, an overlay and a directory of the host */
  readonly where?: readonly PlaceName[]
  /** @defaultValue nothing */
  readonly given?: Given
}

/**
 * Runs one body in all places where a rule holds. The lower layer of an overlay must not change by it (rule 1).
 *
 * @param number - of the rule
 * @param title - a sentence about what holds
 * @param body - asserts it
 */
export function rule(
  number: number,
  title: string,
  body: (scene: Scene) => unknown,
  { where = plain, given = nothing }: RuleOptions = {},
): void {
  describe(`rule ${number}: ${title}`, () => {
    for (const name of where) {
      const missing = name === 'kernel' ? kernelMissing : undefined
      const place = missing === undefined ? places[name] : `${places[name]} (skipped: ${missing})`
      test.skipIf(missing !== undefined)(place, async () => {
        using root = temporaryDirectory()
        using scene = openPlace(name, given, root.path)
        const before = scene.lower === undefined ? undefined : picture(scene.lower)
        await body(scene)
        if (scene.lower !== undefined) assert.deepEqual(picture(scene.lower), before)
      })
    }
  })
}

/** Asserts that a call fails with a code. */
export function fails(code: string, call: () => unknown): void {
  assert.throws(call, (error) => {
    assert.equal((error as NodeJS.ErrnoException).code, code, (error as Error).message)
    return true
  })
}

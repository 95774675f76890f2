/** Runs random programs on a real directory and on a guest's, and compares all that can be seen. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { hostDir, memory, overlay, synthetic } from '@libvisor/fs'
import type { MountSpec } from '@libvisor/fs'
import { temporaryDirectory } from '@libvisor/testkit'
import * as fc from 'fast-check'
import { startGuest } from '../shim/guests.ts'
import { pathsBelow } from './paths.ts'
import { allSteps, COPIES, makingSteps, SLOTS } from './steps.ts'
import type { Step } from './steps.ts'
import { outcomeOf, show, treeOf } from './subject.ts'
import type { Shape, Subject } from './subject.ts'

/** How many operations are compared on each driver, if that was asked for. */
const wanted = process.env['LIBVISOR_DIFFERENTIAL_OPERATIONS']
export const OPERATIONS = Number(wanted ?? 3000)
/** The same with the kernel's overlayfs, which has to be mounted for each program. */
export const KERNEL_OPERATIONS = Number(wanted ?? 600)
export const SEED = Number(process.env['LIBVISOR_DIFFERENTIAL_SEED'] ?? 20_260_101)

/** So deep that no `..` of a program gets above the mount. */
const DEPTH = 10

const MAX_STEPS = 100
const MAX_MADE = 20

/** What is compared with the real directory. */
export interface DriverUnderTest {
  /** What is mounted. @param place - an empty directory of the host's, for this program only */
  mount(place: string): MountSpec
  /** Where in its place the files are that are there from the start; none when the guest makes them itself. */
  readonly lower?: string
  /** Whether there are names of the greatest length from the start. @defaultValue true */
  readonly longNames?: boolean
  readonly shape?: Partial<Shape>
  /** Whether a difference is one that the README lists. Then the real directory is left as it is, too. */
  refuses?(step: Step, outcome: unknown): boolean
  /** Whether what the real side says is a fault of its own. What is open then differs, and is closed on both sides. */
  excuses?(outcome: unknown): boolean
}

const everything: Shape = { directoryLinks: true, lostLinks: true, accessTimes: true, directoryAccessTimes: true }

/** Reading a directory of the lower layer moves its time there, also when nobody asked for its entries. */
const overlaid: Partial<Shape> = { directoryAccessTimes: false }

/** The drivers that must be as a real directory. */
export const drivers = {
  memory: { mount: () => memory() },
  'a directory of the host': { mount: (place) => hostDir(place, { mode: 'rw' }) },
  'an overlay with its upper layer in memory': {
    mount: (place) => overlay({ lower: hostDir(`${place}/lower`), upper: memory() }),
    lower: 'lower',
    shape: overlaid,
  },
  'an overlay with its upper layer in a directory of the host': {
    mount: (place) => overlay({ lower: hostDir(`${place}/lower`), upper: hostDir(`${place}/upper`, { mode: 'rw' }) }),
    lower: 'lower',
    shape: overlaid,
    // Whiteouts are longer than the names they stand for.
    longNames: false,
    // As in the kernel, directories of the lower layer are not renamed.
    refuses: (_, outcome) => /EXDEV.*rename/.test(show(outcome)),
  },
} as const satisfies Record<string, DriverUnderTest>

/** Where a program's real directory comes from. */
export interface RealDirectory extends Disposable {
  /** Makes it anew, holding what `fill` makes. @param fill - makes files in the directory at the same path */
  start(fill: () => Promise<void>): Promise<void>
  end(): void
}

/** Random programs, and what runs them on both sides. */
export interface Comparison extends Disposable {
  /** What is made before the guest starts. */
  readonly before: fc.Arbitrary<Step[]>
  readonly steps: fc.Arbitrary<Step[]>
  /** How many operations have agreed. */
  readonly compared: number
  /** Runs one program on both sides. @throws Error with the whole program where they disagree */
  run(before: readonly Step[], steps: readonly Step[]): Promise<void>
}

/** Prepares the comparison of a driver with a real directory. */
export function createComparison(
  driver: DriverUnderTest,
  overReal?: (directory: string, root: string) => RealDirectory,
): Comparison {
  const scratch = temporaryDirectory()
  const root = fs.realpathSync(scratch.path)
  const directory = `${root}/real`
  const base = `${directory}${Array.from({ length: DEPTH }, (_, index) => `/${index}`).join('')}`
  const paths = pathsBelow(base)
  const shape = { ...everything, ...driver.shape }
  const cwd = process.cwd()
  const real = overReal?.(directory, root)
  let compared = 0
  let programs = 0

  const fill = async (before: readonly Step[]): Promise<void> => {
    makeBase(fs, base)
    process.chdir(base)
    const subject: Subject = { fs, promises: fs.promises, open: [] }
    for (const { run } of before) await outcomeOf(() => run(subject), shape)
    process.chdir(cwd)
  }

  /** Makes the place of one program, and the real directory. */
  const prepare = async (before: readonly Step[]): Promise<string> => {
    const place = `${root}/${programs++}`
    fs.mkdirSync(`${place}/upper`, { recursive: true })
    if (driver.lower !== undefined) {
      await fill(before)
      fs.renameSync(directory, `${place}/${driver.lower}`)
    }
    if (real === undefined) await fill(before)
    else await real.start(() => fill(before))
    return place
  }

  const runSteps = async (guest: Subject, native: Subject, steps: readonly Step[], log: string[]): Promise<void> => {
    for (const step of steps) {
      const actual = await outcomeOf(() => step.run(guest), shape)
      if (driver.refuses?.(step, actual) === true) continue
      const expected = await outcomeOf(() => step.run(native), shape)
      log.push(`${step.text} => ${show(expected)}`)
      if (driver.excuses?.(expected) === true) {
        await closeAll(native)
        await closeAll(guest)
        continue
      }
      assert.deepEqual(actual, expected)
      compared++
    }
    log.push('what is left')
    assert.deepEqual(await stateOf(guest, base, shape), await stateOf(native, base, shape))
  }

  const run = async (before: readonly Step[], steps: readonly Step[]): Promise<void> => {
    const log: string[] = before.map(({ text }) => `before: ${text}`)
    const native: Subject = { fs, promises: fs.promises, open: [] }
    const place = await prepare(before)
    using world = startGuest({ '/': memory(), '/dev': synthetic.dev(), [directory]: driver.mount(place) }, base)
    const guest: Subject = { ...world, open: [] }
    try {
      if (driver.lower === undefined) {
        makeBase(guest.fs, base)
        for (const step of before) await outcomeOf(() => step.run(guest), shape)
      }
      process.chdir(base)
      await runSteps(guest, native, steps, log)
    } catch (error) {
      throw new Error(`${log.join('\n')}\n${(error as Error).message}`, { cause: error })
    } finally {
      process.chdir(cwd)
      await closeAll(native)
      await closeAll(guest)
      real?.end()
      fs.rmSync(directory, { recursive: true, force: true })
      fs.rmSync(place, { recursive: true })
    }
  }

  return {
    before: fc.array(fc.oneof(...makingSteps(pathsBelow(base, driver.longNames))), {
      maxLength: MAX_MADE,
      size: 'max',
    }),
    steps: fc.array(fc.oneof(...allSteps(paths)), { minLength: 1, maxLength: MAX_STEPS, size: 'max' }),
    get compared() {
      return compared
    },
    run,
    [Symbol.dispose]() {
      real?.[Symbol.dispose]()
      scratch[Symbol.dispose]()
    },
  }
}

/** Makes the directory of programs. It is never empty, for a working directory that is removed is no place to compare. */
function makeBase({ mkdirSync }: Pick<typeof fs, 'mkdirSync'>, base: string): void {
  mkdirSync(`${base}/${COPIES}`, { recursive: true })
}

/** Compares programs until enough operations have agreed. @returns how many did */
export async function compare(comparison: Comparison, operations: number): Promise<number> {
  const property = fc.asyncProperty(comparison.before, comparison.steps, async (before, steps) => {
    if (comparison.compared < operations) await comparison.run(before, steps)
  })
  await fc.assert(property, { numRuns: Math.ceil(operations / 10), seed: SEED })
  return comparison.compared
}

/** Everything that a program leaves: its tree, and what its open files hold. */
async function stateOf(subject: Subject, base: string, shape: Shape): Promise<unknown> {
  const open: unknown[] = []
  for (let index = 0; index < SLOTS; index++) {
    const opened = subject.open[index]
    if (opened === undefined) continue
    const fd = typeof opened === 'number' ? opened : opened.fd
    open.push(await outcomeOf(() => subject.fs.fstatSync(fd, { bigint: true }), shape))
    open.push(await outcomeOf(() => subject.fs.readFileSync(fd, 'latin1').slice(0, 100), shape))
  }
  return { tree: await outcomeOf(() => treeOf(subject, base, shape), shape), open }
}

async function closeAll(subject: Subject): Promise<void> {
  for (const opened of subject.open.splice(0)) {
    if (typeof opened === 'number') subject.fs.closeSync(opened)
    else await opened?.close()
  }
}

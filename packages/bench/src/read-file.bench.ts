import { temporaryDirectory } from '@libvisor/testkit'
import { preloaded, printedNumber, program, visorRun } from './commands.native.ts'
import { measurePairs } from './comparison.ts'
import type { Comparison, Target } from './comparison.ts'

const sizeBytes = 1024
const windowMs = '150'

/** readFileSync() where the guest's root is the host's. */
export function readIdentityMapped(runs: number): Promise<Comparison> {
  const target: Target = { bound: 'at most', ratio: 1.1 }
  return compare('readFileSync, identity-mapped root', runs, target, (file, args) =>
    visorRun('-v', '/:/', program('read-file.mjs'), file, ...args),
  )
}

/** readFileSync() where a directory of the host is bound to another place. */
export function readConfinedBind(runs: number): Promise<Comparison> {
  const target: Target = { bound: 'at most', ratio: 1.25 }
  return compare('readFileSync, confined bind', runs, target, (file, args, directory) =>
    visorRun('-v', `${directory}:/data:ro`, program('read-file.mjs'), file.replace(directory, '/data'), ...args),
  )
}

/** readFileSync() with the default profile: the host's files below a layer in memory. */
export function readDefaultProfile(runs: number): Promise<Comparison> {
  return compare('readFileSync, default profile', runs, undefined, (file, args) =>
    preloaded(program('read-file.mjs'), file, ...args),
  )
}

async function compare(
  name: string,
  runs: number,
  target: Target | undefined,
  guest: (file: string, args: readonly string[], directory: string) => readonly string[],
): Promise<Comparison> {
  using directory = temporaryDirectory({ 'file.bin': new Uint8Array(sizeBytes) })
  const file = directory.resolve('file.bin')
  const args = [windowMs, String(sizeBytes)]
  const measured = await measurePairs(
    runs,
    () => printedNumber([program('read-file.mjs'), file, ...args]),
    () => printedNumber(guest(file, args, directory.path)),
  )
  return { name, unit: 'ns', ...measured, ...(target && { target }) }
}

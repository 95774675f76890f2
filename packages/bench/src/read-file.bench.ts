import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { temporaryDirectory } from '@libvisor/testkit'
import { preloaded, program, visorRun } from './commands.native.ts'
import { measureTogether } from './comparison.ts'
import type { Comparison, Running, Target } from './comparison.ts'

const sizeBytes = 1024
const windowMs = 40

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
  const size = String(sizeBytes)
  const measured = await measureTogether(
    runs,
    () => startReader([program('read-file.mjs'), file, size]),
    () => startReader(guest(file, [size], directory.path)),
  )
  return { name, unit: 'ns', ...measured, ...(target && { target }) }
}

/** Starts a program that answers each line with a figure. */
async function startReader(args: readonly string[]): Promise<Running> {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const lines = createInterface(child.stdout)
  const figure = async (): Promise<number> => {
    const [line] = (await Promise.race([
      once(lines, 'line'),
      exited.then(([code]) => Promise.reject(new Error(`node ${args.join(' ')} ended with ${code}`))),
    ])) as [string]
    return Number(line)
  }
  return {
    measure() {
      child.stdin.write(`${windowMs}\n`)
      return figure()
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end()
      await exited
    },
  }
}

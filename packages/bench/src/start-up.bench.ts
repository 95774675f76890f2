import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { preloaded, program } from './commands.native.ts'
import { measurePairs } from './comparison.ts'
import type { Comparison } from './comparison.ts'
import { proportionalSet } from './density/proportional-set.ts'

/** How long an empty program takes, from its start to its end. */
export async function startUp(runs: number): Promise<Comparison> {
  const empty = program('empty.mjs')
  const measured = await measurePairs(
    runs,
    () => wallTime([empty]),
    () => wallTime(preloaded(empty)),
  )
  return { name: 'start-up of an empty program', unit: 'ms', ...measured, target: { bound: 'at most', ratio: 1.5 } }
}

/** What an idle program holds in memory: its own pages and its share of the others. */
export async function memory(runs: number): Promise<Comparison> {
  const idle = program('idle.mjs')
  const measured = await measurePairs(
    runs,
    () => idleMemory([idle]),
    () => idleMemory(preloaded(idle)),
  )
  return { name: 'memory of an idle program', unit: 'MB', ...measured }
}

function wallTime(args: readonly string[]): number {
  const start = performance.now()
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  const time = performance.now() - start
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}:\n${stderr}`)
  return time
}

async function idleMemory(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  const megabytes = proportionalSet(child.pid!)
  child.stdin.end()
  await once(child, 'exit')
  return megabytes
}

import fs from 'node:fs'

/**
 * What a process holds in memory: its own pages, and its share of those it has in common with others.
 *
 * @returns the proportional set, as the kernel counts it @units MB
 */
export const proportionalSet = (pid: number): number => partOf(pid, 'Pss')

/**
 * The part of the proportional set that no file is behind. The other part, Node's own code above all, changes whenever a process of the
 * same program starts or ends.
 *
 * @units MB
 */
export const anonymousSet = (pid: number): number => partOf(pid, 'Pss_Anon')

function partOf(pid: number, part: string): number {
  const line = new RegExp(`^${part}:\\s+(\\d+) kB$`, 'm')
  const [, kilobytes] = line.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? []
  if (kilobytes === undefined) throw new Error(`the kernel does not tell the proportional set of process ${pid}`)
  return Number(kilobytes) / 1024
}

/**
 * V8 gives back the pages that a busy time has left it with when a program has had little to do for so long since the last collection.
 *
 * @source observed with `--trace-memory-reducer` on Node 24.21: `kWatchdogDelayMs`, and a collection after that
 */
const restSeconds = 110
/** What counts as a change. */
const change = 0.01

/**
 * The anonymous part of the proportional set of a process that has been left to itself for so long that V8 has given back what it took while the
 * process was busy.
 *
 * @returns megabytes
 */
export async function anonymousSetAtRest(pid: number): Promise<number> {
  let known = anonymousSet(pid)
  for (let unchanged = 0; unchanged < restSeconds; unchanged++) {
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const now = anonymousSet(pid)
    if (Math.abs(now - known) <= known * change) continue
    known = now
    unchanged = -1
  }
  return known
}

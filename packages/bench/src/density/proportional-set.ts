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

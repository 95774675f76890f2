import fs from 'node:fs'

/**
 * What a process holds in memory: its own pages, and its share of those it has in common with others.
 *
 * @returns the proportional set, as the kernel counts it @units MB
 */
export function proportionalSet(pid: number): number {
  const [, kilobytes] = /^Pss:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')) ?? []
  if (kilobytes === undefined) throw new Error(`the kernel does not tell the proportional set of process ${pid}`)
  return Number(kilobytes) / 1024
}

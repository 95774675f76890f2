import { libvisorBuild } from './libvisor-build.native.ts'
import { checkMixedCrowd } from './density/mixed-crowd.ts'
import type { Report } from './report.ts'

const express = 200
const fastify = 50

/** Whether hundreds of guests live side by side in one process, and do not notice that one crashes and one exits. */
export async function mixedCrowd(): Promise<Report> {
  const start = performance.now()
  await checkMixedCrowd(await libvisorBuild(), { express, fastify, isolation: 'context' })
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  const guests = `${express} guests of an express app and ${fastify} of a fastify app`
  return { text: `✓ ${guests}: all answer, none knows of another; one crashed, one exited (${seconds} s)`, isMet: true }
}

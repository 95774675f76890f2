import type { Crowd, CrowdMember, CrowdOptions } from './crowd.ts'
import { createHostedCrowd } from './hosted-crowd.ts'
import { createProcessCrowd } from './process-crowd.ts'

/** Makes a crowd without members. */
export async function createCrowd(options: CrowdOptions): Promise<Crowd> {
  return options.kind === 'process' ? createProcessCrowd(options.program) : createHostedCrowd(options)
}

/** Adds members, one after the other. */
export async function addMembers(crowd: Crowd, count: number): Promise<readonly CrowdMember[]> {
  const members: CrowdMember[] = []
  for (let index = 0; index < count; index++) members.push(await crowd.add())
  return members
}

/** How long a crowd is left to itself before it is weighed: what runs at the side of a start has ended then. */
const settleMs = 1000

/** The memory of a crowd that has nothing to do. @units MB */
export async function memoryAtRest(crowd: Crowd): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, settleMs))
  return crowd.memory()
}

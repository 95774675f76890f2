import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { builtHost } from '../commands.native.ts'
import type { Crowd, CrowdMember, CrowdOptions } from './crowd.ts'
import { proportionalSet } from './proportional-set.ts'

/** What the process of a crowd is told to do. */
export type CrowdRequest = 'add'

/** What it answers. */
export type CrowdAnswer = { readonly member: CrowdMember } | { readonly failure: string }

/** Makes a crowd that lives in one process. */
export async function createHostedCrowd(options: CrowdOptions): Promise<Crowd> {
  const { kind, program, watt } = options
  const child = fork(builtHost('density/crowd-host'), [kind, program, ...(watt ? [watt] : [])], {
    // Of guests that are asked for nothing but answers, only what goes wrong is of interest.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { PATH: process.env['PATH'], NODE_ENV: 'production' },
  })
  const ended = once(child, 'exit')
  await answerOf(child, ended)
  return {
    async add() {
      const request: CrowdRequest = 'add'
      child.send(request)
      const answer = await answerOf(child, ended)
      if ('failure' in answer) throw new Error(`a guest of kind '${kind}' has failed:\n${answer.failure}`)
      return answer.member
    },
    memory: () => proportionalSet(child.pid!),
    async [Symbol.asyncDispose]() {
      child.disconnect()
      await ended
    },
  }
}

async function answerOf(child: ChildProcess, ended: Promise<unknown[]>): Promise<CrowdAnswer> {
  const end = ended.then(([code, signal]) =>
    Promise.reject(new Error(`the host of a crowd ended with ${signal ?? code}`)),
  )
  const [answer] = (await Promise.race([once(child, 'message'), end])) as [CrowdAnswer]
  return answer
}

import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { temporaryDirectory } from '@libvisor/testkit'
import type { Crowd, CrowdMember } from './crowd.ts'
import { firstAnswer } from './first-answer.ts'
import { proportionalSet } from './proportional-set.ts'

/** Makes a crowd of real processes of Node, each with a port and a data directory of its own. */
export function createProcessCrowd(program: string): Crowd {
  const data = temporaryDirectory()
  const children: ChildProcess[] = []
  return {
    async add(): Promise<CrowdMember> {
      const start = performance.now()
      const DATA_FILE = data.resolve(`${children.length}.json`)
      const child = spawn(process.execPath, [program], {
        env: { PATH: process.env['PATH'], NODE_ENV: 'production', PORT: '0', DATA_FILE },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      children.push(child)
      const port = await listeningPort(child)
      await firstAnswer(port)
      return { port, startMs: performance.now() - start }
    },
    memory: () => children.reduce((sum, child) => sum + proportionalSet(child.pid!), 0),
    async [Symbol.asyncDispose]() {
      const ends = children.map((child) => once(child, 'exit'))
      for (const child of children) child.kill('SIGKILL')
      await Promise.all(ends)
      data[Symbol.dispose]()
    },
  }
}

/** The port of which a program says that it listens on it. */
export async function listeningPort(program: Pick<ChildProcess, 'stdout'>): Promise<number> {
  const [text] = (await once(program.stdout!, 'data')) as [Buffer]
  const [, port] = /^listening on (\d+)$/m.exec(String(text)) ?? []
  if (port === undefined) throw new Error(`a program that was to listen said:\n${String(text)}`)
  program.stdout!.resume()
  return Number(port)
}

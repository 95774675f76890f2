import { once } from 'node:events'
import process from 'node:process'
import { Worker } from 'node:worker_threads'
import { temporaryDirectory } from '@libvisor/testkit'
import type { StartGuest } from './crowd-host.ts'
import { firstAnswer } from './first-answer.ts'
import { listeningPort } from './process-crowd.ts'

/** Starts worker threads of Node, each with a port and a data file of its own. */
export function workerGuests(program: string): StartGuest {
  const data = temporaryDirectory()
  process.once('exit', () => data[Symbol.dispose]())
  return async (index) => {
    const worker = new Worker(program, {
      env: { NODE_ENV: 'production', PORT: '0', DATA_FILE: data.resolve(`${index}.json`) },
      stdout: true,
    })
    const port = await Promise.race([
      listeningPort(worker),
      once(worker, 'exit').then(([code]) => Promise.reject(new Error(`a worker ended with ${code}`))),
    ])
    await firstAnswer(port)
    return port
  }
}

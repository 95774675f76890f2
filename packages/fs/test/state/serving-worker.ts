/** Has file systems and serves them to the thread that started it. */
import { parentPort } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import type { Identity } from '@libvisor/core'
import { makeFileSystem, makeStdio } from './fixture.ts'
import type { Mounts } from './fixture.ts'

/** What to serve. */
export interface ServeMessage {
  readonly port: MessagePort
  readonly mounts: Mounts
  readonly identity: Identity
}

parentPort?.on('message', ({ port, mounts, identity }: ServeMessage) => {
  const fileSystem = makeFileSystem(mounts)
  port.once('close', () => fileSystem[Symbol.dispose]())
  parentPort?.postMessage(fileSystem.serve(port, { identity, stdio: makeStdio('input') }).memory)
})

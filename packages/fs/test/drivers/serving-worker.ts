/** Has a file system with one driver mounted, and serves it to the thread that started it. */
import { parentPort } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import type { Identity } from '@libvisor/core'
import { makeStdio } from '../state/fixture.ts'
import type { DriverName } from './drivers.ts'
import { makeDriverFileSystem } from './subjects.ts'

/** What to serve. */
export interface ServeDriver {
  readonly port: MessagePort
  readonly driver: DriverName
  readonly directory: string
  readonly identity: Identity
}

parentPort?.on('message', ({ port, driver, directory, identity }: ServeDriver) => {
  const fileSystem = makeDriverFileSystem(driver, directory)
  port.once('close', () => fileSystem[Symbol.dispose]())
  parentPort?.postMessage(fileSystem.serve(port, { identity, stdio: makeStdio() }).memory)
})

/** Has a file system with one driver mounted, and serves it to the thread that started it. */
import { parentPort } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import type { Identity } from '@libvisor/core'
import { createHostFs, portsIn, shareObjects } from '@libvisor/fs'
import { countingEntropy, makeStdio, tickingClock } from '../state/fixture.ts'
import { drivers } from './drivers.ts'
import type { DriverName } from './drivers.ts'
import { makeDriverFileSystem } from './subjects.ts'

/** What to serve. */
export interface ServeDriver {
  readonly port: MessagePort
  readonly driver: DriverName
  readonly directory: string
  readonly identity: Identity
}

/** An object to share: the other thread mounts it. */
export interface ShareDriver {
  readonly share: DriverName
  readonly directory: string
}

parentPort?.on('message', (message: ServeDriver | ShareDriver) => {
  if ('share' in message) share(message)
  else serve(message)
})

function share({ share: driver, directory }: ShareDriver): void {
  const mounts = shareObjects(
    { '/m': drivers[driver].mount(directory) },
    { clock: tickingClock(), entropy: countingEntropy(), host: createHostFs(), later: setImmediate },
  )
  parentPort?.postMessage(mounts, portsIn(mounts))
}

function serve({ port, driver, directory, identity }: ServeDriver): void {
  const fileSystem = makeDriverFileSystem(driver, directory)
  port.once('close', () => fileSystem[Symbol.dispose]())
  parentPort?.postMessage(fileSystem.serve(port, { identity, stdio: makeStdio() }).memory)
}

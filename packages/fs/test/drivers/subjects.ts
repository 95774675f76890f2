/** What the conformance suite runs against: the kernel, and every driver in this thread and in another one. */
import { once } from 'node:events'
import fs from 'node:fs'
import { MessageChannel, Worker } from 'node:worker_threads'
import { connectFileSystem, createFileSystem, createHostFs, memory } from '@libvisor/fs'
import type { FileSystem, FileSystemMemory, FileSystemProcess, Syscalls } from '@libvisor/fs'
import { temporaryDirectory } from '@libvisor/testkit'
import { countingEntropy, makeIdentity, makeStdio, tickingClock } from '../state/fixture.ts'
import { nativeSyscalls } from '../state/native-syscalls.ts'
import { drivers, volumesIn } from './drivers.ts'
import type { Ability, DriverCase, DriverName } from './drivers.ts'
import type { ServeDriver } from './serving-worker.ts'

/** Something that a case is run against. The driver is mounted at `/m`, next to `/other`. */
export interface Subject extends AsyncDisposable {
  readonly sync: Syscalls
  /** Who calls; `undefined` for the kernel, whose caller cannot be changed. */
  readonly identity: ReturnType<typeof makeIdentity> | undefined
  readonly process: FileSystemProcess | undefined
  /** Whether it can do something; what it cannot do fails. */
  can(ability: Ability): boolean
}

/** Where a driver is. */
export type Location = 'in another thread' | 'in this thread'

export function makeDriverFileSystem(driver: DriverName, directory: string): FileSystem {
  const { mount }: DriverCase = drivers[driver]
  return createFileSystem({
    mounts: { '/': memory(), '/m': mount(directory), '/other': memory() },
    clock: tickingClock(),
    entropy: countingEntropy(),
    host: createHostFs(),
    later: setImmediate,
    owner: { uid: 0, gid: 0 },
    volumes: volumesIn(directory),
  })
}

let server: Worker | undefined

export async function startDriver(driver: DriverName, location: Location): Promise<Subject> {
  const directory = temporaryDirectory()
  const identity = makeIdentity()
  const { lacks = {} }: DriverCase = drivers[driver]
  const can = (ability: Ability): boolean => lacks[ability] === undefined
  if (location === 'in this thread') {
    const files = makeDriverFileSystem(driver, directory.path)
    const process = files.process(identity, makeStdio())
    return {
      sync: process.sync,
      process,
      identity,
      can,
      [Symbol.asyncDispose]() {
        files[Symbol.dispose]()
        directory[Symbol.dispose]()
        return Promise.resolve()
      },
    }
  }
  server ??= new Worker(new URL('serving-worker.ts', import.meta.url), { execArgv: [] })
  const { port1, port2 } = new MessageChannel()
  server.ref()
  const served = once(server, 'message')
  const message: ServeDriver = { port: port1, driver, directory: directory.path, identity: { ...identity } }
  server.postMessage(message, [port1])
  const [shared] = (await served) as [FileSystemMemory]
  server.unref()
  const process = connectFileSystem({ port: port2, memory: shared, identity })
  return {
    sync: process.sync,
    process,
    identity,
    can,
    [Symbol.asyncDispose]() {
      process[Symbol.dispose]()
      directory[Symbol.dispose]()
      return Promise.resolve()
    },
  }
}

/** A real directory: what is expected is what the kernel does. */
export function startNative(): Subject {
  const directory = temporaryDirectory()
  fs.mkdirSync(directory.resolve('m'))
  return {
    sync: nativeSyscalls(directory.path),
    process: undefined,
    identity: undefined,
    // Binding a socket takes more than these system calls.
    can: (ability) => ability !== 'sockets',
    [Symbol.asyncDispose]() {
      directory[Symbol.dispose]()
      return Promise.resolve()
    },
  }
}
